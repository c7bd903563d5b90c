import threading
import time
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsr.device.overlap import prefetch


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("vsr-")}


def collect(items, into: list) -> None:
    for item in items:
        into.append(item)


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert threads() == set()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(), max_size=20), st.integers(1, 5))
def test_items_come_in_order(items, depth):
    assert list(prefetch(items, depth)) == items


def test_work_goes_on_in_a_thread_while_the_consumer_works():
    made = []

    def items():
        for number in range(5):
            made.append(threading.current_thread().name)
            yield number

    with closing(prefetch(items(), 3, name="vsr-decode")) as ahead:
        next(ahead)
        deadline = time.monotonic() + 5
        while len(made) < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert set(made) == {"vsr-decode"}
    assert len(made) >= 4


def test_no_more_than_depth_items_wait():
    made = []

    def items():
        for number in range(100):
            made.append(number)
            yield number

    with closing(prefetch(items(), 2)) as ahead:
        next(ahead)
        time.sleep(0.2)
        # two in the queue, one taken, one in the producer's hands
        assert len(made) <= 4


def test_an_error_comes_after_the_items_before_it():
    def items():
        yield 1
        yield 2
        raise OSError("disk gone")

    got = []
    with pytest.raises(OSError, match="disk gone") as caught:
        collect(prefetch(items(), 4), got)
    assert got == [1, 2]
    assert "items" in [frame.name for frame in caught.traceback]


def test_closing_early_closes_the_items_in_their_own_thread():
    closed_by = []

    def items():
        try:
            while True:
                yield 0
        finally:
            closed_by.append(threading.current_thread().name)

    with closing(prefetch(items(), 2, name="vsr-decode")) as ahead:
        next(ahead)
    assert closed_by == ["vsr-decode"]


def test_an_interrupted_consumer_leaves_no_thread():
    def endless():
        while True:
            yield 0

    def interrupted(item):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), closing(prefetch(endless(), 2)) as ahead:
        any(map(interrupted, ahead))


def test_stages_stack_and_the_middle_one_may_fail():
    def doubled(items):
        for item in items:
            if item == 3:
                raise ArithmeticError("three")
            yield item * 2

    got = []
    with (
        closing(prefetch(iter(range(100)), 2)) as numbers,
        closing(prefetch(doubled(numbers), 2)) as twice,
        pytest.raises(ArithmeticError, match="three"),
    ):
        collect(twice, got)
    assert got == [0, 2, 4]


def test_never_asked_means_never_started():
    ahead = prefetch(range(3), 1)
    assert threads() == set()
    ahead.close()


def test_depth_below_one_is_refused_at_once():
    with pytest.raises(ValueError, match="depth 0"):
        prefetch([], 0)
