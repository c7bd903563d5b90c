import csv
import errno
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from tests.training.toys import prepared, recipe
from vsr.errors import (
    Interrupted,
    InvalidCheckpoint,
    InvalidData,
    InvalidOption,
    InvalidRecipe,
    NoSpace,
    NoSuchFile,
    OutputBusy,
    OutputExists,
    TrainingDiverged,
    UnknownName,
    UnwritableOutput,
)
from vsr.jobs.export import ExportSpec, export
from vsr.jobs.train import FitSpec, Watch, fit, resume
from vsr.metrics.features import Features
from vsr.models.catalog import load
from vsr.recipes.find import find, names
from vsr.training.degradation import STRENGTHS
from vsr.training.level import flat_pattern
from vsr.training.perceptual import Vgg19
from vsr.training.recipe import load_recipe
from vsr.training.run_folder import RunFolder
from vsr.training.schedule import Budget

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def toy(tmp_path, data):
    return FitSpec(recipe=recipe(tmp_path), data=data, out=tmp_path / "run", device="cpu")


def log_of(folder):
    with (folder / "log.csv").open(newline="") as file:
        return [(row["step"], row["loss"], row["psnr_db"]) for row in csv.DictReader(file)]


def stop_after(steps):
    """Ask to stop after so many steps."""
    asked = iter(range(steps - 1))
    return Watch(should_stop=lambda: next(asked, None) is None)


def test_a_run_leaves_its_log_plot_pictures_and_a_model(toy, tmp_path):
    fit(toy)
    run = toy.out
    assert [row[0] for row in log_of(run)] == ["2", "4", "6"]
    with Image.open(run / "plot.png") as plot:
        assert plot.size == (960, 720)
    assert len(list((run / "validation").glob("*_0000006.png"))) == 1
    assert load(str(run / "lite_x4.safetensors")).card.command == "vsr train fit toy"
    assert RunFolder(run).read().finished == ("pixel", "evaluate", "export")


@pytest.mark.parametrize("is_reparameterised", [False, True])
@pytest.mark.parametrize("steps", [1, 3, 4])
def test_a_resumed_run_ends_as_if_it_had_never_stopped(tmp_path, data, steps, is_reparameterised):
    name = recipe(tmp_path, reparameterise=is_reparameterised)
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


GAME = """
description = "A toy game."
pipeline = "train-dpsrgan"
model = "swift-srgan"
scale = 4
[steps.pixel]
steps = 2
batch = 2
patch = 8
log_steps = 1
[steps.adversarial]
steps = 3
batch = 2
patch = 8
log_steps = 1
discriminator_width = 4
real = [0.7, 1.0]
"""


