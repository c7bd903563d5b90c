"""Adversarial training: what is refused, what is detected, and that nothing is lost."""

import pytest
import torch
from safetensors.torch import save_file

from tests.jobs.runs import log_of, stop_after
from vsr.errors import (
    Interrupted,
    InvalidCheckpoint,
    InvalidOption,
    NoSuchFile,
    TrainingDiverged,
)
from vsr.jobs.train import FitSpec, fit, resume
from vsr.metrics.features import Features
from vsr.models.catalog import load

pytestmark = pytest.mark.usefixtures("one_thread")

GAME = """
description = "A toy game."
pipeline = "train-srgan"
model = "swift-srgan"
scale = 4
note = "A toy."
[steps.pixel]
steps = 1
batch = 1
patch = 8
"""

STEP = """
[steps.{name}]
steps = {steps}
batch = 1
patch = 8
log_steps = 2
check_steps = 2
discriminator_width = {width}
perceptual = 0.1
perceptual_taps = [1, 2]
perceptual_distance = "relative"
real = [0.7, 1.0]
collapse_db = 99.0
"""


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("features") / "features.safetensors"
    save_file(Features().state_dict(), path)
    return path


@pytest.fixture
def game(tmp_path, data, features):
    """Return a maker of toy adversarial runs: (folder name, width of the second step's U-Net)."""

    def make(name="run", width=4):
        path = tmp_path / "game.toml"
        first = STEP.format(name="adversarial", steps=2, width=4)
        path.write_text(GAME + first + STEP.format(name="refine", steps=4, width=width))
        return FitSpec(
            recipe=str(path),
            data=data,
            out=tmp_path / name,
            device="cpu",
            perceptual_weights=features,
        )

    return make


def losses_of(folder):
    """Return the losses of a log, the discriminator's too."""
    return log_of(folder, ("step", "loss", "discriminator_loss"))


def test_a_game_stopped_in_its_second_step_ends_as_if_it_had_never_stopped(game):
    whole, parts = game("whole"), game("parts")
    fit(whole)
    with pytest.raises(Interrupted, match="step 3"):
        fit(parts, stop_after(1 + 2 + 3))
    resume(parts.out, device="cpu")
    assert losses_of(whole.out) == losses_of(parts.out)
    assert all(discriminator for step, _, discriminator in losses_of(whole.out)[1:])
    files = [spec.out / "swift-srgan_x4.safetensors" for spec in (whole, parts)]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert load(str(files[0])).card.note == "7 steps. A toy."


def test_features_of_another_network_are_refused_before_anything_is_written(game, tmp_path):
    other = tmp_path / "other.safetensors"
    save_file({"features.0.0.weight": torch.zeros(3)}, other)
    spec = game()
    for weights, error in ((other, InvalidCheckpoint), (tmp_path / "none.safetensors", NoSuchFile)):
        with pytest.raises(error, match=weights.name):
            fit(
                FitSpec(
                    recipe=spec.recipe, data=spec.data, out=spec.out, perceptual_weights=weights
                )
            )
    assert not spec.out.exists()


def test_steps_with_discriminators_of_two_sizes_are_refused_before_anything_is_written(game):
    spec = game(width=8)
    with pytest.raises(InvalidOption, match="'refine': its discriminator differs in size"):
        fit(spec)
    assert not spec.out.exists()


def without(discriminator):
    """Take the discriminator out of a checkpoint."""
    del discriminator


def narrower(discriminator):
    """Leave half of each tensor: a discriminator of another size."""
    return discriminator | {"net": {k: v[: len(v) // 2] for k, v in discriminator["net"].items()}}


@pytest.mark.parametrize(
    ("stage", "steps", "spoil"),
    [
        ("adversarial", 1 + 2, without),
        ("adversarial", 1 + 2, narrower),
        ("refine", 1 + 2 + 3, narrower),
    ],
)
def test_a_checkpoint_without_its_discriminator_is_refused(game, stage, steps, spoil):
    spec = game()
    with pytest.raises(Interrupted):
        fit(spec, stop_after(steps))
    path = spec.out / f"{stage}.ckpt"
    table = torch.load(path, weights_only=True)
    torch.save(table | {"discriminator": spoil(table["discriminator"])}, path)
    before = path.read_bytes()
    with pytest.raises(InvalidCheckpoint, match=rf"{stage}\.ckpt: .*start a new run"):
        resume(spec.out, device="cpu")
    assert path.read_bytes() == before


def test_a_discriminator_that_is_no_number_stops_the_run(game, monkeypatch):
    true_loss = "vsr.training.run.adversarial.discriminator_loss"
    drawn = iter(range(100))

    def spoilt(values, real, fake, labels):
        return (1 + real.square().mean()) * (float("nan") if next(drawn) == 2 else 1)

    monkeypatch.setattr(true_loss, spoilt)
    spec = game()
    with pytest.raises(TrainingDiverged, match="'refine' diverged before step 2.*not finite"):
        fit(spec)
    table = torch.load(spec.out / "adversarial.ckpt", weights_only=True)
    assert all(torch.isfinite(value).all() for value in table["discriminator"]["net"].values())


def test_a_fall_of_psnr_stops_the_run_and_keeps_the_checkpoint_before(game, monkeypatch):
    measured = iter([28.0, 27.0, 28.0, 27.0, -80.0])
    monkeypatch.setattr("vsr.training.run.adversarial.validate", lambda *_: next(measured))
    spec = game()
    message = r"'refine' diverged before step 4: PSNR fell from 28.00 to -80.00 dB; .*refine\.ckpt"
    with pytest.raises(TrainingDiverged, match=message):
        fit(spec)
    assert torch.load(spec.out / "refine.ckpt", weights_only=True)["step"] == 2


def test_a_discriminator_that_never_errs_stops_the_run(game, monkeypatch):
    monkeypatch.setattr(
        "vsr.training.run.adversarial.discriminator_loss",
        lambda values, real, fake, labels: 0 * real.mean(),
    )
    with pytest.raises(TrainingDiverged, match="'adversarial' .* pinned at 0"):
        fit(game())
