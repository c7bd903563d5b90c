from math import exp, sqrt

import pytest
import torch

from vsr.training.losses.cells import SIDE, SMOOTHNESS, smooth, smoothness


def test_an_error_on_a_flat_picture_counts_whole():
    truth = torch.full((1, 3, 16, 16), 0.4, dtype=torch.float64)
    assert float(smooth(truth + 0.1, truth)) == pytest.approx(0.1)


def test_stripes_count_by_their_deviation():
    half = SMOOTHNESS / 2
    stripes = 0.5 + half * (torch.arange(21, dtype=torch.float64) % 2 * 2 - 1)
    truth = stripes.expand(1, 3, 21, 21)
    unevenness = sqrt(1 - 1 / SIDE**2)  # a window of odd side has a stripe more of one kind
    inner = smoothness(truth)[..., SIDE:-SIDE, SIDE:-SIDE]
    expected = torch.full_like(inner, exp(-half * unevenness / SMOOTHNESS))
    torch.testing.assert_close(inner, expected)


def test_texture_may_be_wrong_for_next_to_nothing():
    torch.manual_seed(0)
    truth, output = torch.rand(2, 1, 3, 32, 32)
    assert smooth(output, truth) < 1e-3 * (output - truth).abs().mean()
