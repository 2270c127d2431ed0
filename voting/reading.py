"""What one server has read of a stream, and what of that nobody has folded yet.

Owns the place in the stream. Two lines bring entries, each from the place where it began to ask, so
what is here already is passed over; what does not follow is never taken.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from voting import redis_stream
from voting.records import Record
from voting.redis_stream import Entry


class Reading:
    """The place: `version` records of a `history` are read, up to the entry `id`.

    `entries` is how many entries were read at all.

    Args:
        passed: is told each entry that is folded.
    """

    def __init__(self, passed: Callable[[Entry], None]) -> None:
        self.history = ""
        self.version, self.id = 0, redis_stream.START
        self.entries = 0
        self._passed = passed
        self._unfolded: deque[Entry] = deque()

    def go_on(self, history: str, version: int, id: bytes) -> None:
        """Go on from another place, and forget what was read."""
        self.history, self.version, self.id = history, version, id
        self._unfolded.clear()

    def take(self, found: Sequence[Entry]) -> None:
        """Add entries to those read, but for those that are here.

        Raises:
            Damaged: one of them does not follow.
        """
        for entry in found:
            if redis_stream.order(entry.id) <= redis_stream.order(self.id):
                continue
            redis_stream.expect(self.version, entry)
            self._unfolded.append(entry)
            self.version, self.id = entry.version, entry.id
            self.entries += 1

    def holds(self, version: int, bodies: Sequence[bytes]) -> bool:
        """Say whether an entry that is not folded yet is this one."""
        return [entry.bodies for entry in self._unfolded if entry.version == version] == [bodies]

    def behind(self, after: int, last: int | None = None) -> list[Record]:
        """Return the records behind a version, up to version `last` if it is said.

        Those up to `after` are folded: `after` never goes back.
        """
        while self._unfolded and self._unfolded[0].version <= after:
            self._passed(self._unfolded.popleft())
        return [
            record
            for entry in self._unfolded
            if last is None or entry.version <= last
            for record in entry.records[max(0, after - entry.after) :]
        ]
