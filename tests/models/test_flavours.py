"""The flavours of a network by the names of their files."""

import pytest
import torch
from safetensors.torch import save_file

from vsr.errors import InvalidCheckpoint, InvalidOption
from vsr.models import catalog
from vsr.models.descriptions import describe
from vsr.models.flavours import flavours_of
from vsr.models.plain import Plain
from vsr.models.weights_files import Card, sha256_of, write_card
from vsr.values import Blend

PLAIN, LIGHT, MEDIUM, STRONG, CLEAR = range(5)
ENDS = ("", "-video-light", "-video-medium", "-video-strong", "-clear")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A user's folder with a network ``toy`` ×2 in all flavours; weights 0, 1, 2, 3, 4."""
    monkeypatch.setenv("VSR_MODELS", str(tmp_path))
    for value, end in enumerate(ENDS):
        save(tmp_path / f"toy{end}_x2.safetensors", value)
    return tmp_path


def save(path, value, depth=1):
    state = Plain(2, 4, depth).state_dict()
    save_file({name: torch.full_like(tensor, value) for name, tensor in state.items()}, path)


def value_of(model):
    (value,) = {float(value) for tensor in model.net.parameters() for value in tensor.unique()}
    return value


@pytest.mark.parametrize(("sharpness", "is_quantised"), [(0.0, False), (0.4, False), (0.5, True)])
def test_a_blend_counts_as_tuned_for_int8_if_half_of_it_is(folder, sharpness, is_quantised):
    for end in ENDS:
        path = folder / f"toy{end}_x2.safetensors"
        write_card(card(path, is_quantised=end == "-clear"), path)
    model = catalog.load("toy", 2, Blend(strength=0.5, sharpness=sharpness))
    assert model.card.is_quantised is is_quantised


def card(path, **values):
    return Card(
        name="toy", architecture="plain", scale=2, flavour="pixel", licence="CC0-1.0",
        sha256=sha256_of(path), command="", data="", seconds=0.0, device="cpu", **values,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("blend", "value"),
    [
        (Blend(), PLAIN),
        (Blend(strength=1 / 3), LIGHT),
        (Blend(strength=2 / 3), MEDIUM),
        (Blend(strength=1), STRONG),
        (Blend(strength=0.5), 1.5),
        (Blend(sharpness=1), CLEAR),
        (Blend(sharpness=0.5), 2),
        (Blend(strength=1, sharpness=0.5), (STRONG + CLEAR) / 2),
        (Blend(strength=1, sharpness=1), CLEAR),
    ],
)
def test_a_blend_lies_between_the_flavours(folder, blend, value):
    assert value_of(catalog.load("toy", 2, blend)) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(
    ("missing", "strength", "value"),
    [
        (("-video-light", "-video-strong"), 1.0, MEDIUM),
        (("-video-light", "-video-strong"), 0.5, MEDIUM / 2),
        (("-video-medium",), 0.5, LIGHT),
        (("-video-light", "-video-medium"), 0.0, PLAIN),
        (("-video-light", "-video-medium"), 0.25, STRONG / 4),
        (("-video-light", "-video-medium"), 1.0, STRONG),
    ],
)
def test_fewer_flavours_stand_evenly(folder, missing, strength, value):
    for end in missing:
        (folder / f"toy{end}_x2.safetensors").unlink()
    assert value_of(catalog.load("toy", 2, Blend(strength=strength))) == pytest.approx(value)


def test_each_blend_has_an_identity_of_its_own(folder):
    blends = [Blend(), Blend(strength=0.5), Blend(strength=0.51), Blend(sharpness=0.5)]
    digests = {catalog.load("toy", 2, blend).sha256 for blend in blends}
    assert len(digests) == len(blends)
    before = catalog.load("toy", 2, Blend(strength=0.5)).sha256
    assert catalog.load("toy", 2, Blend(strength=0.5)).sha256 == before
    save(folder / "toy-video-light_x2.safetensors", 7)
    assert catalog.load("toy", 2, Blend(strength=0.5)).sha256 != before


def test_a_report_names_the_blend(folder):
    assert str(catalog.load("toy", 2)) == "toy ×2"
    assert str(catalog.load("toy", 2, Blend(strength=0.6))) == "toy ×2, strength 0.60"


def test_a_flavour_is_a_model_of_its_own(folder):
    assert value_of(catalog.load("toy-video-strong", 2)) == STRONG
    rows = {row.name: row.summary for row in describe()[0]}
    assert rows["toy-video-light"] == "toy for compressed video, light; blended in by --strength"
    assert flavours_of("toy-video-light", 2) is None


def test_an_adversarial_stage_is_told_by_its_name(folder):
    save(folder / "toy-gan_x2.safetensors", 5)
    rows = {row.name: row.summary for row in describe()[0]}
    assert rows["toy-gan"] == "toy after an adversarial stage"


def test_a_network_without_flavours_says_which_have_them(folder):
    save(folder / "other_x2.safetensors", 1)
    with pytest.raises(
        InvalidOption,
        match=r"--strength 0.5: other ×2 has no flavour .*toy ×2.* do\. Omit it, or choose one of",
    ):
        catalog.load("other", 2, Blend(strength=0.5))
    path = str(folder / "other_x2.safetensors")
    with pytest.raises(InvalidOption, match=r"--sharpness 0.5: .*no flavour for it; .*toy ×2"):
        catalog.load(path, 2, Blend(sharpness=0.5))
    with pytest.raises(InvalidOption, match="no flavour for it"):
        catalog.load("bicubic", 2, Blend(strength=0.5))


def test_a_flavour_of_another_shape_is_refused(folder):
    save(folder / "toy-video-light_x2.safetensors", 1, depth=2)
    with pytest.raises(
        InvalidCheckpoint, match="toy-video-light_x2.safetensors: its shapes are not"
    ):
        catalog.load("toy", 2, Blend(strength=0.2))
