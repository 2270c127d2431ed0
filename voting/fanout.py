"""One frame to many: the pipes of all who are shown the same.

Owns the one loop whose work is clients × ticks. Never knows what a frame says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set

from voting.pipe import Pipe, Write

SLICE = 500
"""Clients that a frame is written to before others have a turn: 3 or 4 ms."""


class Fanout:
    """Pipes that are shown the same frames; `freed` is called when one is free again.

    `written` counts the frames that the kernel took whole.

    Looking at a client, its connection and its pipe, all of them cold in the processor's memory,
    would cost as much as all else that Python does for a frame. So each member is here by what
    writes to it, and those who are not free tell it themselves.
    """

    def __init__(self, freed: Callable[[], None] = lambda: None) -> None:
        self._pipes: dict[Write, Pipe] = {}
        self._behind: set[Write] = set()
        self._has_lost = False
        self._freed = freed
        self.written = 0

    def __len__(self) -> int:
        return len(self._pipes)

    def add(self, pipe: Pipe) -> None:
        """Take a pipe in."""
        self._pipes[pipe.write] = pipe
        pipe.noticed = self._notice
        self._notice(pipe)

    def remove(self, pipe: Pipe) -> None:
        """Forget a pipe, if it is one of these."""
        if self._pipes.pop(pipe.write, None) is not None:
            self._behind.discard(pipe.write)
            self._has_lost = True
            pipe.noticed = None

    def _notice(self, pipe: Pipe) -> None:
        """Note whether a frame may be written to a pipe at once."""
        if pipe.is_free:
            if pipe.write in self._behind:
                self._behind.discard(pipe.write)
                self._freed()
        else:
            self._behind.add(pipe.write)

    def show(
        self,
        frame: bytes,
        behind: Callable[[Pipe], None],
        besides: Set[Write] = frozenset(),
        lost: Callable[[Write], None] = lambda write: None,
    ) -> Iterator[None]:
        """Write a frame to all who are here now, and call `behind` for each who is not free.

        So it is called for those `besides`, free or not, and `lost` for those who leave before
        their turn. The work is done as the iterator is run, a slice in each step.
        """
        self._has_lost = False
        return self._slices(list(self._pipes), frame, behind, besides, lost)

    def _slices(
        self,
        writes: list[Write],
        frame: bytes,
        behind: Callable[[Pipe], None],
        besides: Set[Write],
        lost: Callable[[Write], None],
    ) -> Iterator[None]:
        size = len(frame)
        for start in range(0, len(writes), SLICE):
            some = writes[start : start + SLICE]
            if self._has_lost:
                some = self._without_lost(some, lost)
            if self._behind or besides:
                some = self._sort_out(some, behind, besides)
            self.written += len(some)
            for write in some:
                try:
                    sent = write(frame)
                except OSError:
                    sent = 0  # no room, or no other side: who writes the rest will see
                if sent != size:
                    self.written -= 1
                    self._pipes[write].keep(frame, sent)
            yield

    def _without_lost(self, writes: list[Write], lost: Callable[[Write], None]) -> list[Write]:
        """Return those who are still here."""
        for write in writes:
            if write not in self._pipes:
                lost(write)
        return [w for w in writes if w in self._pipes]

    def _sort_out(
        self, writes: list[Write], behind: Callable[[Pipe], None], besides: Set[Write]
    ) -> list[Write]:
        """Return those who are free."""
        apart = self._behind | besides
        for write in apart.intersection(writes):
            behind(self._pipes[write])
        return [w for w in writes if w not in apart]
