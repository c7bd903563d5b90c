from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsr.device.overlap import double_buffered

depths = st.integers(1, 7)
numbers = st.lists(st.integers())


class Device:
    """Counts what is in flight, and fails where it is told to."""

    def __init__(self, bad_start: object = None, bad_finish: object = None) -> None:
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.most_in_flight = 0
        self.bad_start, self.bad_finish = bad_start, bad_finish

    def start(self, item: int) -> tuple[int, int]:
        if item == self.bad_start:
            raise ArithmeticError(f"start {item}")
        self.begun.append(item)
        self.most_in_flight = max(self.most_in_flight, len(self.begun) - len(self.ended))
        return (len(self.begun), item)

    def finish(self, ticket: tuple[int, int]) -> int:
        self.ended.append(ticket[1])
        if ticket[1] == self.bad_finish:
            raise ArithmeticError(f"finish {ticket[1]}")
        return ticket[1] * 2


def delivered(results: Iterator[int]) -> tuple[list[int], str | None]:
    got = []
    try:
        for result in results:
            got.append(result)
    except ArithmeticError as error:
        return got, str(error)
    return got, None


@given(numbers, depths)
def test_result_is_that_of_map_for_every_depth(items, depth):
    device = Device()
    assert list(double_buffered(items, device.start, device.finish, depth)) == [
        item * 2 for item in items
    ]


@given(st.lists(st.integers(0, 5)), depths, st.integers(0, 5), st.integers(0, 5))
def test_errors_come_where_map_would_raise_them(items, depth, bad_start, bad_finish):
    device = Device(bad_start, bad_finish)
    mapped = Device(bad_start, bad_finish)
    expected = delivered(mapped.finish(mapped.start(item)) for item in items)
    assert delivered(double_buffered(items, device.start, device.finish, depth)) == expected
    assert device.begun == device.ended


@given(st.integers(0, 30), depths)
def test_depth_items_are_in_flight_and_never_more(count, depth):
    device = Device()
    list(double_buffered(range(count), device.start, device.finish, depth))
    assert device.most_in_flight == min(count, depth)


@given(st.integers(1, 20), depths, st.integers(0, 20))
def test_early_close_releases_every_ticket_once(count, depth, taken):
    device = Device()
    results = double_buffered(range(count), device.start, device.finish, depth)
    for _ in range(min(taken, count)):
        next(results)
    results.close()
    assert device.ended == device.begun


def test_items_are_closed_with_the_results():
    closed = []

    def items():
        try:
            yield from range(10)
        finally:
            closed.append(True)

    results = double_buffered(items(), lambda item: item, lambda ticket: ticket, 3)
    assert next(results) == 0
    results.close()
    assert closed == [True]


def test_an_item_is_asked_for_only_when_needed():
    asked = []

    def items():
        for number in range(10):
            asked.append(number)
            yield number

    results = double_buffered(items(), lambda item: item, lambda ticket: ticket, 2)
    next(results)
    assert asked == [0, 1]


def test_early_close_goes_on_after_an_error_and_raises_it():
    device = Device(bad_finish=1)
    results = double_buffered(range(9), device.start, device.finish, 4)
    next(results)
    with pytest.raises(ArithmeticError, match="finish 1"):
        results.close()
    assert device.ended == [0, 1, 2, 3]


def test_depth_below_one_is_refused_at_once():
    with pytest.raises(ValueError, match="depth 0"):
        double_buffered([], lambda item: item, lambda ticket: ticket, 0)
