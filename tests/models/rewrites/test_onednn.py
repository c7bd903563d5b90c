import pytest
import torch
from torch import nn

from tests.upscaling.toys import pass_spec, plain, swift
from vsr.models.rewrites.fuse import fuse
from vsr.models.rewrites.onednn import PostOpConv, with_post_ops
from vsr.upscaling.passes.folding import fold

NETS = {
    "folded": lambda: fold(plain(2), pass_spec())[1],
    "plain": lambda: fuse(plain(2)),
    "swift-srgan": lambda: fuse(swift()),
}


@pytest.mark.parametrize("name", NETS)
def test_merged_is_unmerged(name):
    net = NETS[name]().to(memory_format=torch.channels_last)
    merged = with_post_ops(net, 3)
    picture = torch.rand(1, 3, 13, 17).to(memory_format=torch.channels_last)
    with torch.inference_mode():
        torch.testing.assert_close(merged(picture), net(picture), rtol=1e-4, atol=1e-3)


def test_every_relu_and_the_base_are_merged():
    merged = with_post_ops(NETS["folded"](), 3)
    kinds = [type(module) for module in merged.children()]
    assert kinds.count(PostOpConv) == 4
    assert kinds.count(nn.Conv2d) == 1


class TwoReaders(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x):
        y = self.conv(x)
        return torch.relu(y) + y


def test_a_convolution_with_two_readers_keeps_its_own_output():
    net = TwoReaders()
    picture = torch.randn(1, 3, 8, 8)
    with torch.inference_mode():
        torch.testing.assert_close(with_post_ops(net, 3)(picture), net(picture))


def test_without_the_operator_the_network_stays_as_it_is(monkeypatch):
    def broken(self, *inputs):
        raise RuntimeError("no such operator")

    monkeypatch.setattr(PostOpConv, "forward", broken)
    net = NETS["folded"]()
    assert with_post_ops(net, 3) is net
