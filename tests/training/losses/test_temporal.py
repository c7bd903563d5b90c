import numpy as np
import pytest
import torch

from vsr.training.losses.temporal import STILLNESS, temporal

RNG = np.random.default_rng(0)


def test_it_is_its_formula():
    output, target = RNG.random((2, 4, 3, 8, 8))  # two pairs of frames
    source = RNG.random((4, 3, 4, 4)) / 20
    still = np.exp(-np.abs(source[2:] - source[:2]).mean(axis=1) / STILLNESS)
    weight = still.repeat(2, axis=1).repeat(2, axis=2)[:, None]
    error = np.abs((output[2:] - output[:2]) - (target[2:] - target[:2]))
    value = temporal(*(torch.from_numpy(x) for x in (output, target, source)))
    assert float(value) == pytest.approx((weight * error).mean(), rel=1e-12)


def still_scene(flicker, change):
    """Output, truth and source of one pair: the truth stands still."""
    output = torch.full((2, 3, 8, 8), 0.5)
    output[1] += flicker
    source = torch.full((2, 3, 2, 2), 0.5)
    source[1] += change
    return output, torch.full((2, 3, 8, 8), 0.25), source


def test_only_a_change_that_the_truth_does_not_make_costs():
    assert float(temporal(*still_scene(0.0, 0.0))) == 0
    assert float(temporal(*still_scene(0.1, 0.0))) == pytest.approx(0.1)


def test_what_moves_in_the_source_hardly_counts():
    assert float(temporal(*still_scene(0.1, STILLNESS))) == pytest.approx(0.1 / np.e)
    assert float(temporal(*still_scene(0.1, 0.5))) < 1e-6
