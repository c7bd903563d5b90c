"""`fast`, `quality`, `lite`: their size, their start, and the form they are trained in."""

import pytest
import torch

from vsr.errors import InvalidOption
from vsr.models.plain import Plain, ReparameterisedPlain, fast, lite, quality
from vsr.models.traits import traits_of


@pytest.mark.parametrize(
    ("net", "parameters", "macs", "radius"),
    [
        (fast(4), 188_400, 187_920, 10),
        (quality(4), 620_336, 619_200, 18),
        (lite(4), 11_760, 11_664, 6),
    ],
    ids=["fast", "quality", "lite"],
)
def test_the_size_is_that_of_the_table(net, parameters, macs, radius):
    traits = traits_of(net)
    assert (traits.parameters, traits.macs_per_pixel, traits.radius) == (parameters, macs, radius)


@pytest.mark.parametrize("build", [fast, quality, lite])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_every_scale_enlarges_by_that_scale(build, scale):
    net = build(scale)
    channels = 1 if net.colour == "luma" else 3
    with torch.no_grad():
        assert net(torch.rand(2, channels, 5, 7)).shape == (2, channels, 5 * scale, 7 * scale)


@pytest.mark.parametrize("scale", [0, 1, 5, 8])
@pytest.mark.parametrize("build", [fast, quality, lite])
def test_another_scale_is_refused(build, scale):
    with pytest.raises(InvalidOption, match="2, 3 or 4"):
        build(scale)


def test_the_keys_are_head_body_and_tail():
    assert {key.split(".")[0] for key in fast(2).state_dict()} == {"head", "body", "tail"}


@pytest.mark.parametrize("form", [Plain, ReparameterisedPlain])
def test_an_untrained_network_is_close_to_nearest_and_passes_features_on(form):
    torch.manual_seed(0)
    net = form(4, 48, 8)
    x = torch.rand(1, 3, 12, 12)
    nearest = x.repeat_interleave(4, 2).repeat_interleave(4, 3)
    with torch.no_grad():
        assert (net(x) - nearest).std() < 0.3
        first = torch.relu(net.head(x))
        features = first
        for conv in net.body:
            features = torch.relu(conv(features))
    assert torch.corrcoef(torch.stack([first.flatten(), features.flatten()]))[0, 1] > 0.8


@pytest.mark.parametrize("colour", ["rgb", "luma"])
def test_the_training_form_collapses_to_the_plain_one_exactly(colour):
    torch.manual_seed(1)
    net = ReparameterisedPlain(4, 12, 3, colour).double()
    x = torch.rand(2, 3 if colour == "rgb" else 1, 9, 8, dtype=torch.float64)
    plain = net.plain()
    assert isinstance(plain, Plain)
    torch.testing.assert_close(plain(x), net(x), rtol=0, atol=1e-12)


def test_a_plain_network_gets_a_training_form_that_computes_the_same():
    plain = Plain(2, 12, 3).double()
    x = torch.rand(1, 3, 9, 8, dtype=torch.float64)
    again = ReparameterisedPlain.of(plain).double()
    torch.testing.assert_close(again(x), plain(x), rtol=0, atol=1e-5)


def test_every_branch_of_the_training_form_learns():
    net = ReparameterisedPlain(2, 8, 2)
    net(torch.rand(1, 3, 8, 8)).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())
