from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vsr.media.clock import (
    Timeline,
    rescaled,
    rounded,
    runs_backward,
    ticks,
    ticks_per_frame,
)

MILLISECONDS = Fraction(1, 1000)
time_bases = st.builds(Fraction, st.integers(1, 1001), st.integers(1, 10**9))
maybe_times = st.lists(st.none() | st.integers(-(10**6), 10**6), max_size=40)


def stamped(times: list[int | None], step: Fraction = Fraction(40), start: int = 0) -> list[int]:
    return [pts for _, pts in Timeline(start, step).stamped(enumerate_pairs(times))]


def enumerate_pairs(times: list[int | None]) -> list[tuple[int, int | None]]:
    return list(enumerate(times))


def test_halves_are_rounded_away_from_zero() -> None:
    assert [rounded(Fraction(n, 2)) for n in (-3, -1, 1, 3)] == [-2, -1, 1, 2]


@given(st.integers(-(10**9), 10**9), time_bases, st.integers(1, 1000))
def test_pts_survive_a_finer_time_base_and_back(pts: int, base: Fraction, factor: int) -> None:
    finer = base / factor
    assert rescaled(rescaled(pts, base, finer), finer, base) == pts


@given(st.integers(-(10**9), 10**9), time_bases, time_bases)
def test_rescaling_errs_by_half_a_tick_at_most(
    pts: int, source: Fraction, target: Fraction
) -> None:
    error = abs(rescaled(pts, source, target) * target - pts * source)
    assert error <= target / 2


def test_a_time_in_seconds_begins_at_the_next_tick() -> None:
    assert ticks(1.5, MILLISECONDS) == 1500
    assert ticks(Fraction(15005, 10000), MILLISECONDS) == 1501
    assert ticks(0, MILLISECONDS) == 0


def test_a_frame_of_ntsc_film_lasts_1001_ticks_of_a_24000th() -> None:
    assert ticks_per_frame(Fraction(24000, 1001), Fraction(1, 24000)) == 1001


def test_good_times_are_left_alone() -> None:
    times: list[int | None] = [-80, -40, 1, 2, 500]
    timeline = Timeline(0, Fraction(40))
    assert [pts for _, pts in timeline.stamped(enumerate_pairs(times))] == times
    assert timeline.repaired == 0


def test_missing_times_are_continued_at_the_exact_frame_rate() -> None:
    third = Fraction(100, 3)
    assert stamped([None] * 7, third, start=5) == [5, 38, 72, 105, 138, 172, 205]
    assert stamped([0, None, None, 100, None], third) == [0, 33, 67, 100, 133]


def test_a_repeated_time_is_put_half_way_to_the_next() -> None:
    timeline = Timeline(0, Fraction(40))
    times = [0, 40, 40, 80, 120]
    assert [pts for _, pts in timeline.stamped(enumerate_pairs(times))] == [0, 40, 60, 80, 120]
    assert timeline.repaired == 1


def test_after_a_splice_the_distances_are_kept() -> None:
    assert stamped([0, 40, 80, 0, 40, 90]) == [0, 40, 80, 120, 160, 210]


def test_where_times_may_not_begin_anew_they_are_pushed_on_until_they_have_caught_up() -> None:
    timeline = Timeline(0, Fraction(40), may_begin_anew=False)
    times = [0, 40, 80, 20, 60, 100, 140]
    stamps = [pts for _, pts in timeline.stamped(enumerate_pairs(times))]
    assert stamps == [0, 40, 80, 85, 92, 100, 140]


def test_a_single_picture_far_ahead_moves_no_other() -> None:
    assert stamped([0, 40, 9000, 120, 160]) == [0, 40, 80, 120, 160]


def test_a_single_picture_out_of_order_moves_no_other() -> None:
    assert stamped([0, 40, 20, 120, 160]) == [0, 40, 80, 120, 160]


def test_a_last_picture_that_repeats_lasts_one_frame() -> None:
    assert stamped([0, 40, 40]) == [0, 40, 80]


@given(maybe_times, st.fractions(Fraction(1, 100), 10**5))
def test_times_always_increase_and_none_is_lost(times: list[int | None], step: Fraction) -> None:
    final = stamped(times, step)
    assert len(final) == len(times)
    assert all(earlier < later for earlier, later in pairwise(final))


def test_one_step_back_is_a_splice_and_more_are_no_presentation_times() -> None:
    assert not runs_backward([5, 6, None, 0, 1])
    assert runs_backward([0, 3, 1, 4, 2])
