import pytest
import torch

from vsr.errors import InvalidOption
from vsr.models.plain import Plain
from vsr.models.srgan import SRGAN
from vsr.training.losses.weight_path import EVERY, WeightPath
from vsr.training.network.forms import plain_weights
from vsr.training.network.standardised_plain import StandardisedPlain

LOW = torch.rand(2, 3, 12, 12, generator=torch.Generator().manual_seed(1))


def drawn(seed):
    torch.manual_seed(seed)
    return Plain(2, 4, 2)


def weights(net):
    return dict(net.named_parameters())


def path_to(net):
    return WeightPath(({k: v.detach() for k, v in net.state_dict().items()},), Plain(2, 4, 2))


def test_a_network_is_on_the_line_to_itself():
    net = drawn(1)
    value = path_to(net).term(weights(net), LOW, net(LOW), step=0)
    assert value.item() == pytest.approx(0, abs=1e-7)


def test_lines_that_bend_are_told_and_lead_back():
    net = drawn(1)
    path = path_to(drawn(2))
    before = path.term(weights(net), LOW, net(LOW), step=0).item()
    assert before > 1e-3
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-2)
    for _ in range(20):
        optimiser.zero_grad()
        path.term(weights(net), LOW, net(LOW), step=0).backward()
        optimiser.step()
    assert path.term(weights(net), LOW, net(LOW), step=0).item() < before / 2


def test_standardised_features_are_on_the_same_line_and_lead_back():
    net, path = drawn(1), path_to(drawn(2))
    form = StandardisedPlain(net)
    value = path.term(plain_weights(form), LOW, form(LOW), step=0)
    assert value.item() == pytest.approx(
        path.term(weights(net), LOW, net(LOW), step=0).item(), rel=1e-4
    )
    value.backward()
    assert all(value.grad.abs().sum() > 0 for value in form.parameters())


def test_waves_of_a_blend_in_smooth_places_count_beside_its_error(monkeypatch):
    net, path = drawn(1), path_to(drawn(2))
    smooth = LOW.mean((2, 3), keepdim=True).expand_as(LOW)  # waves come from the networks alone
    whole = path.term(weights(net), smooth, net(smooth), step=0).item()
    monkeypatch.setattr("vsr.training.losses.weight_path.RIPPLES", 0.0)
    error = path.term(weights(net), smooth, net(smooth), step=0).item()
    assert whole > 1.5 * error > 0


def test_a_black_picture_has_a_finite_gradient():
    net, path = Plain(2, 4, 2), path_to(drawn(2))
    for value in net.parameters():
        torch.nn.init.zeros_(value)  # what it makes is as flat as what it sees
    flat = torch.zeros_like(LOW)
    path.term(weights(net), flat, net(flat), step=0).backward()
    assert all(value.grad.isfinite().all() for value in net.parameters())


def test_most_steps_do_without_and_one_step_sees_the_same_twice():
    net, path = drawn(1), path_to(drawn(2))
    output = net(LOW)
    assert [path.term(weights(net), LOW, output, step).item() > 0 for step in range(EVERY + 1)] == [
        True, *[False] * (EVERY - 1), True,
    ]  # fmt: skip
    assert torch.equal(
        path.term(weights(net), LOW, output, 0), path.term(weights(net), LOW, output, 0)
    )


def test_the_other_end_is_not_learnt():
    net, other = drawn(1), drawn(2)
    path_to(other).term(weights(net), LOW, net(LOW), step=0).backward()
    assert all(value.grad is not None for value in net.parameters())
    assert all(value.grad is None for value in other.parameters())


def test_only_networks_of_one_shape_have_a_line_between_them():
    with pytest.raises(InvalidOption, match="needs a plain network"):
        WeightPath.towards("fast", SRGAN(4), torch.device("cpu"))
    with pytest.raises(InvalidOption, match="not of this network's shape"):
        WeightPath.towards("fast", Plain(4, 8, 2), torch.device("cpu"))


def test_a_network_with_flavours_has_several_lines():
    path = WeightPath.towards("fast", Plain(4, 48, 8), torch.device("cpu"))
    assert len(path.ends) == 5
    assert len(WeightPath.towards("quality", Plain(4, 64, 16), torch.device("cpu")).ends) == 1
