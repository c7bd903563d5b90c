"""The training form of int8: what the integers compute, with gradients."""

import pytest
import torch

from tests.upscaling.toys import plain
from vsr.models.int8.convolution import refusal
from vsr.models.int8.features import quantise
from vsr.models.int8.network import with_integers
from vsr.training.network.forms import plain_form, training_form
from vsr.training.network.rounded_plain import RoundedPlain
from vsr.training.run.state import Average

pytestmark = pytest.mark.skipif(refusal() is not None, reason=str(refusal()))


@pytest.fixture(scope="module", params=[False, True], ids=["as it is", "standardised"])
def rounded(request) -> RoundedPlain:
    net = training_form(
        plain(), 1, is_reparameterised=False, is_rounded=True, is_standardised=request.param
    )
    assert isinstance(net, RoundedPlain)
    assert bool(net.means.any()) == request.param
    net.take_ranges()
    return net


def picture() -> torch.Tensor:
    always = torch.Generator().manual_seed(3)
    return torch.randint(0, 256, (1, 3, 24, 24), generator=always).float() / 255


@torch.no_grad()
def test_it_computes_what_the_integers_do_up_to_their_compensation(rounded):
    whole = with_integers(plain(), quantise(plain()))
    x = picture().contiguous(memory_format=torch.channels_last)
    one, other, exact = rounded(x), whole(x), rounded.exact(x)
    assert 0 < (one - exact).abs().mean() < 0.5 / 255
    assert (one - other).abs().mean() < 0.5 / 255


def test_gradients_pass_the_rounding(rounded):
    rounded(picture()).square().mean().backward()
    for parameter in rounded.parameters():
        assert parameter.grad is not None
        assert parameter.grad.abs().max() > 0
    rounded.zero_grad(set_to_none=True)


def test_the_network_to_export_has_the_weights_and_nothing_else(rounded):
    assert plain_form(rounded).state_dict().keys() == plain().state_dict().keys()
    torch.testing.assert_close(plain_form(rounded)(picture()), plain()(picture()))


def test_an_average_of_weights_leaves_the_ranges(rounded):
    ranges = rounded.steps.clone()
    average = Average(rounded, 0.5)
    average.update(9)
    average.swap()
    assert torch.equal(rounded.steps, ranges)
    average.swap()
