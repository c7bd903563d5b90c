"""The radius is exactly how far an input pixel reaches: shown by where gradients are."""

import pytest
import torch
from torch import nn

from vsr.errors import InvalidOption
from vsr.models.plain import Plain, fast, lite, quality
from vsr.models.srgan import DPSRGAN, SRGAN, SwiftSRGAN
from vsr.models.traits import Traits, traits_of


def support(net):
    """How far from a middle cell of outputs an input has a gradient, in input pixels.

    A network on cells of several pixels is asked for each pixel of a cell.
    """
    net = positive(net).double().eval()
    reach = -(-(traits_of(net).radius + 3) // net.multiple) * net.multiple
    return max(_support_of_row(net, reach, reach + place) for place in range(net.multiple))


def _support_of_row(net, reach, row):
    x = torch.full((1, 3 if net.colour == "rgb" else 1, 2 * reach + net.multiple, 12), 0.5).double()
    x.requires_grad_()
    y = net(x)
    s = net.scale
    y[:, :, row * s : (row + 1) * s].sum().backward()
    rows = x.grad.abs().sum(dim=(0, 1, 3)).nonzero().flatten()
    return int(max(row - rows.min(), rows.max() - row))


def positive(net):
    """Small positive weights: no two paths cancel, no ReLU is shut, no tanh saturates."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            fan = module.weight[0].numel()
            nn.init.constant_(module.weight, 0.1 / fan)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return net


@pytest.mark.parametrize(
    "net",
    [
        Plain(2, 4, 3),
        Plain(4, 4, 3, "luma"),
        SwiftSRGAN(2, 4, 2),
        SwiftSRGAN(4, 4, 2),
        SRGAN(2, 4, 2),
        SRGAN(4, 4, 2),
        DPSRGAN(2, 4, 3),
        DPSRGAN(4, 4, 3, dilation=3),
    ],
    ids=lambda net: f"{net.architecture}-x{net.scale}",
)
def test_the_radius_is_the_support_of_the_gradient_on_small_networks(net):
    assert traits_of(net).radius == support(net)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("build", "radius"),
    [(fast, 10), (quality, 18), (lite, 6), (SwiftSRGAN, 40), (SRGAN, 40), (DPSRGAN, 64)],
)
def test_the_radius_is_the_support_of_the_gradient_on_whole_networks(build, radius):
    net = build(4)
    assert traits_of(net).radius == radius == support(net)


def test_looking_at_a_network_changes_nothing_in_it():
    net = SRGAN(4, 8, 1).train()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    traits_of(net)
    assert net.training
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())


def test_an_enlargement_that_mixes_neighbours_has_no_known_radius():
    net = Plain(2, 4, 1)
    net.shuffle = nn.Upsample(scale_factor=2, mode="bilinear")
    with pytest.raises(ValueError, match="only enlarging by repeating"):
        traits_of(net)


def test_impossible_traits_cannot_be_built():
    with pytest.raises(InvalidOption):
        Traits(architecture="plain", scale=0, colour="rgb", radius=1, has_linear_tail=True)
