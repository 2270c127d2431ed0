"""Phones that talk to each other, and a crowd that notes who has heard what.

Owns what was said and when it was heard. Never says anything by itself.
"""

from __future__ import annotations

import secrets
from collections import Counter
from itertools import pairwise
from time import monotonic

import msgspec

from bench.halls import Onlooker, Onlookers
from rehearsal.crowd import Crowd
from rehearsal.visit import Site
from voting import protocol
from voting.conversation import Said
from voting.protocol import Say, Unsaid, Wall

TALK, SAID, UNSAID = (b'{"type":"%s"' % kind for kind in (b"talk", b"said", b"unsaid"))

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[protocol.Message] = msgspec.json.Decoder(protocol.Message)


class Heard:
    """What one `talk` tells, and when a phone heard it last: all are told the same bytes."""

    __slots__ = ("at", "first", "is_in_order", "last", "texts")

    def __init__(self, wall: Wall) -> None:
        versions = [message.version for message in wall.messages]
        self.texts = [message.text for message in wall.messages]
        self.first, self.last = (versions[0], versions[-1]) if versions else (0, 0)
        self.is_in_order = all(one < next for one, next in pairwise(versions))
        self.at = 0.0


class Listeners(Onlookers):
    """A crowd that talks.

    said: for each message that is in the journal, the seconds until its phone knew. unsaid: by
    code. misheard: so often was a phone told something again, or out of order.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sent: dict[str, float] = {}
        self._began: dict[str, float] = {}
        self._heard: dict[bytes, Heard] = {}

    def clear(self) -> None:
        """Begin to collect anew; what has been said before is not asked after any more."""
        super().clear()
        self.said: list[float] = []
        self.unsaid: Counter[str] = Counter()
        self.misheard = 0
        self._sent, self._began, self._heard = {}, {}, {}

    def begin(self, text: str) -> Say:
        """Return a message that is about to be sent."""
        say = Say(secrets.token_hex(8), text)
        self._sent[text] = self._began[say.key] = monotonic()
        return say

    def answer(self, payload: bytes) -> None:
        """Take the answer to a message."""
        answer = _decoder.decode(payload)
        if isinstance(answer, Said):
            self.said.append(monotonic() - self._began[answer.key])
        elif isinstance(answer, Unsaid):
            self.unsaid[answer.code] += 1

    def listen(self, payload: bytes) -> Heard:
        """Return what a `talk` tells; for the same bytes again, as a tick brings them to all, the
        same."""
        heard = self._heard.get(payload)
        if heard is None:
            message = _decoder.decode(payload)
            heard = self._heard[payload] = Heard(message)  # type: ignore[arg-type]
        heard.at = monotonic()
        return heard

    def delays(self) -> list[float]:
        """Return for each message the seconds until the last phone heard it."""
        last: dict[str, float] = {}
        for heard in self._heard.values():
            for text in heard.texts:
                last[text] = max(heard.at, last.get(text, 0.0))
        return [at - self._sent[text] for text, at in last.items()]


class Listener(Onlooker):
    """A phone of such a crowd; `heard` is how many messages it was told."""

    __slots__ = ("_heard_to", "heard")

    def __init__(self, crowd: Crowd, site: Site) -> None:
        super().__init__(crowd, site)
        self.heard = self._heard_to = 0

    def say(self, text: str) -> None:
        """Send a message to everyone."""
        if self._line is not None and isinstance(self.crowd, Listeners):
            self._line.send(_encoder.encode(self.crowd.begin(text)))

    def hear(self, payload: bytes) -> None:
        """Take one message of the server."""
        crowd = self.crowd
        if not payload.startswith((TALK, SAID, UNSAID)) or not isinstance(crowd, Listeners):
            super().hear(payload)
            return
        crowd.frames += 1
        if not payload.startswith(TALK):
            crowd.answer(payload)
            return
        told = crowd.listen(payload)
        if told.texts:
            crowd.misheard += told.first <= self._heard_to or not told.is_in_order
            self._heard_to = told.last
            self.heard += len(told.texts)
