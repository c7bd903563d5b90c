"""A stopped run resumes, and ends as if it had never stopped."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.jobs.runs import game_recipe, log_of, stop_after
from tests.training.toys import recipe
from vsr.errors import (
    Interrupted,
    InvalidCheckpoint,
    InvalidData,
    InvalidOption,
    InvalidRecipe,
    OutputBusy,
    TrainingDiverged,
)
from vsr.jobs.train import FitSpec, Watch, fit, resume
from vsr.models.catalog import load
from vsr.training.recipe.recipe import Budget
from vsr.training.run.run_folder import RunFolder

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_run_that_diverged_goes_on_as_it_says_with_a_lower_rate(tmp_path, data):
    name = recipe(tmp_path, learning_rate=1e30, warm_up_steps=0, clip=0.0)
    spec = FitSpec(recipe=name, data=data, out=tmp_path / "run", device="cpu")
    told = r"Lower learning_rate or set clip in \S+/recipe\.toml, then: vsr train resume \S+/run"
    with pytest.raises(TrainingDiverged, match=told):
        fit(spec)
    own = spec.out / "recipe.toml"
    own.write_text(own.read_text().replace("1e+30", "1e-4"))
    resume(spec.out, device="cpu")
    assert load(str(spec.out / "lite_x4.safetensors")).card.command == "vsr train fit toy"


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"reparameterise": True},
        {"standardise": True, "path": 1.0, "path_to": "lite"},
    ],
    ids=["as it is", "reparameterised", "standardised, on a path"],
)
@pytest.mark.parametrize("steps", [1, 3, 4])
def test_a_resumed_run_ends_as_if_it_had_never_stopped(tmp_path, data, steps, values):
    name = recipe(tmp_path, **values)
    whole, parts = (
        FitSpec(recipe=name, data=data, out=tmp_path / out, device="cpu") for out in ("a", "b")
    )
    fit(whole)
    with pytest.raises(Interrupted, match=rf"step {steps}.*vsr train resume"):
        fit(parts, stop_after(steps))
    resume(parts.out, device="cpu")
    assert log_of(whole.out) == log_of(parts.out)
    files = [spec.out / "lite_x4.safetensors" for spec in (whole, parts)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_branches_have_no_path(tmp_path, data):
    name = recipe(tmp_path, reparameterise=True, path=1.0, path_to="lite")
    with pytest.raises(InvalidRecipe, match="path: does not take reparameterise"):
        fit(FitSpec(recipe=name, data=data, out=tmp_path / "run", device="cpu"))


def test_a_run_that_was_killed_before_its_first_checkpoint_says_that_it_begins_again(
    tmp_path, data
):
    spec = FitSpec(recipe=recipe(tmp_path), data=data, out=tmp_path / "run", device="cpu")
    with pytest.raises(Interrupted):
        fit(spec, stop_after(1))
    said: list[str] = []
    resume(spec.out, device="cpu", watch=Watch(on_note=said.append))
    assert said == []
    fit(replace(spec, out=tmp_path / "killed"))
    (tmp_path / "killed" / "pixel.ckpt").unlink()
    resume(tmp_path / "killed", device="cpu", watch=Watch(on_note=said.append))
    assert said == [f"{tmp_path / 'killed'}: ended before its first checkpoint, and begins again."]


def test_a_run_in_bf16_keeps_fp32_weights_and_is_resumed_in_bf16_to_the_last_digit(tmp_path, data):
    whole, parts = (
        FitSpec(
            recipe=recipe(tmp_path), data=data, out=tmp_path / out, device="cpu", precision="bf16"
        )
        for out in ("a", "b")
    )
    fit(whole)
    with pytest.raises(Interrupted):
        fit(parts, stop_after(3))
    resume(parts.out, device="cpu")  # at its own precision
    assert log_of(whole.out) == log_of(parts.out)
    table = torch.load(parts.out / "pixel.ckpt", weights_only=True)
    values = [*table["net"].values(), *table["average"]]
    assert {value.dtype for value in values} == {torch.float32}
    card = load(str(parts.out / "lite_x4.safetensors")).card
    assert card.device.endswith("bf16)")


def test_batch_norm_and_the_discriminator_are_resumed_too(tmp_path, data):
    recipe_path = game_recipe(tmp_path)
    spec, again = (
        FitSpec(recipe=recipe_path, data=data, out=tmp_path / out, device="cpu")
        for out in ("a", "b")
    )
    fit(spec)
    with pytest.raises(Interrupted):
        fit(again, stop_after(1))  # inside the pixel stage
    with pytest.raises(Interrupted):
        resume(again.out, device="cpu", watch=stop_after(3))  # inside the adversarial stage
    resume(again.out, device="cpu")
    assert log_of(spec.out) == log_of(again.out)
    files = [run.out / "swift-srgan_x4.safetensors" for run in (spec, again)]
    assert files[0].read_bytes() == files[1].read_bytes()


class Killed(BaseException):
    """Nobody catches it, as nobody catches SIGKILL."""


def test_a_run_that_is_killed_in_its_second_stage_ends_with_the_log_of_one_that_was_not(
    tmp_path, data
):
    path = Path(game_recipe(tmp_path))
    path.write_text(path.read_text().replace("log_steps = 1", "log_steps = 1\ncheck_steps = 2"))
    whole, parts = (
        FitSpec(recipe=str(path), data=data, out=tmp_path / out, device="cpu") for out in ("a", "b")
    )

    def kill(progress):
        if (progress.stage, progress.step) == ("adversarial", 3):
            raise Killed

    fit(whole)
    with pytest.raises(Killed):
        fit(parts, Watch(on_progress=kill))
    assert torch.load(parts.out / "adversarial.ckpt", weights_only=True)["step"] == 2
    with (parts.out / "log.csv").open("a") as file:
        file.write("adversarial,4,0.9")  # cut off
    resume(parts.out, device="cpu")
    columns = ("stage", "step", "loss", "discriminator_loss", "psnr_db", "learning_rate")
    assert log_of(parts.out, columns) == log_of(whole.out, columns)


def test_more_budget_goes_to_the_stage_that_was_reached(tmp_path, data):
    spec = FitSpec(recipe=game_recipe(tmp_path), data=data, out=tmp_path / "run", device="cpu")
    fit(spec)
    before = (spec.out / "pixel.ckpt").read_bytes()
    seen = []
    resume(spec.out, Budget(steps=12), device="cpu", watch=Watch(on_progress=seen.append))
    assert [(line.stage, line.step) for line in seen] == [("adversarial", n) for n in (4, 5, 6)]
    assert (spec.out / "pixel.ckpt").read_bytes() == before


def test_a_run_with_nothing_left_to_train_says_so_and_what_trains_it_on(tmp_path, data):
    spec = FitSpec(recipe=game_recipe(tmp_path), data=data, out=tmp_path / "run", device="cpu")
    fit(spec)
    notes = []
    for budget in (None, Budget(steps=6), Budget(seconds=0.001), Budget(steps=8)):
        resume(spec.out, budget, device="cpu", watch=Watch(on_note=notes.append))
    told = (
        "Nothing is left to train: adversarial has done its 3 steps. Train on with --steps above "
        f"7, or from its weights: vsr train fit RECIPE --init {spec.out}/swift-srgan_x4.safetensors"
    )
    assert notes == [told] * 3, "the last one trained on"


def test_a_run_is_resumed_without_the_weights_it_started_from(toy, tmp_path):
    fit(toy)
    init = shutil.copy(toy.out / "lite_x4.safetensors", tmp_path / "init.safetensors")
    spec = FitSpec(
        recipe=toy.recipe, data=toy.data, out=tmp_path / "tuned", init=str(init), device="cpu"
    )
    with pytest.raises(Interrupted):
        fit(spec, stop_after(1))
    init.unlink()
    resume(spec.out, device="cpu")
    assert RunFolder(spec.out).read().finished[-1] == "export"


def test_a_run_without_its_recipe_is_refused(toy):
    with pytest.raises(Interrupted):
        fit(toy, stop_after(1))
    (toy.out / "recipe.toml").unlink()
    with pytest.raises(InvalidData, match="recipe.toml: cannot be read"):
        resume(toy.out)


def test_a_run_folder_in_use_is_refused(toy):
    with pytest.raises(Interrupted):
        fit(toy, stop_after(1))
    with RunFolder(toy.out).locked(), pytest.raises(OutputBusy, match=str(os.getpid())):
        resume(toy.out)


def test_data_that_changed_is_not_resumed_on(toy, tmp_path):
    data = shutil.copytree(toy.data, tmp_path / "copy")
    spec = FitSpec(recipe=toy.recipe, data=data, out=toy.out, device="cpu")
    with pytest.raises(Interrupted):
        fit(spec, stop_after(1))
    table = json.loads((data / "dataset.json").read_text())
    (data / "dataset.json").write_text(json.dumps(table | {"sha256": "other"}))
    with pytest.raises(InvalidData, match="changed since"):
        resume(toy.out)


def test_a_run_in_fp16_does_not_go_on_without_cuda_unless_another_precision_is_asked_for(toy):
    """Nobody typed --precision, so that it is the run that is named."""
    fit(toy)
    folder = RunFolder(toy.out)
    run = folder.read()
    folder.write(replace(run, precision="fp16", device="cuda:0 (A GPU, fp16)"))
    with pytest.raises(InvalidOption, match=r"started on cuda:0 \(A GPU, fp16\).*--precision fp32"):
        resume(toy.out, device="cpu")
    with pytest.raises(InvalidOption, match="--device tpu"):
        resume(toy.out, device="tpu")
    resume(toy.out, device="cpu", precision="fp32")
    assert folder.read().precision == "fp32"


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(InvalidData, match="not a training run"):
        resume(tmp_path)


def test_a_damaged_checkpoint_is_refused(toy):
    with pytest.raises(Interrupted):
        fit(toy, stop_after(1))
    (toy.out / "pixel.ckpt").write_bytes(b"no checkpoint")
    with pytest.raises(InvalidCheckpoint, match="unreadable"):
        resume(toy.out)
