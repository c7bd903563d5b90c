import pytest
import torch

from vsr.models.srgan import DPSRGAN, SRGAN
from vsr.training.network.start_from_smaller import deepen, transplant


def seasoned() -> SRGAN:
    """A network whose batch norm has seen something and whose slopes differ."""
    torch.manual_seed(1)
    net = SRGAN(4, channels=8, depth=3).double()
    for index, (name, value) in enumerate(net.named_parameters()):
        if "act" in name:
            torch.nn.init.constant_(value, 0.05 * index / 3)
    for _ in range(5):
        net(torch.rand(2, 3, 8, 8, dtype=torch.float64))
    return net.eval()


@pytest.mark.parametrize("dilation", [1, 2])
def test_the_deeper_network_computes_what_the_other_did(dilation):
    source = seasoned()
    target = DPSRGAN(4, channels=8, depth=3, dilation=dilation).double().eval()
    transplant(source, target, "weights")
    x = torch.rand(1, 3, 9, 7, dtype=torch.float64)
    torch.testing.assert_close(target(x), source(x), atol=1e-6, rtol=0)
    assert int(target.dilation) == dilation


@pytest.mark.parametrize(("channels", "depth"), [(16, 3), (8, 2), (8, 4)])
def test_another_width_or_depth_is_refused(channels, depth):
    with pytest.raises((RuntimeError, KeyError)):
        deepen(seasoned(), DPSRGAN(4, channels=channels, depth=depth))