def test_batch_norm_and_the_discriminator_are_resumed_too(tmp_path, data):
    path = tmp_path / "game.toml"
    path.write_text(GAME)
    spec, again = (
        FitSpec(recipe=str(path), data=data, out=tmp_path / out, device="cpu") for out in ("a", "b")
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


def test_more_budget_goes_to_the_stage_that_was_reached(tmp_path, data):
    path = tmp_path / "game.toml"
    path.write_text(GAME)
    spec = FitSpec(recipe=str(path), data=data, out=tmp_path / "run", device="cpu")
    fit(spec)
    before = (spec.out / "pixel.ckpt").read_bytes()
    seen = []
    resume(spec.out, Budget(steps=12), device="cpu", watch=Watch(on_progress=seen.append))
    assert [(line.stage, line.step) for line in seen] == [("adversarial", n) for n in (4, 5, 6)]
    assert (spec.out / "pixel.ckpt").read_bytes() == before


def test_a_luma_network_cannot_play_against_a_discriminator(tmp_path, data):
    path = tmp_path / "game.toml"
    path.write_text(GAME.replace("swift-srgan", "lite"))
    with pytest.raises(InvalidOption, match="lite makes luma only"):
        fit(FitSpec(recipe=str(path), data=data, out=tmp_path / "run", device="cpu"))


def test_a_budget_of_time_ends_on_it_whatever_the_pace(toy):
    now = iter(np.arange(0.0, 100.0, 7.0))
    spec = FitSpec(
        recipe=toy.recipe, data=toy.data, out=toy.out, device="cpu", budget=Budget(seconds=60)
    )
    seen = []
    fit(spec, Watch(on_progress=seen.append, clock=lambda: next(now)))
    assert seen[-1].step == 9  # nine times 7 seconds is the first time past 60
    assert seen[-1].share == 1.0


def toy_recipe(name, folder):
    """Write a shipped recipe at toy size; every other value stays."""
    table = tomllib.loads(find("presets/train", name).text)
    lines = [f"{key} = {json.dumps(value)}" for key, value in table.items() if key != "steps"]
    adversarial = 24 if table["model"] == "dpsrgan" else 8
    small = {"steps": 2, "batch": 2, "patch": 8, "log_steps": 1, "check_steps": 2}
    for step, shipped in table["steps"].items():
        values = shipped | small
        if "discriminator" in shipped:
            values |= {"steps": 1, "batch": 1, "patch": adversarial, "collapse_db": 99.0}
        if "perceptual" in shipped:
            values |= {"perceptual_taps": [3]}
        if shipped.get("discriminator") == "unet":
            values |= {"discriminator_width": 4}
        lines += [f"[steps.{step}]", *(f"{key} = {json.dumps(v)}" for key, v in values.items())]
    path = folder / f"{name}.toml"
    path.write_text("\n".join(lines))
    return str(path)


@pytest.fixture(scope="module")
def large_data(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("large"), patch=96, degradations=tuple(STRENGTHS))


@pytest.mark.parametrize("name", names("presets/train"))
def test_every_shipped_recipe_runs(name, tmp_path, large_data):
    path = toy_recipe(name, tmp_path)
    torch.manual_seed(1)
    network = Vgg19(5) if "vgg19" in Path(path).read_text() else Features()
    weights = tmp_path / "features.safetensors"
    save_file(network.state_dict(), weights)
    spec = FitSpec(
        recipe=path, data=large_data, out=tmp_path / "run", device="cpu", perceptual_weights=weights
    )
    folder = fit(spec)
    card = next(spec.out.glob("*.safetensors"))
    model, shipped = load(str(card)), load_recipe(name)[1]
    assert model.traits.scale == shipped.scale
    assert model.card.flavour.endswith(
        ("pixel", "adversarial") if shipped.degradation == "bicubic" else shipped.degradation
    )
    assert folder.read().finished[-1] == "export"


def test_a_levelled_run_is_exported_levelled_whichever_way(tmp_path, large_data):
    weights = tmp_path / "features.safetensors"
    save_file(Features().state_dict(), weights)
    spec = FitSpec(
        recipe=toy_recipe("fast-perceptual-x4", tmp_path),
        data=large_data, out=tmp_path / "run", device="cpu", perceptual_weights=weights,
    )  # fmt: skip
    fit(spec)
    by_step = load(str(next(spec.out.glob("*.safetensors")))).net
    again = export(ExportSpec(run=spec.out, name="again", folder=tmp_path))
    assert by_step is not None
    assert flat_pattern(by_step).mean(dim=0).abs().max() < 1e-3  # half precision
    for one, other in zip(by_step.parameters(), load(str(again.path)).net.parameters()):
        assert torch.equal(one, other)


FRAMES = """
description = "A toy of frames."
pipeline = "train-{step}"
model = "fast"
scale = 4
degradation = "video-medium"
[steps.{step}]
steps = 4
batch = 8
patch = 8
temporal = {weight}
{more}
"""


@pytest.mark.parametrize(
    ("step", "more"), [("pixel", ""), ("adversarial", "discriminator_width = 4")]
)
def test_frames_are_compared_where_the_recipe_weighs_it(step, more, tmp_path, large_data):
    losses = []
    for weight in (1e-9, 1000):  # both in pairs
        path = tmp_path / f"weight_{weight}.toml"
        path.write_text(FRAMES.format(step=step, weight=weight, more=more))
        spec = FitSpec(recipe=str(path), data=large_data, out=tmp_path / path.stem, device="cpu")
        fit(spec)
        losses.append(float(log_of(spec.out)[0][1]))
    assert losses[1] > losses[0] + 0.001


def test_a_temporal_loss_on_pictures_that_are_no_frames_is_refused(tmp_path, data):
    spec = FitSpec(
        recipe=recipe(tmp_path, temporal=0.5), data=data, out=tmp_path / "run", device="cpu"
    )
    with pytest.raises(InvalidRecipe, match="frames that follow each other"):
        fit(spec)


def test_a_recipe_that_needs_feature_weights_says_so_before_the_start(tmp_path, data):
    spec = FitSpec(
        recipe=toy_recipe("srgan-gan-x4", tmp_path), data=data, out=tmp_path / "run", device="cpu"
    )
    with pytest.raises(InvalidOption, match="needs the weights of vgg19"):
        fit(spec)
    assert not spec.out.exists()


def test_a_benchmark_without_pictures_is_refused_before_the_start(toy, tmp_path):
    spec = FitSpec(recipe=toy.recipe, data=toy.data, out=toy.out, benchmarks=(tmp_path / "none",))
    with pytest.raises(NoSuchFile, match="no such folder"):
        fit(spec)
    assert not toy.out.exists()


def test_a_run_is_exported_under_a_name_that_every_command_knows(toy, tmp_path, monkeypatch):
    monkeypatch.setenv("VSR_MODELS", str(tmp_path / "models"))
    benchmark = tmp_path / "Pictures"
    benchmark.mkdir()
    shutil.copy(toy.data.parent / "pictures" / "0.png", benchmark)
    with pytest.raises(Interrupted):
        fit(toy, stop_after(3))
    exported = export(ExportSpec(run=toy.out, name="mine", benchmarks=(benchmark,), note="Mine."))
    model = load("mine")
    assert model.path == exported.path
    assert model.card.note == "3 steps. Exported before the run's budget was spent. Mine."
    assert model.card.scores["Pictures"]["psnr_y"] > 5
    with pytest.raises(OutputExists, match="--overwrite"):
        export(ExportSpec(run=toy.out, name="mine"))
    export(ExportSpec(run=toy.out, name="mine", may_overwrite=True))


@pytest.mark.parametrize("name", ["../mine", "", "a b"])
def test_a_name_that_is_a_path_is_refused(tmp_path, name):
    with pytest.raises(InvalidOption, match="--name"):
        ExportSpec(run=tmp_path, name=name)


def test_a_run_without_a_checkpoint_cannot_be_exported(toy):
    fit(toy)
    (toy.out / "pixel.ckpt").unlink()
    with pytest.raises(InvalidData, match="no checkpoint"):
        export(ExportSpec(run=toy.out, name="mine"))


def test_a_run_starts_from_the_weights_of_another(toy, tmp_path):
    fit(toy)
    tuned = FitSpec(
        recipe=recipe(tmp_path, "tuned", learning_rate=1e-12),
        data=toy.data,
        out=tmp_path / "tuned",
        init=str(toy.out / "lite_x4.safetensors"),
        device="cpu",
    )
    fit(tuned)
    first, second = (load(str(run / "lite_x4.safetensors")).net for run in (toy.out, tuned.out))
    for a, b in zip(first.parameters(), second.parameters()):
        assert torch.allclose(a, b, atol=1e-6)


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


def test_weights_of_another_network_are_refused_before_the_start(toy, tmp_path):
    save_file({"other": torch.zeros(1)}, tmp_path / "other.safetensors")
    spec = FitSpec(
        recipe=toy.recipe, data=toy.data, out=toy.out, init=str(tmp_path / "other.safetensors")
    )
    with pytest.raises(InvalidCheckpoint):
        fit(spec)
    assert not toy.out.exists()


def test_nan_stops_the_run_and_names_the_last_good_checkpoint(tmp_path, data, monkeypatch):
    spec = FitSpec(recipe=recipe(tmp_path), data=data, out=tmp_path / "run", device="cpu")
    steps = iter(range(100))
    true_loss = torch.Tensor.abs

    def spoilt(x):
        return true_loss(x) * (float("nan") if next(steps) == 4 else 1)

    monkeypatch.setattr("torch.Tensor.abs", spoilt)
    with pytest.raises(TrainingDiverged, match=r"before step 6: .*; the last good.*pixel\.ckpt"):
        fit(spec)
    table = torch.load(spec.out / "pixel.ckpt", weights_only=True)
    assert table["step"] == 4
    assert all(torch.isfinite(value).all() for value in table["net"].values())


def test_a_full_disk_keeps_the_checkpoint_before(toy, monkeypatch):
    with pytest.raises(Interrupted):
        fit(toy, stop_after(4))
    before = (toy.out / "pixel.ckpt").read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("torch.save", full)
    with pytest.raises(NoSpace, match="full"):
        resume(toy.out, device="cpu")
    assert (toy.out / "pixel.ckpt").read_bytes() == before
    assert not list(toy.out.glob("*.part"))


@pytest.mark.parametrize("name", ["log.csv", "plot.png", "run.json", "validation"])
def test_whatever_cannot_be_written_is_an_error_with_the_place(toy, name):
    (toy.out / name).mkdir(parents=True) if name != "validation" else None
    if name == "validation":
        toy.out.mkdir()
        (toy.out / name).write_text("a file where the folder should be")
    with pytest.raises((UnwritableOutput, InvalidData), match=name):
        fit(toy)


def test_a_run_folder_that_cannot_be_made_is_refused(toy, tmp_path):
    (tmp_path / "file").write_text("no folder")
    spec = FitSpec(recipe=toy.recipe, data=toy.data, out=tmp_path / "file" / "run", device="cpu")
    with pytest.raises(UnwritableOutput, match="file"):
        fit(spec)


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


def test_a_run_folder_of_another_recipe_is_refused(toy, tmp_path, data):
    fit(toy)
    other = FitSpec(recipe=recipe(tmp_path, "other"), data=data, out=toy.out)
    with pytest.raises(OutputExists, match="another recipe, 'toy'"):
        fit(other)
    with pytest.raises(OutputExists, match="vsr train resume"):
        fit(toy)


def test_data_that_changed_is_not_resumed_on(toy, tmp_path):
    data = shutil.copytree(toy.data, tmp_path / "copy")
    spec = FitSpec(recipe=toy.recipe, data=data, out=toy.out, device="cpu")
    with pytest.raises(Interrupted):
        fit(spec, stop_after(1))
    table = json.loads((data / "dataset.json").read_text())
    (data / "dataset.json").write_text(json.dumps(table | {"sha256": "other"}))
    with pytest.raises(InvalidData, match="changed since"):
        resume(toy.out)


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(InvalidData, match="not a training run"):
        resume(tmp_path)


def test_a_damaged_checkpoint_is_refused(toy):
    with pytest.raises(Interrupted):
        fit(toy, stop_after(1))
    (toy.out / "pixel.ckpt").write_bytes(b"no checkpoint")
    with pytest.raises(InvalidCheckpoint, match="unreadable"):
        resume(toy.out)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"learning_rat": 1.0}, "unknown key 'learning_rat'. Did you mean 'learning_rate'"),
        ({"learning_rate": 0.0}, "learning_rate 0.0 must be above 0"),
        ({"loss": "l7"}, "loss is 'l7'; choose from l1, mse, charbonnier"),
        ({"ema": 1.5}, "below 1"),
        ({"patch": 4}, "patch 4 must be between 8"),
        ({"steps": "many"}, "a whole number is needed"),
    ],
)
def test_impossible_recipes_are_refused_before_the_start(tmp_path, data, values, message):
    spec = FitSpec(recipe=recipe(tmp_path, **values), data=data, out=tmp_path / "run")
    with pytest.raises(InvalidRecipe, match=message):
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


TEAM = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from vsr.jobs.train import FitSpec, fit
fit(FitSpec(recipe=sys.argv[1], data=Path(sys.argv[2]), out=Path(sys.argv[3]), device="cpu"))
"""


@pytest.mark.slow
def test_two_processes_train_as_one(tmp_path, data):
    name = recipe(tmp_path, batch=4)
    script = tmp_path / "team.py"
    script.write_text(TEAM)
    arguments = [str(script), name, str(data)]
    subprocess.run([sys.executable, *arguments, str(tmp_path / "one")], check=True)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    subprocess.run([*torchrun, *arguments, str(tmp_path / "two")], check=True)
    one, two = (log_of(tmp_path / out) for out in ("one", "two"))
    assert [row[0] for row in one] == [row[0] for row in two]
    nets = [load(str(tmp_path / out / "lite_x4.safetensors")).net for out in ("one", "two")]
    for a, b in zip(nets[0].parameters(), nets[1].parameters()):
        assert torch.allclose(a, b, atol=2e-4)
