import pytest
import torch
from torch import nn

from tests.upscaling.toys import plain, scrambled, swift
from vsr.models.rewrites.fuse import fuse
from vsr.models.rewrites.grouped_tail import GroupedTail, with_grouped_tail
from vsr.models.srgan import SwiftSRGAN


def wide(scale: int = 2) -> SwiftSRGAN:
    torch.manual_seed(3)
    return scrambled(SwiftSRGAN(scale, channels=48, depth=1))


@pytest.mark.parametrize("scale", [2, 4])
def test_grouped_is_whole(scale):
    net = fuse(wide(scale)).double()
    picture = torch.rand(1, 3, 11, 9, dtype=torch.float64)
    with torch.no_grad():
        grouped = with_grouped_tail(net)
        torch.testing.assert_close(grouped(picture), net(picture), rtol=0, atol=1e-12)
    tails = [module for module in grouped.modules() if isinstance(module, GroupedTail)]
    assert [len(tail.branches) for tail in tails] == [3]


def test_no_group_is_wider_than_16_channels():
    grouped = with_grouped_tail(fuse(wide()))
    (tail,) = (module for module in grouped.modules() if isinstance(module, GroupedTail))
    depthwise = [m for m in tail.modules() if isinstance(m, nn.Conv2d) and m.groups > 1]
    assert [conv.in_channels for conv in depthwise] == [16, 16, 16]


@pytest.mark.parametrize("net", [plain(2), swift(2)], ids=["plain", "narrow"])
def test_networks_without_a_wide_separable_tail_are_left_alone(net):
    grouped = with_grouped_tail(net)
    assert not any(isinstance(module, GroupedTail) for module in grouped.modules())
    picture = torch.rand(1, 3, 8, 8)
    with torch.no_grad():
        torch.testing.assert_close(grouped(picture), net(picture))
