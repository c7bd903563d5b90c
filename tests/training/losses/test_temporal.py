import numpy as np
import pytest
import torch

from vsr.training.losses.pairs import STILLNESS, consistency, temporal

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


@pytest.mark.parametrize(("down", "right"), [(0, 0), (3, 0), (0, -2), (-1, 4), (5, 5)])
def test_two_windows_of_one_picture_are_consistent(down, right):
    picture = torch.from_numpy(RNG.random((3, 40, 40)))
    first, second = (
        picture[:, 10 + y : 26 + y, 10 + x : 26 + x] for y, x in ((0, 0), (down, right))
    )
    output = torch.stack((first, second))
    assert float(consistency(output, torch.tensor([[down, right]]))) == 0
    assert float(consistency(output, torch.tensor([[down, right + 1]]))) > 0.1


def test_what_differs_where_both_show_the_same_costs_its_mean():
    output = RNG.random((4, 1, 6, 6))
    moves = torch.tensor([[1, -2], [0, 0]])
    moved = np.abs(output[0, 0, 1:, :-2] - output[2, 0, :-1, 2:])
    still = np.abs(output[1, 0] - output[3, 0])
    expected = (moved.sum() + still.sum()) / (moved.size + still.size)
    assert float(consistency(torch.from_numpy(output), moves)) == pytest.approx(expected, rel=1e-12)
