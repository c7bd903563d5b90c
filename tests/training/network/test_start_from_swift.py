import pytest
import torch

from vsr.models.srgan import DPSRGAN, SRGAN, SwiftSRGAN
from vsr.training.network.start_from_smaller import TANH_SLOPE, densify


def seasoned(slope: float | None) -> SwiftSRGAN:
    """A network whose batch norm has seen something; with one slope everywhere if given."""
    torch.manual_seed(1)
    net = SwiftSRGAN(4, channels=8, depth=2).double()
    for _ in range(5):
        net(torch.rand(2, 3, 8, 8, dtype=torch.float64))
    for name, value in net.named_parameters():
        if slope is not None and name.endswith("act.weight"):
            torch.nn.init.constant_(value, slope)
    return net.eval()


def linear_tail(net: SwiftSRGAN, x: torch.Tensor) -> torch.Tensor:
    """What the network makes before its tanh, on the line that stands for it."""
    return 0.5 + TANH_SLOPE * torch.atanh(2 * net(x) - 1)


@pytest.mark.parametrize(("kind", "slope"), [(SRGAN, 0.25), (DPSRGAN, None)])
def test_a_dense_network_computes_what_the_separable_one_did_before_its_tail(kind, slope):
    source, target = seasoned(slope), kind(4, channels=8, depth=2).double().eval()
    densify(source, target)
    x = torch.rand(1, 3, 9, 9, dtype=torch.float64)
    assert torch.allclose(target(x), linear_tail(source, x), atol=1e-6)


@pytest.mark.parametrize(("channels", "depth"), [(16, 2), (8, 1), (8, 3)])
def test_another_width_or_depth_is_refused(channels, depth):
    with pytest.raises((RuntimeError, KeyError)):
        densify(seasoned(0.25), SRGAN(4, channels=channels, depth=depth))
