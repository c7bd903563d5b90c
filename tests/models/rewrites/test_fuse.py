import pytest
import torch
from torch import nn

from tests.upscaling.toys import dpsrgan, plain, srgan, swift
from vsr.models.rewrites.fuse import fuse

NETS = {"swift-srgan": swift, "srgan": srgan, "dpsrgan": dpsrgan, "plain": plain}


@pytest.mark.parametrize("size", [(21, 17), (2, 3), (1, 1)], ids=str)
@pytest.mark.parametrize("is_dense", [False, True], ids=["everywhere", "on a GPU"])
@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("name", NETS)
def test_fused_is_unfused(name, scale, is_dense, size):
    net = NETS[name](scale).double().eval()
    picture = torch.rand(1, 3, *size, dtype=torch.float64)
    with torch.no_grad():
        fused = fuse(net, is_dense=is_dense)(picture)
        torch.testing.assert_close(fused, net(picture), rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["swift-srgan", "srgan", "dpsrgan"])
def test_dense_leaves_no_depthwise_convolution_and_no_9x9_at_full_size(name):
    fused = fuse(NETS[name](4), is_dense=True)
    convs = [module for module in fused.modules() if isinstance(module, nn.Conv2d)]
    assert {conv.groups for conv in convs} == {1}
    large = {(c.kernel_size, c.out_channels) for c in convs if c.kernel_size > (3, 3)}
    assert large == {((9, 9), 8), ((5, 5), 12)}  # the head, and the tail on cells


@pytest.mark.parametrize("name", ["swift-srgan", "srgan", "dpsrgan"])
def test_no_batch_norm_is_left(name):
    assert not any(isinstance(module, nn.BatchNorm2d) for module in fuse(NETS[name]()).modules())


def test_the_network_itself_is_left_as_it_was():
    net = swift()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    fuse(net)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


class Branching(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.bn = nn.BatchNorm2d(3)

    def forward(self, x):
        y = self.conv(x)
        return self.bn(y) + y


def test_a_convolution_with_a_second_reader_is_not_folded():
    net = Branching().double()
    net.bn.running_mean.fill_(0.4)
    picture = torch.rand(1, 3, 8, 8, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(fuse(net)(picture), net.eval()(picture))


class Untraceable(nn.Module):
    def forward(self, x):
        return x if x.mean() > 0 else -x


def test_a_network_that_cannot_be_traced_is_left_as_it_is():
    net = Untraceable()
    assert fuse(net) is net
