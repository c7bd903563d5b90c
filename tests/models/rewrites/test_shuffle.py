import pytest
import torch
from torch import fx, nn

from tests.benchmarks.swift_tail import tails
from vsr.models.rewrites.fuse import Traced, lift_convolutions, move_slopes
from vsr.models.srgan import SwiftSRGAN

SIZES = [(1, 1), (1, 4), (2, 2), (3, 5), (7, 6)]
"""Down to pictures that are smaller than the reach of a 9×9, odd and even."""


def traced(net: nn.Module, rewrite) -> fx.GraphModule:
    graph = fx.symbolic_trace(net)
    rewrite(Traced(graph))
    return graph


def assert_equal(one: nn.Module, other: nn.Module, channels: int, size: tuple[int, int]) -> None:
    picture = torch.randn(2, channels, *size, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(one(picture), other(picture), rtol=0, atol=1e-10)


@pytest.mark.parametrize("slopes", [1, 3])
@pytest.mark.parametrize("ratio", [2, 3])
def test_slopes_commute_with_the_shuffle(ratio, slopes):
    act = nn.PReLU(slopes)
    nn.init.uniform_(act.weight, -0.5, 0.9)
    net = nn.Sequential(nn.PixelShuffle(ratio), act).double()
    moved = traced(net, move_slopes)
    assert [type(module) for module in moved.children()] != [type(m) for m in net.children()]
    assert_equal(moved, net, 3 * ratio**2, (4, 5))


@pytest.mark.parametrize("has_bias", [True, False], ids=["bias", "none"])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(("side", "ratio"), [(9, 2), (9, 4), (5, 2), (7, 3)])
def test_a_convolution_of_cells_is_that_of_the_picture_to_the_border(side, ratio, size, has_bias):
    """Zero padding behind the shuffle is zero padding before it."""
    torch.manual_seed(side)
    conv = nn.Conv2d(5, 3, side, padding=side // 2, bias=has_bias)
    net = nn.Sequential(nn.PixelShuffle(ratio), conv).double()
    lifted = traced(net, lift_convolutions)
    assert [type(module) for module in lifted.children()] == [nn.Conv2d, nn.PixelShuffle]
    assert_equal(lifted, net, 5 * ratio**2, size)


def test_the_9x9_behind_a_doubling_becomes_a_5x5():
    net = nn.Sequential(nn.PixelShuffle(2), nn.Conv2d(64, 3, 9, padding=4))
    (conv,) = (m for m in traced(net, lift_convolutions).modules() if isinstance(m, nn.Conv2d))
    assert (conv.in_channels, conv.out_channels, conv.kernel_size) == (256, 12, (5, 5))
    assert (conv.weight != 0).double().mean().item() == pytest.approx(0.81)


@pytest.mark.parametrize(
    "conv",
    [
        nn.Conv2d(4, 4, 3, padding=1),
        nn.Conv2d(4, 4, 9, padding=4, groups=4),
        nn.Conv2d(4, 4, 9, padding=4, stride=2),
        nn.Conv2d(4, 4, 9),
        nn.Conv2d(4, 4, 9, padding=4, padding_mode="reflect"),
    ],
    ids=["mostly zeros", "depthwise", "strided", "unpadded", "reflecting"],
)
def test_a_convolution_that_does_not_pay_or_fit_stays_behind(conv):
    net = nn.Sequential(nn.PixelShuffle(2), conv)
    assert [type(m) for m in traced(net, lift_convolutions).children()] == [
        nn.PixelShuffle,
        nn.Conv2d,
    ]


def test_the_three_forms_of_swiftsrgans_last_layer_that_are_timed_are_equal():
    net = SwiftSRGAN(4, channels=8, depth=1).eval().requires_grad_(False)
    forms = tails(net)
    assert list(forms) == ["lifted", "padded", "unlifted"]
    picture = torch.rand(1, 3, 9, 7)
    for form in forms.values():
        torch.testing.assert_close(form(picture), net(picture), rtol=1e-4, atol=1e-5)
    outputs = {name: last_conv(form).out_channels for name, form in forms.items()}
    assert outputs == {"lifted": 12, "padded": 16, "unlifted": 3}


def last_conv(net: nn.Module) -> nn.Conv2d:
    seen: list[nn.Conv2d] = []
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda module, *_: seen.append(module))
    net(torch.rand(1, 3, 9, 7))
    return seen[-1]
