"""Networks of others: recognised from their tensors, tried, and run as spandrel runs them."""

import json

import pytest
import torch
from torch import nn

from tests.models.foreign.networks import (
    ARCHITECTURES,
    GLOBAL,
    SCALES,
    network,
    plain_spandrel,
    write_network,
)
from vsr.errors import InvalidCheckpoint
from vsr.models.catalog import load, scales
from vsr.models.foreign.adapter import Foreign, Sides, drawn, try_out
from vsr.models.recognise import generator_of, read_generator
from vsr.models.traits import traits_of

EACH = [
    pytest.param(name, marks=[] if name == "SAFMN" else pytest.mark.slow) for name in ARCHITECTURES
]
"""One runs in every test run, the others in the long one."""


@pytest.mark.parametrize("architecture", EACH)
def test_a_network_computes_what_spandrel_itself_does(architecture, tmp_path, one_thread):
    path = write_network(architecture, tmp_path / "net.pth")
    net = read_generator(path)
    assert isinstance(net, Foreign)
    assert net.scale == SCALES[architecture]
    picture = drawn(3, 32, 48)
    with torch.inference_mode():
        mine = net(picture).clamp(0, 1)
    theirs = plain_spandrel(path, picture)
    assert mine.shape == theirs.shape
    assert (mine - theirs).abs().max() <= 1e-3


@pytest.mark.parametrize("architecture", EACH)
def test_odd_sides_and_a_few_pixels_come_out_whole_and_the_input_stays(
    architecture, tmp_path, one_thread
):
    net = read_generator(write_network(architecture, tmp_path / "net.pth"))
    for height, width in ((3, 5), (17, 30)):
        picture = drawn(3, height, width)
        before = picture.clone()
        with torch.inference_mode():
            output = net(picture)
        assert output.shape[2:] == (height * net.scale, width * net.scale)
        assert torch.isfinite(output).all()
        assert torch.equal(picture, before)


@pytest.mark.parametrize("architecture", EACH)
def test_the_radius_is_measured(architecture, tmp_path, one_thread):
    traits = load(str(write_network(architecture, tmp_path / "net.pth"))).traits
    assert traits.is_global == (architecture in GLOBAL)
    assert (traits.radius == 0) == traits.is_global
    assert traits.parameters > 1000
    assert traits.macs_per_pixel > 1000


@pytest.mark.parametrize("architecture", [p for p in EACH if p.values[0] not in GLOBAL])
def test_nothing_beyond_the_radius_changes_a_pixel(architecture, tmp_path, one_thread):
    net = read_generator(write_network(architecture, tmp_path / "net.pth"))
    traits = traits_of(net)
    side = 2 * traits.radius + 3 * traits.multiple
    place = traits.radius + traits.multiple
    picture = drawn(3, 32, side)
    changed = picture.clone()
    changed[..., : place - traits.radius] = 0.9
    changed[..., place + traits.radius + 1 :] = 0.1
    with torch.inference_mode():
        apart = (net(picture) - net(changed))[..., place * net.scale : (place + 1) * net.scale]
    assert apart.abs().max() <= 1e-5


def test_what_was_measured_is_remembered_by_the_hash_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("VSR_HOME", str(tmp_path))
    path = write_network("SAFMN", tmp_path / "net.pth")
    first = load(str(path))
    (kept,) = (tmp_path / "cache" / "networks").iterdir()
    assert first.sha256 in kept.name
    table = json.loads(kept.read_text())
    kept.write_text(json.dumps(table | {"radius": 47}))
    assert load(str(path)).traits.radius == 47
    kept.write_text("spoiled")
    assert load(str(path)).traits.radius == first.traits.radius
    assert scales(str(path)) == (3,)


def test_ours_come_before_spandrel(tmp_path):
    from vsr.models.plain import Compact

    torch.save(Compact(4, 8, 2).state_dict(), tmp_path / "net.pth")
    assert isinstance(read_generator(tmp_path / "net.pth"), Compact)


class Odd(nn.Module):
    """Makes something that is no enlarged image."""

    def __init__(self, make):
        super().__init__()
        self.make = make

    def forward(self, x):
        return self.make(x)


def foreign(make):
    return Foreign(Odd(make), lambda net, x: net(x), "ODD", "rgb", Sides(0, 1))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda x: x * float("nan"), "not finite"),
        (lambda x: x[:, :, ::2], "no whole scale"),
        (lambda x: x.repeat(1, 1, 2, 3), "no whole scale"),
        (lambda x: nn.functional.interpolate(x, scale_factor=1.5), "no whole scale"),
        (lambda x: x.repeat(1, 1, 9, 9), "no whole scale from 1 to 8"),
        (lambda x: torch.cat((x, x[:, :1]), 1), "no image of 3 channels"),
        (lambda x: (x, x), "no image of 3 channels"),
        (lambda x: x @ x, "ODD fails"),
    ],
)
def test_an_output_that_is_no_enlarged_image_is_refused(make, reason):
    with pytest.raises(InvalidCheckpoint, match=reason) as refused:
        try_out(foreign(make), "net.pth")
    assert "\n" not in str(refused.value)


