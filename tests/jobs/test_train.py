"""What a run leaves, and what stops it."""

import errno
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from tests.jobs.runs import log_of, stop_after
from tests.training.toys import recipe
from vsr.errors import (
    Interrupted,
    InvalidData,
    NoSpace,
    TrainingDiverged,
    UnwritableOutput,
)
from vsr.jobs.train import FitSpec, Watch, fit, resume
from vsr.models.catalog import load
from vsr.training.recipe.recipe import Budget
from vsr.training.run.run_folder import RunFolder

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_run_leaves_its_log_plot_pictures_and_a_model(toy, tmp_path):
    fit(toy)
    run = toy.out
    assert [row[0] for row in log_of(run)] == ["2", "4", "6"]
    with Image.open(run / "plot.png") as plot:
        assert plot.size == (960, 720)
    assert len(list((run / "validation").glob("*_0000006.png"))) == 1
    assert load(str(run / "lite_x4.safetensors")).card.command == "vsr train fit toy"
    assert RunFolder(run).read().finished == ("pixel", "evaluate", "export")


def test_no_stage_writes_over_the_pictures_of_the_one_before(tmp_path, data):
    stages = "".join(
        f"[steps.{name}]\nsteps = 4\nbatch = 2\npatch = 12\ncheck_steps = 2\n"
        for name in ("pixel", "polish")
    )
    path = tmp_path / "two.toml"
    path.write_text(
        f'description = "two"\npipeline = "train-polished"\nmodel = "lite"\nscale = 4\n{stages}'
    )
    fit(FitSpec(recipe=str(path), data=data, out=tmp_path / "run", device="cpu"))
    names = [f"0_{stage}_{step:07d}.png" for stage in ("pixel", "polish") for step in (2, 4)]
    assert sorted(path.name for path in (tmp_path / "run" / "validation").iterdir()) == names


def test_a_budget_of_time_ends_on_it_whatever_the_pace(toy):
    now = iter(np.arange(0.0, 100.0, 7.0))
    spec = FitSpec(
        recipe=toy.recipe, data=toy.data, out=toy.out, device="cpu", budget=Budget(seconds=60)
    )
    seen = []
    fit(spec, Watch(on_progress=seen.append, clock=lambda: next(now)))
    assert seen[-1].step == 9  # nine times 7 seconds is the first time past 60
    assert seen[-1].share == 1.0


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
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


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
    for a, b in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        assert torch.allclose(a, b, atol=2e-4)
