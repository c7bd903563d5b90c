"""A stage that diverges names the last good checkpoint of the run, which goes on from there."""

from math import nan
from pathlib import Path

import pytest

from tests.jobs.runs import game_recipe, log_of
from tests.training.toys import recipe
from vsr.errors import TrainingDiverged
from vsr.jobs.train import FitSpec, fit, resume

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def game(tmp_path, data):
    """Return what makes a run of two pixel and three adversarial steps, checked at every step."""
    path = Path(game_recipe(tmp_path))
    path.write_text(path.read_text().replace("log_steps = 1", "log_steps = 1\ncheck_steps = 1"))

    def make(name):
        return FitSpec(recipe=str(path), data=data, out=tmp_path / name, device="cpu")

    return make


def measured(monkeypatch, *psnrs):
    """Let the validation of adversarial stages return these; the first is that of their start."""
    values = iter(psnrs)
    monkeypatch.setattr("vsr.training.run.adversarial.validate", lambda *_: next(values))


@pytest.mark.parametrize("fallen", [-9.0, nan])
def test_a_run_goes_on_from_the_checkpoint_before_its_collapse(game, monkeypatch, fallen):
    whole, parts = game("whole"), game("parts")
    fit(whole)
    with monkeypatch.context() as patch:
        measured(patch, 28.0, 28.0, fallen)
        with pytest.raises(TrainingDiverged, match=r"step 2: .* checkpoint is .*adversarial\.ckpt"):
            fit(parts)
    resume(parts.out, device="cpu")
    columns = ("stage", "step", "loss")
    assert log_of(parts.out, columns) == log_of(whole.out, columns)
    files = [spec.out / "swift-srgan_x4.safetensors" for spec in (whole, parts)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_stage_that_collapses_at_its_first_check_names_the_checkpoint_of_the_one_before(
    game, monkeypatch
):
    spec = game("run")
    measured(monkeypatch, 28.0, -9.0)
    with pytest.raises(TrainingDiverged, match=r"last good checkpoint is .*pixel\.ckpt"):
        fit(spec)
    assert not (spec.out / "adversarial.ckpt").exists()


def test_a_pixel_stage_whose_network_falls_apart_keeps_the_checkpoint_before(
    tmp_path, data, monkeypatch
):
    psnrs = iter([28.0, 12.0])
    monkeypatch.setattr("vsr.training.run.steps.validate", lambda *_: next(psnrs))
    name = recipe(tmp_path, steps=4, log_steps=1, check_steps=2)
    spec = FitSpec(recipe=name, data=data, out=tmp_path / "run", device="cpu")
    with pytest.raises(TrainingDiverged, match=r"PSNR fell from 28.00 to 12.00 dB; .*pixel\.ckpt"):
        fit(spec)
