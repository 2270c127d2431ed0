"""The way of a ballot, or of a message, without a WebSocket: `POST /ballots`, `POST /messages`.

Owns the routes and what HTTP calls a refusal. What a ballot does is the engine's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, cast

from flask import Blueprint, Response, request, session
from flask.blueprints import BlueprintSetupState
from gevent.event import AsyncResult

from voting import identity, protocol
from voting.casters import Answered
from voting.config import Config
from voting.conversation import Said
from voting.live import MAX_UNANSWERED, Live
from voting.pace import Pace
from voting.polling import RETRIED, RETRY_SECONDS
from voting.protocol import Attend, Refused, Say, Sent, Unsaid, Vote
from voting.scene import Scene
from voting.state import Code, Outcome, Receipt, Refusal
from voting.talking import Talking
from voting.visitors import Visitors
from voting.web import turn_stranger_away

STATUS: Mapping[Code, int] = {
    "unknown_candidate": 422,
    "wrong_choices": 422,
    "stale_round": 409,
    "round_closed": 409,
    "already_voted": 409,
    "muted": 403,
    "talk_closed": 409,
    "gone": 409,
    "not_allowed": 409,
    "bad_text": 422,
    "unknown_person": 422,
    "slow_down": 429,
    "too_fast": 429,
    "not_recorded": 503,
}


class NotHeard(Exception):
    """What came is not read any further: the status, a code of the protocol, and why."""

    def __init__(self, status: int, code: str, why: str) -> None:
        super().__init__(why)
        self.status, self.code = status, code


def create_blueprint(
    live: Live,
    talking: Talking,
    scene: Scene,
    visitors: Visitors,
    admin: identity.Admin,
    config: Config,
) -> Blueprint:
    """Return the routes."""
    blueprint = Blueprint("posting", __name__)
    pace = Pace()
    waiting: Counter[str] = Counter()

    @blueprint.post("/ballots")
    def cast_ballot() -> Response:
        try:
            voter, _name = _voter(visitors)
            vote = cast(Vote, read(voter, Vote, "a vote"))
        except NotHeard as error:
            return _told(error.status, Refused(None, error.code, str(error)))
        outcome = wait_for(voter, lambda answered: live.cast(voter, vote, answered))
        if isinstance(outcome, Refusal):
            return _told(STATUS[outcome.code], Refused(vote.ballot, outcome.code, outcome.message))
        return _told(200, cast(Receipt, outcome))

    @blueprint.post("/messages")
    def say() -> Response:
        is_stage = request.args.get("view") == "admin"
        try:
            voter, name = _stage(admin) if is_stage else _voter(visitors)
            message = read(voter, Say if is_stage else Say | Attend, "a message")
        except NotHeard as error:
            return _told(error.status, Unsaid(None, error.code, str(error)))
        said = cast(Say | Attend, message)
        outcome = wait_for(voter, lambda answered: talking.take(voter, said, answered))
        if isinstance(outcome, Refusal):
            key = said.key if isinstance(said, Say) else None
            return _told(STATUS[outcome.code], Unsaid(key, outcome.code, outcome.message))
        return _told(200, outcome if isinstance(outcome, Said) else scene.you(voter, name))

    @blueprint.before_request
    def expect_own_page() -> None:
        # A form of another site can send neither JSON nor our Origin: this needs no token.
        if not identity.origin_is_ours(request, allow_absent=config.server.allow_no_origin):
            turn_stranger_away()

    def read(voter: str, expected: Any, called: str) -> Sent:
        if request.mimetype != "application/json":
            raise NotHeard(415, "bad_message", "expected application/json")
        if not pace.allows(voter, config.limits.messages_per_second):
            raise NotHeard(429, "too_fast", "too many messages in a second")
        try:
            message = _message(request.get_data())
        except protocol.BadMessage as error:
            raise NotHeard(422, "bad_message", str(error)) from None
        if not isinstance(message, expected):
            raise NotHeard(422, "bad_message", f"expected {called}")
        return cast(Sent, message)

    def wait_for(voter: str, send: Callable[[Answered], None]) -> Outcome:
        """Send what a voter said, and return what came of it."""
        if waiting[voter] >= MAX_UNANSWERED:
            return Refusal("not_recorded", "wait for the answers")
        waiting[voter] += 1
        answered: AsyncResult[Outcome] = AsyncResult()
        try:
            send(answered.set)
            return cast(Outcome, answered.get())
        finally:
            waiting[voter] -= 1
            if not waiting[voter]:
                del waiting[voter]

    def exempt(setup: BlueprintSetupState) -> None:
        setup.app.extensions["csrf"].exempt(blueprint)

    blueprint.record_once(exempt)
    return blueprint


def _voter(visitors: Visitors) -> tuple[str, str]:
    who = visitors.who(session)
    if who is None:
        raise NotHeard(401, "not_logged_in", "log in first")
    return who


def _stage(admin: identity.Admin) -> tuple[str, str]:
    if not admin.is_in():
        raise NotHeard(401, "not_logged_in", "log in first")
    return "", ""


def _message(payload: bytes) -> Sent:
    if len(payload) > protocol.MAX_MESSAGE_BYTES:
        raise protocol.BadMessage(f"expected at most {protocol.MAX_MESSAGE_BYTES} bytes")
    try:
        text = payload.decode()  # whoever reads JSON passes over fields, and does not look there
    except UnicodeDecodeError:
        raise protocol.BadMessage("expected UTF-8") from None
    return protocol.decode(text)


def _told(status: int, message: protocol.Answer) -> Response:
    headers = {"Retry-After": str(RETRY_SECONDS)} if status in RETRIED else {}
    return Response(protocol.encode(message), status, headers, mimetype="application/json")
