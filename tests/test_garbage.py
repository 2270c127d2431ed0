"""garbage.py: a look for garbage waits for a quiet moment, but not for ever."""

import gc
import weakref
from collections.abc import Iterator

import gevent
import pytest

from voting import garbage

PATIENCE = 5


class Ring:
    """Garbage that only a look through everything finds: it holds itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Look often, and leave Python's settings as they were."""
    monkeypatch.setattr(garbage, "LOOK_SECONDS", 0.001)
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def old_garbage() -> weakref.ref[Ring]:
    """Make garbage that has survived all but a look through everything."""
    ring = Ring()
    found = weakref.ref(ring)
    gc.collect(1)
    return found


def make_due() -> None:
    """Let Python look through what is young as often as makes a whole look due."""
    for _ in range(garbage.DUE):
        gc.collect(1)
    assert gc.get_count()[2] >= garbage.DUE


def test_garbage_is_looked_for_when_the_room_is_quiet() -> None:
    """Busy: it stays. Quiet: it goes."""
    asked = 0
    quiet = False

    def is_quiet() -> bool:
        nonlocal asked
        asked += 1
        return quiet

    looking = gevent.spawn(garbage.collect_in_quiet, is_quiet)
    gevent.sleep(0)
    ring = old_garbage()
    make_due()
    with gevent.Timeout(PATIENCE):
        while asked < 3:
            gevent.sleep(0.001)
    assert ring() is not None
    quiet = True
    with gevent.Timeout(PATIENCE):
        while ring() is not None:
            gevent.sleep(0.001)
    looking.kill()


def test_too_much_garbage_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """A room that is never quiet must not fill the memory."""
    monkeypatch.setattr(garbage, "OVERDUE", garbage.DUE)
    looking = gevent.spawn(garbage.collect_in_quiet, lambda: False)
    gevent.sleep(0)
    ring = old_garbage()
    make_due()
    with gevent.Timeout(PATIENCE):
        while ring() is not None:
            gevent.sleep(0.001)
    looking.kill()


def test_nothing_is_looked_for_that_is_not_due() -> None:
    """An idle room asks nothing and looks at nothing."""
    gc.collect()
    looking = gevent.spawn(garbage.collect_in_quiet, lambda: pytest.fail("asked for nothing"))
    gevent.sleep(0.01)
    assert not looking.ready()
    looking.kill()
