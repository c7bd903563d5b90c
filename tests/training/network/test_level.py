import torch

from vsr.models.plain import Plain
from vsr.models.srgan import SwiftSRGAN
from vsr.training.network.level import flat_pattern, level


def uneven() -> Plain:
    torch.manual_seed(1)
    net = Plain(4, 6, 2)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return net.eval()


def test_flat_colours_come_out_flat_on_average():
    net = uneven()
    before = flat_pattern(net).mean(dim=0).abs().max()
    after = flat_pattern(level(net)).mean(dim=0).abs().max()
    assert before > 0.01
    assert after < 1e-6


def test_the_mean_of_a_cell_and_all_but_the_last_bias_stay():
    net = uneven()
    picture = torch.rand(1, 3, 9, 9)
    pooled = torch.nn.functional.avg_pool2d(net(picture), 4)
    weights = {name: value.clone() for name, value in net.state_dict().items()}
    level(net)
    torch.testing.assert_close(torch.nn.functional.avg_pool2d(net(picture), 4), pooled)
    changed = [n for n, value in net.state_dict().items() if not torch.equal(value, weights[n])]
    assert changed == ["tail.bias"]


def test_a_pattern_that_is_seen_is_one_of_the_cell():
    net = Plain(2, 4, 1).eval()
    before = flat_pattern(net)
    with torch.no_grad():
        net.tail.bias += torch.tensor([0.4, 0.0, 0.0, 0.0] + [0.0] * 8)
    red = (flat_pattern(net) - before)[:, 0]
    torch.testing.assert_close(red, torch.tensor([[0.3, -0.1], [-0.1, -0.1]]).expand_as(red))


def test_a_network_without_a_linear_tail_is_left_as_it_is():
    net = SwiftSRGAN(4).eval()
    weights = {name: value.clone() for name, value in net.state_dict().items()}
    level(net)
    assert all(torch.equal(value, weights[name]) for name, value in net.state_dict().items())
