"""Networks by name: what is shipped, what the user has, and what is refused."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from vsr.errors import InvalidCheckpoint, InvalidOption, NoSuchFile, UnknownName
from vsr.models import catalog, weights_files
from vsr.models.descriptions import describe
from vsr.models.plain import Plain
from vsr.models.weights_files import Card, read_card, sha256_of, write_card
from vsr.recipes.read import recipe_names


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty user folder of models."""
    monkeypatch.setenv("VSR_MODELS", str(tmp_path / "models"))
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def save(path, scale=2):
    save_file(Plain(scale, 4, 1).state_dict(), path)
    return path


def card_of(path, **changes):
    card = Card(
        name="mine",
        architecture="plain",
        scale=2,
        flavour="pixel",
        licence="CC0-1.0",
        sha256=sha256_of(path),
        command="vsr train fit fast",
        data="photographs",
        seconds=60.0,
        device="cpu",
        scores={"Set5": {"psnr_y": 31.0}},
    )
    return replace(card, **changes)


def test_importing_the_catalog_imports_no_torch():
    code = "import sys, vsr.models.catalog as c; c.names(); assert 'torch' not in sys.modules"
    environment = os.environ | {"PYTHONWARNINGS": "error"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_local_means_are_kept_but_not_those_of_a_tape(folder):
    assert catalog.load("fast", 2).keeps_means
    assert not catalog.load("lite").keeps_means  # it makes no colours
    tape = catalog.load("tape")
    assert tape.restores_tape
    assert not tape.keeps_means


def test_the_default_network_is_shipped_with_a_card_that_fits_it(folder):
    model = catalog.load("fast")
    assert model.traits.scale == 4
    assert (model.traits.radius, model.traits.colour) == (10, "rgb")
    assert model.card is not None
    assert model.card.sha256 == model.sha256
    assert not model.net.training
    assert not any(p.requires_grad for p in model.net.parameters())


def test_every_shipped_file_loads_and_has_a_card_with_scores_and_all_are_below_20_mb():
    entries = [entry for entry in weights_files.known_files() if entry.is_shipped]
    for entry in entries:
        model = catalog.load(entry.name, entry.scale)
        card = model.card
        assert (card.name, card.scale) == (entry.name, entry.scale)
        assert card.architecture == model.traits.architecture
        assert {"Set5", "Set14", "BSD100"} <= set(card.scores)
    assert sum(entry.path.stat().st_size for entry in entries) < 20e6


def test_every_card_names_a_recipe_that_is_shipped():
    for entry in weights_files.known_files():
        if entry.is_shipped:
            recipe = read_card(entry.path).command.split()[3]  # vsr train fit RECIPE
            assert recipe in recipe_names("presets/train"), entry.path.name


def test_bicubic_has_no_network_and_any_scale_from_1_to_8():
    for scale in catalog.scales("bicubic"):
        model = catalog.load("bicubic", scale)
        assert (model.net, model.traits.scale) == (None, scale)
    with pytest.raises(InvalidOption, match="1 to 8"):
        catalog.load("bicubic", 9)


def test_a_users_model_is_found_by_name(folder):
    save(folder / "mine_x2.safetensors")
    assert "mine" in catalog.names()
    assert catalog.scales("mine") == (2,)
    assert catalog.load("mine").traits.scale == 2


def test_the_users_folder_completes_a_shipped_name_and_does_not_replace_it(folder):
    save(folder / "fast_x4.safetensors", scale=4)
    save(folder / "fast_x2.safetensors", scale=2)
    assert catalog.load("fast", 4).path.parent == weights_files.SHIPPED
    assert catalog.load("fast", 2).net.channels in (4, 48)
    assert 2 in catalog.scales("fast")


def test_a_file_is_loaded_by_its_path(tmp_path):
    model = catalog.load(str(save(tmp_path / "net.best.safetensors")))
    assert (model.name, model.traits.scale, model.card) == ("net", 2, None)
    assert catalog.scales(str(tmp_path / "net.best.safetensors")) == (2,)


def test_a_file_of_another_scale_is_refused(tmp_path):
    with pytest.raises(InvalidOption, match="×2, not ×4"):
        catalog.load(str(save(tmp_path / "net.safetensors")), 4)


def test_a_misspelt_name_is_refused_with_the_closest(folder):
    with pytest.raises(UnknownName, match="Did you mean fast"):
        catalog.load("fasst")


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(NoSuchFile, match="no such weights file"):
        catalog.load(str(tmp_path / "net.pth"))


def test_a_scale_without_weights_is_refused_with_those_that_there_are(folder):
    save(folder / "mine_x2.safetensors")
    with pytest.raises(InvalidOption, match="×2 only"):
        catalog.load("mine", 3)


@pytest.mark.parametrize("name", [name for name in catalog.NAMES if name != "bicubic"])
def test_every_name_builds_a_network_of_the_scale_asked_for(name):
    assert catalog.build(name, 2).scale == 2


def test_every_name_is_described(folder):
    save(folder / "mine_x2.safetensors")
    rows = {row.name: row for row in describe()[0]}
    known = {entry.name for entry in weights_files.known_files()}
    assert set(rows) == {*catalog.NAMES, "mine"} | known
    assert rows["fast"].is_shipped
    assert (rows["fast"].parameters, rows["fast"].macs_per_pixel) == (188_400, 187_920)
    assert not rows["mine"].is_shipped


def test_a_card_is_read_as_it_was_written(tmp_path):
    path = save(tmp_path / "net.safetensors")
    write_card(card_of(path), path)
    assert read_card(path) == card_of(path)


def test_a_card_of_another_file_is_refused(tmp_path):
    path = save(tmp_path / "net.safetensors")
    write_card(card_of(path, sha256="0" * 64), path)
    with pytest.raises(InvalidCheckpoint, match="SHA-256"):
        catalog.load(str(path))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": 3}', '{"nmae": "fast"}'])
def test_a_card_that_is_none_is_refused(text, tmp_path):
    path = save(tmp_path / "net.safetensors")
    path.with_suffix(".json").write_text(text)
    with pytest.raises(InvalidCheckpoint, match="not a card"):
        read_card(path)


def test_a_card_with_an_impossible_value_cannot_be_built(tmp_path):
    path = save(tmp_path / "net.safetensors")
    for change in ({"scale": "4"}, {"name": 3}, {"scores": [1]}):
        with pytest.raises(InvalidCheckpoint, match="the card's"):
            card_of(path, **change)


@pytest.mark.data
@pytest.mark.parametrize("scale", [2, 4])
def test_the_published_swift_srgan_checkpoints_load(scale):
    path = Path(os.environ["VSR_DATA"]) / "weights" / f"swift_srgan_{scale}x.pth.tar"
    model = catalog.load(str(path), scale)
    assert model.traits.architecture == "swift-srgan"
    with torch.no_grad():
        assert model.net(torch.rand(1, 3, 8, 8)).shape == (1, 3, 8 * scale, 8 * scale)
