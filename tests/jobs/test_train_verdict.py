"""The verdict that ends a run."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from tests.jobs.runs import stop_after
from tests.training.toys import prepared, recipe
from vsr.errors import Interrupted
from vsr.jobs.train import FitSpec, Watch, fit, resume
from vsr.kernels import CATMULL_ROM, imresize
from vsr.metrics.protocol import psnr_y
from vsr.training.damage.camera import enlarged
from vsr.training.data.dataset import PairsChoice, Patches
from vsr.training.run.verdict import Verdict

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Three patches are held out."""
    return prepared(tmp_path_factory.mktemp("many"), pictures=24, scales=(4,))


def verdict_of(spec):
    seen = []
    fit(spec, Watch(on_verdict=seen.append))
    (verdict,) = seen
    return verdict


def test_it_is_against_what_the_run_started_from_in_db_of_held_out_patches(many, tmp_path):
    spec = FitSpec(
        recipe=recipe(tmp_path, learning_rate=1e-12),
        data=many,
        out=tmp_path / "run",
        init="lite",
        device="cpu",
    )
    verdict = verdict_of(spec)
    assert (verdict.judgement, verdict.against) == ("no different", "its start (lite)")
    low, high, true = Patches.open(many, PairsChoice(scale=4)).held_out()
    assert np.array_equal(high, true)
    assert verdict.patches == len(low) == 3
    assert verdict.before == pytest.approx(verdict.after, abs=1e-3)
    assert json.loads((spec.out / "verdict.json").read_text())["before"] == verdict.before
    with Image.open(spec.out / "verdict.png") as sheet:
        assert sheet.size == (4 * 64, 3 * 64)


def test_a_worse_network_is_called_worse_and_a_better_one_better(many, tmp_path):
    worse = FitSpec(
        recipe=recipe(tmp_path, learning_rate=10.0, clip=1e9, warm_up_steps=0, steps=2, ema=0.0),
        data=many,
        out=tmp_path / "worse",
        init="lite",
        device="cpu",
    )
    verdict = verdict_of(worse)
    assert verdict.judgement == "worse"
    assert verdict.words().startswith("Worse than its start (lite): ")
    again = replace(
        worse, recipe=recipe(tmp_path, "back", learning_rate=1e-12), out=tmp_path / "b",
        init=str(worse.out / "lite_x4.safetensors"),
    )  # fmt: skip
    assert verdict_of(again).before == pytest.approx(verdict.after, abs=0.1)  # half precision


def test_without_a_start_it_is_against_bicubic(many, tmp_path):
    spec = FitSpec(recipe=recipe(tmp_path), data=many, out=tmp_path / "run", device="cpu")
    verdict = verdict_of(spec)
    assert verdict.against == "bicubic"
    low, high, _ = Patches.open(many, PairsChoice(scale=4)).held_out()
    expected = [
        psnr_y(np.rint(imresize(one, 64, 64).clip(0, 255)).astype(np.uint8), truth, 4)
        for one, truth in zip(low, high)
    ]
    assert verdict.before == pytest.approx(np.mean(expected), abs=0.1)
    picture = torch.rand(1, 3, 8, 8, dtype=torch.float64)
    mine = enlarged(picture, torch.Size((32, 32)), CATMULL_ROM)[0, 0]
    assert np.allclose(mine, imresize(picture[0, 0].numpy(), 32, 32))


def test_a_stopped_run_has_none_and_a_resumed_one_that_of_the_whole(many, tmp_path):
    spec = FitSpec(
        recipe=recipe(tmp_path), data=many, out=tmp_path / "run", init="lite", device="cpu"
    )
    with pytest.raises(Interrupted):
        fit(spec, stop_after(2))
    assert not (spec.out / "verdict.json").exists()
    seen = []
    resume(spec.out, device="cpu", watch=Watch(on_verdict=seen.append))
    whole = verdict_of(replace(spec, out=tmp_path / "whole"))
    assert seen == [whole]


def test_words_say_what_a_teachers_targets_and_looks_change():
    verdict = Verdict(
        against="bicubic",
        target="teacher",
        before=28.7,
        after=32.1,
        deviation=0.1,
        patches=24,
        better=23,
        truth_before=27.5,
        truth_after=27.2,
        is_for_looks=True,
    )
    assert verdict.words() == (
        "Better than bicubic towards the targets 'teacher': 28.70 → 32.10 dB (+3.40) on 24 patches "
        "held out, 23 of which gained; towards the truth 27.50 → 27.20 dB; it was trained for "
        "looks, which dB do not see. See verdict.png."
    )
    same = replace(verdict, before=25.7949, after=25.7851).words()
    assert ": 25.79 → 25.79 dB (+0.00) on 24 patches" in same
    assert (
        ": 27.85 → 27.88 dB (+0.03) on" in replace(verdict, before=27.8549, after=27.8751).words()
    )
    assert replace(verdict, deviation=1.8).words().startswith("No different from bicubic")
