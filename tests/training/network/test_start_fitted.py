"""A plain network starts from one with slopes, or with more layers, by least squares."""

from functools import cache

import pytest
import torch
from safetensors.torch import save_file

from vsr.errors import InvalidCheckpoint
from vsr.models.int8 import pictures
from vsr.models.plain import Compact, Plain
from vsr.training.network.start import start
from vsr.training.network.start_fitted import check_fits, fit, is_fitted

pytestmark = pytest.mark.usefixtures("one_thread")


@cache
def scenes():
    return torch.from_numpy(pictures.scenes()) / 255


def compact(channels=12, depth=4, scale=2, low=-0.4, high=1.2):
    torch.manual_seed(3)
    net = Compact(scale, channels, depth)
    for activation in net.activations:
        torch.nn.init.uniform_(activation.weight, low, high)
    return net.eval().requires_grad_(False)


def error(net, source):
    """Return the squared error of what is added to the base, relative to what is added."""
    x = scenes()[18:]
    wanted = source(x)
    base = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
    return float((net(x) - wanted).square().mean() / (wanted - base).square().mean())


def fitted(source, depth):
    torch.manual_seed(4)
    net = Plain(source.scale, source.channels, depth).requires_grad_(False)
    fit(source, net, scenes()[:18], "x")
    return net


def test_slopes_of_0_and_1_cost_nothing():
    source = compact()
    for activation in source.activations:
        torch.nn.init.zeros_(activation.weight)
        activation.weight[::3] = 1.0
    assert error(fitted(source, 4), source) < 1e-3


def test_other_slopes_cost_little():
    source = compact()
    cut = Plain(2, 12, 4).requires_grad_(False)
    for conv, theirs in zip((cut.head, *cut.body, cut.tail), source.convolutions, strict=True):
        conv.load_state_dict(theirs.state_dict())
    near = error(fitted(source, 4), source)
    assert near < 0.02
    assert error(cut, source) > 10 * near


def test_layers_that_are_left_out_cost_more_but_not_much():
    source = compact()
    same, half = (error(fitted(source, depth), source) for depth in (4, 2))
    assert same < half < 0.2


def test_a_plain_network_loses_layers_too():
    source = fitted(compact(), 4)
    assert is_fitted(source, Plain(2, 12, 3))
    assert error(fitted(source, 3), source) < 0.1
    assert not is_fitted(source, Plain(2, 12, 4))
    assert not is_fitted(source, Plain(2, 16, 5))


def test_it_is_the_same_each_time():
    one, other = (fitted(compact(), 3).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    "other", [{"channels": 48}, {"depth": 3}, {"scale": 4}], ids=["width", "depth", "scale"]
)
def test_another_width_scale_or_fewer_layers_are_refused(other):
    with pytest.raises(InvalidCheckpoint, match=r"x: a network of ×\d, \d+ channels, \d layers"):
        check_fits(compact(**other), Plain(2, 12, 4), "x")


@pytest.mark.parametrize("factor", [1e16, 1e20])
def test_weights_that_overflow_are_refused(factor):
    source = compact()
    for conv in source.convolutions[:1] if factor < 1e20 else source.convolutions:
        conv.weight.mul_(factor)
    with pytest.raises(InvalidCheckpoint, match="x: weights beyond 60,000, or none that fit"):
        fitted(source, 4)


def test_a_run_starts_from_a_file(tmp_path):
    source = compact(48, 9, 4)
    save_file(source.state_dict(), tmp_path / "x.safetensors")
    asked = []

    def some(colour):
        asked.append(colour)
        return scenes()[:4]

    file = str(tmp_path / "x.safetensors")
    net = start("fast", 4, 1, file, some)
    assert asked == ["rgb"]
    assert net.training
    assert all(value.requires_grad for value in net.parameters())
    unfitted = start("fast", 4, 1, None).state_dict()
    assert torch.equal(start("fast", 4, 1, file).head.weight, unfitted["head.weight"])
    assert not torch.equal(net.head.weight, unfitted["head.weight"])
