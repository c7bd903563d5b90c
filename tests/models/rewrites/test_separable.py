import pytest
import torch
from torch import fx, nn

from vsr.models.rewrites.fuse import Traced, merge_separable


def merged(net: nn.Module) -> fx.GraphModule:
    graph = fx.symbolic_trace(net)
    merge_separable(Traced(graph))
    return graph


def separable(side: int, *, has_bias: bool, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    torch.manual_seed(3)
    padding = dilation * (side // 2)
    depthwise = nn.Conv2d(6, 6, side, stride, padding, dilation, groups=6, bias=has_bias)
    return nn.Sequential(depthwise, nn.Conv2d(6, 11, 1, bias=has_bias)).double()


@pytest.mark.parametrize("has_bias", [True, False], ids=["bias", "none"])
@pytest.mark.parametrize(("side", "stride", "dilation"), [(3, 1, 1), (9, 1, 1), (3, 2, 2)])
def test_one_dense_convolution_does_what_both_did(side, stride, dilation, has_bias):
    net = separable(side, has_bias=has_bias, stride=stride, dilation=dilation)
    dense = merged(net)
    picture = torch.randn(1, 6, 7, 10, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(dense(picture), net(picture), rtol=0, atol=1e-10)
    convs = [module for module in dense.modules() if isinstance(module, nn.Conv2d)]
    assert [(conv.groups, conv.kernel_size) for conv in convs] == [(1, (side, side))]


class TwoReaders(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(4, 4, 3, padding=1, groups=4)
        self.pointwise = nn.Conv2d(4, 4, 1)

    def forward(self, x):
        y = self.depthwise(x)
        return self.pointwise(y) + y


@pytest.mark.parametrize(
    "net",
    [
        TwoReaders(),
        nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 1)),
        nn.Sequential(nn.Conv2d(4, 4, 3, padding=1, groups=4), nn.Conv2d(4, 4, 1, padding=1)),
    ],
    ids=["two readers", "dense first", "padded second"],
)
def test_what_is_not_a_separable_convolution_stays(net):
    assert sum(isinstance(module, nn.Conv2d) for module in merged(net).modules()) == 2
