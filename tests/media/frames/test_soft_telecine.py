"""Soft telecine: pictures shown for three fields and two in turn share their time evenly."""

from fractions import Fraction
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsr.media.clock import rounded
from vsr.media.frames.soft_telecine import Repeats

FIELD = Fraction(3003, 2)  # in MPEG's ticks
PICTURE = rounded(4 * FIELD * Fraction(5, 2))
TURNS = [3, 2] * 12
START = 126_000


def times_of(fields: list[int], field: Fraction = FIELD) -> list[int]:
    return [START + rounded(field * count) for count in accumulate(fields, initial=0)]


def evened(times: list[int], field: Fraction = FIELD) -> list[int]:
    repeats = Repeats(start=times[0], field=field)
    neighbours = zip([None, *times], times, [*times[1:], None])
    return [repeats.even_time(*each) for each in neighbours]


@pytest.mark.parametrize("skipped", [0, 1])
def test_pictures_of_a_whole_film_are_exactly_even(skipped: int):
    done = evened(times_of(TURNS[skipped:]))
    assert {later - earlier for earlier, later in pairwise(done)} == {PICTURE}
    assert done[0] == 4 * START


@pytest.mark.parametrize("skipped", [0, 1])
def test_whole_milliseconds_leave_no_trace(skipped: int):
    field = Fraction(1001, 60)  # Matroska's ticks
    done = evened(times_of(TURNS[skipped:], field), field)
    exact = [4 * START + rounded(10 * field * index) for index in range(len(done))]
    assert done == exact


def test_another_rhythm_keeps_its_times():
    for fields in ([2] * 20, [3] * 20, [2, 2, 2, 3, 3] * 4, [5, 2, 4] * 6):
        times = times_of(fields)
        kept = [
            place
            for place, (before, after) in enumerate(pairwise(fields), start=1)
            if {before, after} != {2, 3}
        ]
        done = evened(times)
        assert kept
        assert [done[place] for place in kept] == [4 * times[place] for place in kept]


@given(st.lists(st.sampled_from([2, 2, 3, 3, 4, 7]), min_size=2, max_size=60))
def test_nothing_moves_by_more_than_half_a_field_and_none_overtakes(fields: list[int]):
    times = times_of(fields)
    done = evened(times)
    assert all(abs(even - 4 * pts) <= 4 * FIELD * Fraction(5, 8) for even, pts in zip(done, times))
    assert all(later - earlier >= 4 * FIELD for earlier, later in pairwise(done))


def test_film_after_video_is_even_again():
    fields = [*TURNS, *[2] * 9, *TURNS]
    done = evened(times_of(fields))
    gaps = [later - earlier for earlier, later in pairwise(done)]
    again = gaps[len(TURNS) + 10 : -1]
    assert set(gaps[: len(TURNS) - 1]) == {PICTURE}
    assert all(abs(gap - PICTURE) <= 4 for gap in again)
    assert all(abs(gap - 8 * FIELD) <= 4 for gap in gaps[len(TURNS) + 1 : len(TURNS) + 8])
