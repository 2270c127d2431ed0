"""worker.py: jobs in a thread of their own, one after the other, while greenlets go on."""

from collections.abc import Iterator

import gevent
import pytest
from gevent import monkey
from gevent.event import Event

from voting.worker import Worker

PATIENCE = 5

Lock = monkey.get_original("_thread", "allocate_lock")
ident = monkey.get_original("_thread", "get_ident")


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.end()


def test_a_job_is_done_in_another_thread(worker: Worker) -> None:
    """Always the same one; what it returns comes back."""
    found = {worker.do(ident) for _ in range(3)}
    assert len(found) == 1
    assert found != {ident()}


def test_other_greenlets_go_on_meanwhile(worker: Worker) -> None:
    """Only who asked waits."""
    gate = Lock()
    gate.acquire()
    waiting = gevent.spawn(worker.do, gate.acquire)
    gevent.sleep(0.001)
    assert not waiting.ready()
    gate.release()
    assert waiting.get(timeout=PATIENCE) is True


def test_jobs_are_done_in_turn(worker: Worker) -> None:
    """One at a time, in the order they were asked for."""
    gate, order = Lock(), list[int]()
    gate.acquire()
    first = gevent.spawn(worker.do, gate.acquire)
    rest = [gevent.spawn(worker.do, lambda n=n: order.append(n)) for n in range(20)]
    gevent.idle()
    gate.release()
    gevent.joinall([first, *rest], timeout=PATIENCE, raise_error=True)
    assert order == list(range(20))


def test_what_a_job_raises_is_raised_to_who_asked(
    worker: Worker, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is printed, and the next job is done."""
    with pytest.raises(LookupError, match="no such thing"):
        worker.do(lambda: (_ for _ in ()).throw(LookupError("no such thing")))
    assert worker.do(lambda: "next") == "next"
    assert capsys.readouterr().err == ""


def test_who_does_not_wait_any_more_is_no_harm(worker: Worker) -> None:
    """A job whose greenlet was killed is done all the same, and so is the next."""
    gate, done = Lock(), list[str]()
    gate.acquire()
    waiting = gevent.spawn(worker.do, lambda: done.append("killed" if gate.acquire() else ""))
    gevent.idle()
    waiting.kill()
    gate.release()
    assert worker.do(lambda: "next") == "next"
    assert done == ["killed"]


def test_an_ended_worker_does_what_it_was_asked_for_first() -> None:
    """Nobody who waits is left without an answer."""
    worker, gate = Worker(), Lock()
    gate.acquire()
    waiting = gevent.spawn(worker.do, gate.acquire)
    gevent.idle()
    worker.end()
    gate.release()
    assert waiting.get(timeout=PATIENCE) is True


def test_a_loop_without_jobs_does_not_wait_for_any(worker: Worker) -> None:
    """Else a mistake that leaves nothing to wait for would hang instead of being told."""
    worker.do(lambda: None)
    with pytest.raises(gevent.exceptions.LoopExit):
        Event().wait()
