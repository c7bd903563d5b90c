import pytest
import torch

from vsr.models.catalog import build
from vsr.models.srgan import SeparableConv
from vsr.training.network.forms import (
    CellTail,
    ComposedConv,
    plain_form,
    set_learning,
    training_form,
)


@pytest.mark.parametrize("has_bias", [False, True])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_composed_convolution_is_the_separable_one(has_bias, stride):
    torch.manual_seed(1)
    separable = SeparableConv(4, 6, 3, stride=stride, has_bias=has_bias).double()
    x = torch.rand(2, 4, 9, 9, dtype=torch.float64)
    assert torch.allclose(ComposedConv(separable)(x), separable(x), atol=1e-12)


@pytest.mark.parametrize("is_composed", [False, True])
@pytest.mark.parametrize("name", ["swift-srgan", "srgan", "dpsrgan"])
def test_a_form_has_the_same_function_gradients_and_names(name, is_composed):
    torch.manual_seed(1)
    net, twin = (build(name, 4).double() for _ in range(2))
    twin.load_state_dict(net.state_dict())
    form = training_form(twin, 1, is_reparameterised=False, is_composed=is_composed)
    assert any(isinstance(module, CellTail) for module in form.modules())
    assert [n for n, _ in form.named_parameters()] == [n for n, _ in net.named_parameters()]
    assert list(form.state_dict()) == list(net.state_dict())
    x = torch.rand(2, 3, 6, 6, dtype=torch.float64)
    assert torch.allclose(form(x), net(x), atol=1e-12)
    for one in (net, form):
        one(x).square().mean().backward()
    for (parameter, mine), theirs in zip(form.named_parameters(), net.parameters(), strict=True):
        if theirs.grad is not None:  # the published network has slopes it never uses
            assert torch.allclose(mine.grad, theirs.grad, atol=1e-10), parameter


@pytest.mark.parametrize("name", ["swift-srgan", "srgan", "lite"])
def test_the_plain_form_computes_what_the_training_form_does(name):
    torch.manual_seed(1)
    net = build(name, 4)
    x = torch.rand(1, 1 if name == "lite" else 3, 8, 8)
    before = net.eval()(x)
    form = training_form(net, 1, is_reparameterised=True, is_composed=True)
    trained = form.eval()(x)
    back = plain_form(form).eval()
    assert type(back) is type(build(name, 4))
    assert not any(isinstance(module, ComposedConv | CellTail) for module in back.modules())
    assert torch.allclose(trained, before, atol=1e-5)
    assert torch.allclose(back(x), before, atol=1e-5)


def test_frozen_norm_learns_its_scale_but_keeps_its_statistics():
    net = build("srgan", 2)
    set_learning(net, is_norm_frozen=True)
    before = net.mid_bn.running_mean.clone()
    net(torch.rand(2, 3, 8, 8)).mean().backward()
    assert torch.equal(net.mid_bn.running_mean, before)
    assert net.mid_bn.weight.grad is not None
