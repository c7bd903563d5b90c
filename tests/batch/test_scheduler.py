"""Most urgent first, the heaviest of them first, a lost task again, past what fails."""

from collections import deque
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.batch.toys import Toy, ToyPiece
from vsr.batch.engine import Ended
from vsr.batch.scheduler import RETRIES, Scheduler
from vsr.errors import Failed


class PaperEngine:
    """Ends every task in turn; loses those that ``losses`` counts."""

    def __init__(self, size: int, losses: dict[str, int] | None = None) -> None:
        self.size, self.losses = size, dict(losses or {})
        self.running: deque[tuple[int, Toy]] = deque()
        self.started: list[str] = []

    @property
    def free(self) -> int:
        return self.size - len(self.running)

    def start(self, ticket: int, task: Toy) -> None:
        assert self.free
        self.running.append((ticket, task))
        self.started.append(task.name)

    def wait(self, on_report):
        ticket, task = self.running.popleft()
        on_report(ticket, 1)
        if self.losses.get(task.name, 0):
            self.losses[task.name] -= 1
            return [Ended(ticket=ticket, error=Failed("lost"), is_lost=True)]
        if task.how == "error":
            return [Ended(ticket=ticket, error=Failed("bad"))]
        return [Ended(ticket=ticket, value=task.name)]


def piece(name: str, weight: float = 1.0, **changes) -> ToyPiece:
    return ToyPiece(Toy(name, Path(), **changes), weight)


def test_the_most_urgent_comes_first_and_then_the_heaviest():
    engine = PaperEngine(1)
    pieces = [piece("a", 1), piece("b", 9), piece("c", 5), piece("d", 0, urgency=-1)]
    assert len(list(Scheduler(engine).run(pieces))) == 4
    assert engine.started == ["d", "b", "c", "a"]


def test_a_lost_task_is_done_again_and_begins_anew():
    lost = piece("a")
    engine = PaperEngine(2, {"a": RETRIES})
    assert list(Scheduler(engine).run([lost])) == [lost]
    assert lost.value == "a"
    assert lost.ticks.count(None) == RETRIES


class WakingEngine(PaperEngine):
    """A worker that is lost comes back while the next end is waited for, as an actor of Ray."""

    waking = 0

    @property
    def free(self) -> int:
        return super().free - self.waking

    def wait(self, on_report):
        self.waking = 0
        ended = super().wait(on_report) if self.running else []
        self.waking = sum(one.is_lost for one in ended)
        return ended


@pytest.mark.timeout(60)
def test_the_only_worker_is_waited_for_after_it_was_lost():
    lost, other = piece("lost", 9), piece("other")
    list(Scheduler(WakingEngine(1, {"lost": RETRIES})).run([lost, other]))
    assert (lost.value, other.value) == ("lost", "other")


class Pair(ToyPiece):
    """Two tasks at once."""

    def begin(self):
        return (self.toy, replace(self.toy, name=f"{self.toy.name} too", how=""))


def test_a_piece_that_failed_is_over_when_nothing_of_it_runs_any_more():
    engine = PaperEngine(2)
    bad, other = Pair(Toy("bad", Path(), how="error"), 9), piece("other")
    over = []
    for one in Scheduler(engine).run([bad, other]):
        over.append(one)
        assert one is other or not any("bad" in task.name for _, task in engine.running)
    assert len(over) == 2
    assert "bad too" in engine.started
    assert bad.value is None


class Spoiled(ToyPiece):
    """Fails while it takes a result, as where the disk is full."""

    def ended(self, task, value):
        raise OSError("full")


class Empty(ToyPiece):
    """Over before it begins."""

    def begin(self):
        self.value = "nothing"
        return ()


def test_a_piece_that_cannot_take_a_result_or_has_nothing_to_do_is_over_and_the_rest_goes_on():
    spoiled, empty, other = (
        kind(Toy(kind.__name__, Path())) for kind in (Spoiled, Empty, ToyPiece)
    )
    over = list(Scheduler(PaperEngine(1)).run([spoiled, empty, other]))
    assert sorted(map(id, over)) == sorted(map(id, (spoiled, empty, other)))
    assert isinstance(spoiled.error, OSError)
    assert other.value == "ToyPiece"
    assert other.ticks == [1]


def test_a_task_that_kills_every_worker_is_given_up_and_the_rest_goes_on():
    killer, other = piece("killer", 9), piece("other")
    list(Scheduler(PaperEngine(1, {"killer": RETRIES + 1})).run([killer, other]))
    assert isinstance(killer.error, Failed)
    assert other.value == "other"


@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=20),
    st.integers(1, 4),
    st.dictionaries(st.integers(0, 19).map(str), st.integers(0, RETRIES)),
)
def test_every_piece_ends_once_whatever_is_lost(kinds, size, losses):
    pieces = [
        piece(str(index), weight, how="error" if is_bad else "")
        for index, (weight, is_bad) in enumerate(kinds)
    ]
    engine = PaperEngine(size, losses)
    over = list(Scheduler(engine).run(pieces))
    assert sorted(map(id, over)) == sorted(map(id, pieces))
    for one, (_, is_bad) in zip(pieces, kinds, strict=True):
        assert (one.error is not None) is is_bad
        assert engine.started.count(one.toy.name) == 1 + losses.get(one.toy.name, 0)
