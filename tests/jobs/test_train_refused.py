"""What is refused before a run is begun."""

import math
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from tests.jobs.runs import game_recipe, shrunk_recipe
from tests.training.toys import recipe
from vsr.errors import (
    InvalidCheckpoint,
    InvalidData,
    InvalidOption,
    InvalidRecipe,
    NoSuchFile,
    OutputExists,
    UnknownName,
    UnreadableMedia,
    UnwritableOutput,
)
from vsr.jobs.train import FitSpec, fit

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_luma_network_cannot_play_against_a_discriminator(tmp_path, data):
    path = game_recipe(tmp_path, "lite")
    with pytest.raises(InvalidOption, match="lite produces luma only"):
        fit(FitSpec(recipe=path, data=data, out=tmp_path / "run", device="cpu"))


def test_a_temporal_loss_on_pictures_that_are_no_frames_is_refused(tmp_path, data):
    spec = FitSpec(
        recipe=recipe(tmp_path, temporal=0.5), data=data, out=tmp_path / "run", device="cpu"
    )
    with pytest.raises(InvalidRecipe, match="consecutive frames"):
        fit(spec)


def test_a_recipe_that_needs_feature_weights_says_so_before_the_start(tmp_path, data):
    spec = FitSpec(
        recipe=shrunk_recipe("srgan-gan-x4", tmp_path),
        data=data,
        out=tmp_path / "run",
        device="cpu",
    )
    with pytest.raises(InvalidOption, match="needs the weights of vgg19"):
        fit(spec)
    assert not spec.out.exists()


def test_a_benchmark_without_pictures_is_refused_before_the_start(toy, tmp_path):
    spec = FitSpec(recipe=toy.recipe, data=toy.data, out=toy.out, benchmarks=(tmp_path / "none",))
    with pytest.raises(NoSuchFile, match="no such folder"):
        fit(spec)
    assert not toy.out.exists()


def test_a_benchmark_that_cannot_be_measured_is_refused_before_the_start(toy, tmp_path):
    bad = tmp_path / "bad.png"
    spec = FitSpec(recipe=toy.recipe, data=toy.data, out=toy.out, benchmarks=(tmp_path,))
    bad.write_text("no image")
    with pytest.raises(UnreadableMedia, match=r"bad\.png"):
        fit(spec)
    Image.new("RGB", (22, 40)).save(bad)
    with pytest.raises(InvalidData, match=r"bad\.png: 22×40 is too small to be measured"):
        fit(spec)
    assert not toy.out.exists()


def test_weights_of_another_network_are_refused_before_the_start(toy, tmp_path):
    save_file({"other": torch.zeros(1)}, tmp_path / "other.safetensors")
    spec = FitSpec(
        recipe=toy.recipe, data=toy.data, out=toy.out, init=str(tmp_path / "other.safetensors")
    )
    with pytest.raises(InvalidCheckpoint):
        fit(spec)
    assert not toy.out.exists()


def test_a_run_folder_that_cannot_be_made_is_refused(toy, tmp_path):
    (tmp_path / "file").write_text("no folder")
    spec = FitSpec(recipe=toy.recipe, data=toy.data, out=tmp_path / "file" / "run", device="cpu")
    with pytest.raises(UnwritableOutput, match="file"):
        fit(spec)


def test_a_run_folder_of_another_recipe_is_refused(toy, tmp_path, data):
    fit(toy)
    other = FitSpec(recipe=recipe(tmp_path, "other"), data=data, out=toy.out)
    with pytest.raises(OutputExists, match="another recipe, 'toy'"):
        fit(other)
    with pytest.raises(OutputExists, match="vsr train resume"):
        fit(toy)


@pytest.mark.parametrize("name", ["log.csv", "recipe.toml", "pixel.ckpt", "mine.safetensors"])
def test_files_that_belong_to_no_run_are_not_written_over(toy, name):
    toy.out.mkdir()
    (toy.out / name).write_text("the user's own")
    with pytest.raises(OutputExists, match=f"{name}: does not belong to a run"):
        fit(toy)
    assert [path.name for path in toy.out.iterdir()] == [name]


def test_a_run_that_died_at_its_start_is_begun_again(toy):
    toy.out.mkdir()
    (toy.out / "recipe.toml").write_bytes(Path(toy.recipe).read_bytes())
    (toy.out / "lock").write_text("1")
    fit(toy)
    assert (toy.out / "lite_x4.safetensors").exists()


def test_a_file_is_no_prepared_data_set(toy, tmp_path):
    (tmp_path / "film.mp4").write_bytes(b"")
    with pytest.raises(InvalidData, match=r"film\.mp4: not a prepared data set"):
        fit(FitSpec(recipe=toy.recipe, data=tmp_path / "film.mp4", out=toy.out))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"learning_rat": 1.0}, "unknown key 'learning_rat'. Did you mean 'learning_rate'"),
        ({"learning_rate": 0.0}, "learning_rate 0.0 must be above 0"),
        ({"loss": "l7"}, "loss is 'l7'; choose from l1, mse, charbonnier"),
        ({"ema": 1.5}, "below 1"),
        ({"patch": 4}, "patch 4 must be between 8"),
        ({"steps": "many"}, "a whole number is needed"),
        ({"clip": math.nan}, "clip nan must be finite"),
        ({"learning_rate": math.inf}, "learning_rate inf must be finite"),
        ({"betas": [0.9, math.nan]}, r"betas \(0.9, nan\) must be finite"),
        ({"batch": 10**20}, "batch 1.* must be at most 65536"),
    ],
)
def test_impossible_recipes_are_refused_before_the_start(tmp_path, data, values, message):
    spec = FitSpec(recipe=recipe(tmp_path, **values), data=data, out=tmp_path / "run")
    with pytest.raises(InvalidRecipe, match=message):
        fit(spec)
    assert not spec.out.exists()


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        ("seed = -1", InvalidRecipe, "seed -1 must be between 0 and 4294967295"),
        ("scale = 5", InvalidOption, "×5: plain networks enlarge by 2, 3 or 4"),
    ],
)
def test_seeds_and_scales_that_are_none_are_refused_before_the_start(
    tmp_path, data, line, error, message
):
    path = Path(recipe(tmp_path))
    name = line.partition(" ")[0]
    lines = [old for old in path.read_text().splitlines() if not old.startswith(f"{name} =")]
    path.write_text("\n".join([line, *lines]))
    spec = FitSpec(recipe=str(path), data=data, out=tmp_path / "run")
    with pytest.raises(error, match=message):
        fit(spec)
    assert not spec.out.exists()


def test_a_crop_larger_than_a_patch_is_refused_before_the_start(tmp_path, data):
    spec = FitSpec(recipe=recipe(tmp_path, patch=17), data=data, out=tmp_path / "run")
    with pytest.raises(InvalidData, match=r"patch 17 .* larger than the prepared patches"):
        fit(spec)
    assert not spec.out.exists()


def test_values_for_a_step_that_is_not_there_are_refused(tmp_path, data):
    path = recipe(tmp_path)
    Path(path).write_text(Path(path).read_text() + "[steps.adversarial]\nshare = 1.0\n")
    with pytest.raises(InvalidRecipe, match="'adversarial', but pipeline 'train-pixel' has pixel"):
        fit(FitSpec(recipe=path, data=data, out=tmp_path / "run"))


def test_an_unknown_recipe_is_refused_with_the_nearest(tmp_path, data):
    with pytest.raises(UnknownName, match="lite-x4"):
        fit(FitSpec(recipe="lite-4x", data=data, out=tmp_path / "run"))
