"""What is refused before a run is resumed: a recipe edited amiss, supplies that are gone."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from tests.jobs.runs import game_recipe, log_of, stop_after
from vsr.errors import (
    Interrupted,
    InvalidCheckpoint,
    InvalidData,
    InvalidOption,
    InvalidRecipe,
    NoSuchFile,
)
from vsr.jobs.export import ExportSpec, export
from vsr.jobs.train import FitSpec, fit, resume
from vsr.metrics.features import Features
from vsr.training.run.run_folder import RunFolder

pytestmark = pytest.mark.usefixtures("one_thread")

PIXEL, GAME = 1, 2 + 2
"""Steps until the middle of the first and of the second stage."""

WIDTH = "discriminator_width = 4"


@pytest.fixture
def stopped(tmp_path, data):
    """Return what makes a run that was stopped in its first or its second stage."""

    def make(steps):
        spec = FitSpec(recipe=game_recipe(tmp_path), data=data, out=tmp_path / "run", device="cpu")
        with pytest.raises(Interrupted):
            fit(spec, stop_after(steps))
        return spec.out

    return make


def edit(run, old, new):
    """Change the recipe of a run as its user may."""
    path = run / "recipe.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        (
            WIDTH,
            "discriminator_width = 8",
            InvalidCheckpoint,
            r"adversarial\.ckpt: .*run's recipe. Undo",
        ),
        ('"swift-srgan"', '"srgan"', InvalidCheckpoint, r"adversarial\.ckpt: .*run's recipe. Undo"),
        ("steps.pixel", "steps.pixl", InvalidRecipe, r"run/recipe\.toml: .* step 'pixl'"),
        ("batch = 2", "bach = 2", InvalidRecipe, r"run/recipe\.toml: steps\.pixel: .*'bach'"),
        ("patch = 8", "patch = 99", InvalidData, "larger than the prepared patches"),
        (WIDTH, 'discriminator = "patch"', InvalidOption, "a patch of 32: .* needs 93"),
        ("real =", "perceptual = 1.0\nreal =", InvalidOption, "--perceptual-weights FILE"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused_and_can_be_undone(stopped, old, new, error, message):
    run = stopped(GAME)
    before, log = (run / "recipe.toml").read_text(), log_of(run)
    edit(run, old, new)
    with pytest.raises(error, match=message):
        resume(run, device="cpu")
    assert log_of(run) == log
    (run / "recipe.toml").write_text(before)
    resume(run, device="cpu")


def test_a_run_whose_model_was_edited_is_not_exported(stopped, tmp_path):
    run = stopped(PIXEL)
    edit(run, '"swift-srgan"', '"srgan"')
    with pytest.raises(InvalidCheckpoint, match=r"pixel\.ckpt: does not fit the run's recipe"):
        export(ExportSpec(run=run, name="mine", folder=tmp_path))


def test_supplies_of_a_later_stage_that_are_gone_are_missed_before_the_first_goes_on(
    stopped, tmp_path
):
    run = stopped(PIXEL)
    torch.manual_seed(1)
    weights = tmp_path / "features.safetensors"
    save_file(Features().state_dict(), weights)
    edit(run, "real = ", "perceptual = 0.1\nreal = ")
    folder = RunFolder(run)
    folder.write(replace(folder.read(), perceptual_weights=str(weights)))
    log, kept = log_of(run), weights.rename(tmp_path / "elsewhere.safetensors")
    with pytest.raises(NoSuchFile, match=r"features\.safetensors"):
        resume(run, device="cpu")
    assert log_of(run) == log
    kept.rename(weights)
    resume(run, device="cpu")