def test_the_real_scale_counts_and_a_picky_memory_order_is_respected():
    def picky(x):
        return x.view(x.shape[0], -1).view(x.shape).repeat(1, 1, 3, 3)

    net = foreign(picky)
    try_out(net, "net.pth")
    assert net.scale == 3
    assert not net.takes_channels_last
    assert net(drawn(3, 8, 8).to(memory_format=torch.channels_last)).shape[2:] == (24, 24)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda t: t.pop("to_img.0.bias"), "does not fit"),
        (lambda t: t.update(extra=torch.zeros(3)), "does not fit"),
        (lambda t: t.update({"to_feat.bias": torch.full((16,), torch.inf)}), "not finite"),
    ],
)
def test_missing_extra_and_infinite_tensors_are_refused_in_one_line(spoil, reason, tmp_path):
    tensors = dict(network("SAFMN").state_dict())
    spoil(tensors)
    torch.save(tensors, tmp_path / "net.pth")
    with pytest.raises(InvalidCheckpoint, match=reason) as refused:
        read_generator(tmp_path / "net.pth")
    assert "\n" not in str(refused.value)


class Found:
    """A descriptor as spandrel returns one."""

    def __init__(self, purpose="SR", channels=(3, 3), square=False):
        from types import SimpleNamespace

        self.purpose, self.architecture = purpose, SimpleNamespace(name="ODD")
        self.input_channels, self.output_channels = channels
        self.size_requirements = SimpleNamespace(minimum=0, multiple_of=1, square=square)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (Found("Inpainting"), "a mask"),
        (Found("FaceSR"), "faces only"),
        (Found(square=True), "square images only"),
        (Found(channels=(4, 4)), "4 channels in and 4 out"),
        (Found(channels=(3, 1)), "3 channels in and 1 out"),
    ],
)
def test_what_is_not_for_whole_images_is_refused(found, reason, monkeypatch):
    from types import SimpleNamespace

    from vsr.models.foreign import adapter
    from vsr.models.foreign.library import Library

    registry = SimpleNamespace(load=lambda tensors: found)
    module = SimpleNamespace(MAIN_REGISTRY=registry, UnsupportedModelError=KeyError)
    monkeypatch.setattr(adapter, "library", lambda: Library(module, "spandrel"))
    with pytest.raises(InvalidCheckpoint, match=reason):
        generator_of({"anything": torch.zeros(1)}, "net.pth")


def test_an_architecture_that_nobody_knows_is_named_if_it_can_be(monkeypatch):
    tensors = {"encoder_level1.0.norm1.body.weight": torch.zeros(4)}
    with pytest.raises(InvalidCheckpoint, match="resembles Restormer"):
        generator_of(tensors, "net.pth")


def test_without_the_extra_the_architecture_and_the_extra_are_named(monkeypatch):
    from vsr.models import recognise
    from vsr.models.foreign import adapter
    from vsr.models.foreign.library import Library

    for module in (adapter, recognise):
        monkeypatch.setattr(
            module,
            "library",
            lambda: Library(None, "not installed (pip install 'vsr-cli[models]')"),
        )
    with pytest.raises(InvalidCheckpoint, match=r"resembles SAFMN.*vsr-cli\[models\]"):
        generator_of(dict(network("SAFMN").state_dict()), "net.pth")


def test_torchscript_is_told_from_a_pickle_that_runs_code(tmp_path):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own word that it is old
        traced = torch.jit.trace(nn.Conv2d(3, 3, 1), torch.rand(1, 3, 4, 4))
        torch.jit.save(traced, tmp_path / "net.pt")
    with pytest.raises(InvalidCheckpoint, match="TorchScript"):
        read_generator(tmp_path / "net.pt")
    torch.save(nn.Conv2d(3, 3, 1), tmp_path / "whole.pt")
    with pytest.raises(InvalidCheckpoint, match="would run code"):
        read_generator(tmp_path / "whole.pt")


def test_a_file_of_gigabytes_is_not_even_read(tmp_path):
    path = tmp_path / "net.safetensors"
    with path.open("wb") as file:
        file.truncate(5 << 30)
    with pytest.raises(InvalidCheckpoint, match="5.0 GB"):
        read_generator(path)
