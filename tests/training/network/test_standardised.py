"""A plain network learns as if its features had mean 0 and deviation 1, and exports what it was."""

import pytest
import torch

from vsr.models.int8 import pictures
from vsr.models.plain import Plain
from vsr.training.network.forms import plain_form, training_form
from vsr.training.network.standardised_plain import StandardisedPlain

pytestmark = pytest.mark.usefixtures("one_thread")


def drawn(colour="rgb"):
    torch.manual_seed(5)
    net = Plain(2, 8, 3, colour)
    for conv in (net.head, *net.body):
        torch.nn.init.uniform_(conv.bias, 1.0, 3.0)  # features far from 0
    return net


def scenes(colour="rgb"):
    codes = torch.from_numpy(pictures.scenes()[:6]) / 255
    return codes if colour == "rgb" else codes[:, 1:2]


@pytest.mark.parametrize("colour", ["rgb", "luma"])
def test_it_computes_what_the_network_does_and_gives_it_back(colour):
    net, x = drawn(colour), scenes(colour)
    expected = net(x)
    form = training_form(net, 1, is_reparameterised=False, is_standardised=True)
    assert isinstance(form, StandardisedPlain)
    assert torch.allclose(form(x), expected, atol=1e-4)
    back = plain_form(form)
    assert type(back) is Plain
    assert torch.allclose(back(x), expected, atol=1e-4)


def test_gradients_see_no_mean():
    """A shift of all features at once is the bias's alone to learn."""
    form = StandardisedPlain(drawn())
    features = torch.relu(form.head(torch.from_numpy(pictures.scenes()) / 255))
    standard = (features - form.means[0][:, None, None]) / form.deviations[0][:, None, None]
    assert torch.allclose(standard.mean((0, 2, 3)), torch.zeros(8), atol=1e-4)
    alive = features.std((0, 2, 3)) > 0.1 * features.mean((0, 2, 3))
    assert int(alive.sum()) >= 4
    assert torch.allclose(standard.std((0, 2, 3))[alive], torch.ones(int(alive.sum())), atol=1e-3)


def test_a_checkpoint_brings_its_means_along():
    form, other = StandardisedPlain(drawn()), StandardisedPlain(Plain(2, 8, 3))
    other.load_state_dict(form.state_dict())
    x = scenes()
    assert torch.equal(form(x), other(x))
    assert {"means", "deviations"}.isdisjoint(dict(form.named_parameters()))


def test_a_step_moves_the_function_less_than_without():
    """Adam changes each weight by as much; of features with a mean the changes add up."""
    x = scenes()

    def moved(net):
        before = net(x).detach()
        optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
        (net(x) - 0.5).abs().mean().backward()
        optimiser.step()
        return float((net(x).detach() - before).abs().mean())

    assert moved(StandardisedPlain(drawn())) < 0.5 * moved(drawn())


def test_what_hardly_varies_is_not_thrown_about_at_the_edge_of_the_frame():
    net = drawn()
    with torch.no_grad():
        net.head.weight[0], net.head.bias[0] = 1e-4, 5.0
    form = StandardisedPlain(net)
    assert float((form.means / form.deviations).max()) <= 10.01


def test_the_weights_of_what_is_hardly_ever_seen_do_not_run_away():
    net, x = drawn(), torch.from_numpy(pictures.scenes()) / 255
    with torch.no_grad():
        net.head.bias[0] -= net.head(x)[:, 0].flatten().sort().values[-20]  # 19 pixels show it
    form = StandardisedPlain(net)
    optimiser = torch.optim.Adam(form.parameters(), lr=1e-3)
    for _ in range(20):
        optimiser.zero_grad()
        (form(x) - 0.5).abs().mean().backward()
        optimiser.step()
    moved = (form.weights()["body.0.weight"] - net.body[0].weight).abs().amax((0, 2, 3))
    assert 0 < moved[0] < 3 * moved[1:].max()


def test_a_layer_that_is_dead_there_keeps_its_scale():
    net = drawn()
    with torch.no_grad():
        net.head.weight.zero_()
        net.head.bias.fill_(-1.0)
    assert torch.equal(StandardisedPlain(net).deviations[0], torch.ones(8))
