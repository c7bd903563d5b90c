"""Chroma averaged over the source's pixels: steps of their period go, all else stays."""

import numpy as np
import pytest
import torch

from tests.upscaling.toys import compact, frame, model_of, pass_spec, plain, srgan
from vsr.device.yuv import tensor_of
from vsr.frames import Layout
from vsr.upscaling.passes.even_colour import SINGLE, cell_of, evened
from vsr.upscaling.passes.folding import route
from vsr.values import Size

HALVED, WHOLE, GRAY = Layout(8, 1, 1), Layout(8, 0, 0), Layout(8, 0, 0, is_gray=True)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_staircase_becomes_the_ramp_it_stands_for(count):
    steps = torch.arange(8.0).repeat_interleave(count).expand(1, 2, 8 * count, -1)
    inner = evened(steps, (1, count))[..., 2 * count : -2 * count]
    expected = torch.full_like(inner[..., 1:], 1 / count)
    torch.testing.assert_close(inner.diff(dim=3), expected)
    torch.testing.assert_close(evened(steps.mT, (count, 1)).mT[..., 2 * count : -2 * count], inner)


@pytest.mark.parametrize("count", [2, 4])
def test_a_pattern_of_the_cells_period_vanishes_and_a_field_stays(count):
    pattern = torch.randn(1, 2, count, count, generator=torch.Generator().manual_seed(0))
    even = evened(pattern.repeat(1, 1, 6, 6), (count, count))[..., count:-count, count:-count]
    torch.testing.assert_close(even, pattern.mean((2, 3), keepdim=True).expand_as(even))
    field = torch.full((1, 2, 1, 3), 0.375)
    assert torch.equal(evened(field, (count, count)), field)


def test_it_is_for_plain_networks_of_colour_and_for_chroma_that_was_halved():
    assert cell_of(plain(4), pass_spec(scale=4, layout=HALVED)) == (2, 2)
    assert cell_of(plain(4), pass_spec(scale=4, layout=Layout(8, 1, 0))) == (1, 2)
    wide = pass_spec(scale=4, layout=HALVED, output_layout=WHOLE)
    assert cell_of(plain(4), wide) == (4, 4)
    resized = pass_spec(scale=4, layout=HALVED, output=Size(100, 70))
    assert cell_of(plain(4), resized) == (2, 2)
    # one sample for each pixel of the source holds no step of its own
    assert cell_of(plain(2), pass_spec(scale=2, layout=HALVED)) == SINGLE
    for net, spec in (
        (plain(4), pass_spec(scale=4, layout=WHOLE)),
        (plain(4), pass_spec(scale=4, layout=GRAY, output_layout=HALVED)),
        (plain(4), pass_spec(scale=4, layout=HALVED, output_layout=GRAY)),
        (plain(4, "luma"), pass_spec(scale=4, layout=HALVED)),
        (compact(4), pass_spec(scale=4, layout=HALVED)),
        (srgan(4), pass_spec(scale=4, layout=HALVED)),
    ):
        assert cell_of(net, spec) == SINGLE


def nearest():
    """Return a plain network that has learned nothing: what it makes is the nearest pixel."""
    net = plain(4)
    torch.nn.init.zeros_(net.tail.weight)
    torch.nn.init.zeros_(net.tail.bias)
    return net


def ramps(layout: Layout, size: Size) -> list[torch.Tensor]:
    """Return planes of flat luma, and of chroma that rises by 8 codes a sample to the right."""
    flat = frame(size, layout)
    luma = np.full_like(flat.planes[0], 120)
    columns = flat.planes[1].shape[1]
    rising = np.broadcast_to(8 * np.arange(columns, dtype=luma.dtype) + 40, flat.planes[1].shape)
    return [tensor_of(plane) for plane in (luma, rising.copy(), rising.copy())]


@pytest.mark.parametrize(
    ("output", "target"),
    [
        (Size(160, 112), HALVED),
        (Size(160, 112), WHOLE),
        (Size(120, 84), HALVED),
        (Size(120, 84), WHOLE),
    ],
    ids=["folded", "folded, whole chroma", "resized", "resized, whole chroma"],
)
def test_a_ramp_of_chroma_has_no_steps_at_the_borders_of_pixels(output, target):
    size = Size(40, 28)
    spec = pass_spec(size, 4, HALVED, output, target)
    way, net = route(model_of(nearest(), 4), spec)
    planes = ramps(HALVED, size)
    with torch.inference_mode():
        luma, cb, cr = way.complete(net(way.prepare(planes)), planes)
    assert int(luma.float().std()) == 0
    for plane in (cb, cr):
        steps = plane[:, 16:-16].int().diff(dim=1)
        assert int(steps.max() - steps.min()) <= 1
