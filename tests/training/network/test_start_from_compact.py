import pytest
import torch
from safetensors.torch import save_file

from vsr.errors import InvalidCheckpoint
from vsr.models.plain import Compact, Plain, quality
from vsr.training.network.forms import lead_slopes, plain_form, training_form
from vsr.training.network.plain_forms import SlopedPlain, sloped
from vsr.training.network.start import start

X = torch.rand(1, 3, 9, 9, generator=torch.Generator().manual_seed(1))


def drawn(channels=6, depth=3, scale=4):
    torch.manual_seed(3)
    net = Compact(scale, channels, depth)
    for activation in net.activations:
        torch.nn.init.uniform_(activation.weight, -0.5, 1.5)
    return net


def toy():
    return sloped(drawn(), Plain(4, 6, 3), "init")


def test_with_all_of_its_slopes_it_computes_what_the_compact_network_does():
    assert torch.allclose(toy()(X), drawn()(X), atol=1e-6)


def test_without_them_it_computes_what_is_exported():
    net = toy()
    with_slopes = net(X)
    lead_slopes(net, 0.0)
    exported = plain_form(net)
    assert type(exported) is Plain
    assert torch.equal(exported(X), net(X))
    assert not torch.allclose(with_slopes, net(X), atol=1e-3)


def test_half_way_every_channel_has_half_its_slope():
    net = toy()
    half = SlopedPlain(net.plain(), net.slopes / 2)
    lead_slopes(net, 0.5)
    assert torch.allclose(net(X), half(X), atol=1e-6)


def test_slopes_are_kept_by_a_checkpoint_and_not_learnt():
    net = training_form(toy(), 1, is_reparameterised=False, is_sloped=True)
    assert "slopes" not in dict(net.named_parameters())
    again = training_form(Plain(4, 6, 3), 1, is_reparameterised=False, is_sloped=True)
    again.load_state_dict(net.state_dict())
    assert torch.equal(again(X), net(X))


def test_a_run_starts_from_a_file_of_its_shape(tmp_path):
    source = drawn(64, 16)
    save_file(source.state_dict(), tmp_path / "x.safetensors")
    net = start("quality", 4, 1, str(tmp_path / "x.safetensors"))
    assert isinstance(net, SlopedPlain)
    assert net.training
    expected = source(X).detach()
    assert torch.allclose(net(X), expected, atol=1e-4 * float(expected.abs().max()))


@pytest.mark.parametrize("other", [{"channels": 48}, {"depth": 8}, {"scale": 2}])
def test_another_shape_is_refused(other):
    shape = {"channels": 64, "depth": 16, "scale": 4} | other
    with pytest.raises(InvalidCheckpoint, match=r"init: a compact network of ×\d, \d+ channels"):
        sloped(drawn(**shape), quality(4), "init")
