"""Flicker against its formulas."""

from math import sqrt

import numpy as np
import pytest

from vsr.metrics.flicker import FlickerMeter

RNG = np.random.default_rng(6)


def measured(references, results):
    meter = FlickerMeter()
    for reference, result in zip(references, results, strict=True):
        meter.add(np.asarray(reference, float), np.asarray(result, float))
    return meter.flicker()


def test_both_measures_are_the_formula():
    references = [[[10, 20], [30, 40]], [[10, 20.5], [35, 40]], [[10, 25], [35, 41]]]
    results = [[[11, 20], [30, 44]], [[13, 20], [36, 40]], [[12, 25], [35, 40]]]
    flicker = measured(references, results)
    static = [2, 0, -4, -1, -1]  # (0,0) (0,1) (1,1), then (0,0) (1,0)
    assert flicker.static_std == pytest.approx(sqrt(sum(d * d for d in static) / 5 / 2))
    assert flicker.static_share == 5 / 8
    errors = [2, 0.5, 1, 4, 1, 0.5, 1, 1]
    assert flicker.difference_error == pytest.approx(sum(errors) / 8)
    assert flicker.pairs == 2


def test_independent_noise_on_a_still_is_measured_as_its_standard_deviation():
    still = np.full((64, 64), 100.0)
    noisy = [still + RNG.normal(0, 3.0, still.shape) for _ in range(12)]
    assert measured([still] * 12, noisy).static_std == pytest.approx(3.0, rel=0.03)


def test_a_perfect_result_does_not_flicker():
    film = [RNG.random((8, 8)) * 255 for _ in range(4)]
    assert measured(film, film).difference_error == 0


def test_a_constant_error_is_no_flicker():
    film = [RNG.random((8, 8)) * 255 for _ in range(4)]
    assert measured(film, [picture + 5 for picture in film]).difference_error < 1e-12


def test_where_nothing_is_static_there_is_no_deviation():
    film = [np.full((4, 4), 10.0 * i) for i in range(3)]
    flicker = measured(film, film)
    assert (flicker.static_std, flicker.static_share) == (None, 0)


def test_one_picture_has_no_flicker():
    assert measured([[[1.0]]], [[[1.0]]]) is None


def test_pictures_of_two_shapes_are_refused():
    with pytest.raises(ValueError, match="shapes"):
        FlickerMeter().add(np.zeros((2, 2)), np.zeros((2, 3)))
