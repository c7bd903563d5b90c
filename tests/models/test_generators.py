"""The three published generators, against the tables of their papers and code."""

import pytest
import torch

from vsr.errors import InvalidOption
from vsr.models.srgan import DPSRGAN, SRGAN, SwiftSRGAN
from vsr.models.traits import traits_of

GENERATORS = [SwiftSRGAN, SRGAN, DPSRGAN]


@pytest.mark.parametrize(
    ("build", "parameters", "macs", "radius"),
    [
        (SwiftSRGAN, 201_209, 325_427, 40),
        (SRGAN, 1_547_350, 2_218_176, 40),
        (DPSRGAN, 2_144_579, 2_808_000, 64),
    ],
)
def test_size_and_radius_are_those_of_the_table(build, parameters, macs, radius):
    traits = traits_of(build(4))
    assert (traits.parameters, traits.macs_per_pixel, traits.radius) == (parameters, macs, radius)


def test_swift_srgan_keeps_the_1088_numbers_that_nothing_uses():
    net = SwiftSRGAN(4)
    net(torch.rand(2, 3, 8, 8)).mean().backward()
    assert sum(p.numel() for p in net.parameters() if p.grad is None) == 1_088


@pytest.mark.parametrize("build", GENERATORS)
@pytest.mark.parametrize("scale", [2, 4])
def test_each_scale_has_log2_upsampling_blocks_and_enlarges_by_it(build, scale):
    net = build(scale, channels=8, depth=1)
    with torch.no_grad():
        assert net(torch.rand(1, 3, 5, 6)).shape == (1, 3, 5 * scale, 6 * scale)


@pytest.mark.parametrize("build", GENERATORS)
@pytest.mark.parametrize("scale", [1, 3, 8])
def test_another_scale_is_refused(build, scale):
    with pytest.raises(InvalidOption, match="2 or 4"):
        build(scale, channels=8, depth=1)


def test_swift_srgan_stays_between_0_and_1_and_the_linear_tails_do_not():
    x = torch.full((1, 3, 8, 8), 50.0)
    torch.manual_seed(0)
    for build in GENERATORS:
        net = build(2, channels=8, depth=1).eval()
        with torch.no_grad():
            y = net(x)
        assert bool(((y >= 0) & (y <= 1)).all()) == (not net.has_linear_tail)


def test_dpsrgan_dilates_the_first_convolution_of_every_other_block():
    net = DPSRGAN(4, channels=8, depth=4, dilation=3)
    assert [block.conv1.dilation[0] for block in net.body] == [3, 1, 3, 1]
    assert int(net.state_dict()["dilation"]) == 3


def test_an_impossible_dilation_is_refused():
    with pytest.raises(InvalidOption, match="dilation"):
        DPSRGAN(4, dilation=0)
