"""Folded colour is never clamped in RGB; where nothing would be, that makes no difference."""

import numpy as np
import pytest
import torch

from tests.benchmarks.clamping import clamped, folded
from tests.upscaling.toys import pass_spec, plain
from vsr.device.yuv import YuvFormat, planes_of
from vsr.frames import Layout
from vsr.values import Size

SIZE = Size(32, 24)


def planes_in_gamut(given: YuvFormat, low: float, high: float) -> tuple[torch.Tensor, ...]:
    """Codes of smooth RGB that stays between two amplitudes."""
    torch.manual_seed(5)
    noise = torch.rand(1, 3, SIZE.height // 4, SIZE.width // 4)
    rgb = torch.nn.functional.interpolate(noise, (SIZE.height, SIZE.width), mode="bilinear")
    return planes_of(low + (high - low) * rgb, given)


def apart(one, other) -> int:
    return max(
        int(np.abs(a.numpy().astype(int) - b.numpy().astype(int)).max())
        for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("layout", [Layout(8, 1, 1), Layout(10, 1, 0), Layout(8, 0, 0)], ids=str)
def test_in_gamut_both_ways_agree(layout):
    spec, net = pass_spec(SIZE, layout=layout), plain(2)
    planes = planes_in_gamut(spec.source_format, 0.25, 0.75)
    # a value on a rounding edge may fall either way
    assert apart(folded(net, spec, planes), clamped(net, spec, planes)) <= 1


def test_out_of_gamut_only_the_folded_way_keeps_what_the_codes_hold():
    spec, net = pass_spec(SIZE), plain(2)
    planes = planes_in_gamut(spec.source_format, -0.05, 1.05)
    assert apart(folded(net, spec, planes), clamped(net, spec, planes)) > 3
