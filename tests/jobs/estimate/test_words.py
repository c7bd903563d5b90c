"""Times and sizes as people say them."""

import pytest

from vsr.jobs.estimate.figures import Between, Took, about_bytes, about_seconds, evened


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.2, 0.2, "about 1 s"),
        (8, 9, "about 8 s"),
        (47, 49, "about 50 s"),
        (100, 110, "about 2 min"),
        (50 * 60, 52 * 60, "about 51 min"),
        (3.1 * 3600, 3.3 * 3600, "about 3 h 10 min"),
        (3600, 3700, "about 1 h"),
        (12 * 3600, 12 * 3600, "about 12 h"),
        (60 * 60, 150 * 60, "1 h to 2 h 30 min"),
        (30 * 3600, 30 * 3600, "about 30 h"),
        (100 * 3600, 100 * 3600, "about 4 days"),
    ],
)
def test_a_time_is_told_to_two_digits(low, high, words):
    assert about_seconds(Between(low, high)) == words


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (5e9, 7e9, "5–7 GB"),
        (0.8e9, 1.2e9, "0.8–1.2 GB"),
        (17.2e6, 17.4e6, "17 MB"),
        (400e3, 0.9e6, "400–900 kB"),
        (1.1e12, 1.4e12, "1.1–1.4 TB"),
        (10, 20, "0 kB"),
    ],
)
def test_a_size_is_told_in_one_unit(low, high, words):
    assert about_bytes(Between(low, high)) == words


def test_frames_that_wait_for_the_next_one_take_the_mean_each():
    laps = [Took(0.4, 0.6), Took(0.2, 0.3), Took(0.0, 0.0)]
    one = evened(laps, 4)  # one of them was only looked at
    assert (one.wall_seconds, one.cpu_seconds) == pytest.approx((0.15, 0.225))
