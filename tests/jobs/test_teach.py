"""Targets by a teacher: what they are, how they are stopped and gone on with, who learns them."""

import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.training.toys import prepared
from vsr.device.select import Device
from vsr.errors import (
    Interrupted,
    InvalidData,
    InvalidOption,
    InvalidRecipe,
    OutputBusy,
    OutputExists,
)
from vsr.jobs.teach import TeachSpec, TeachWatch, teach
from vsr.jobs.train import FitSpec, fit
from vsr.training.data.batches import held, normalised, sliced
from vsr.training.data.dataset import PairsChoice, Patches
from vsr.training.data.fields import is_field
from vsr.training.data.manifest import read_manifest
from vsr.training.teacher.lesson import CHUNK
from vsr.training.teacher.teacher import Correction, Teacher, TeacherSpec

pytestmark = pytest.mark.usefixtures("one_thread")

CLEAR = "video-clear"
TEACHER = (TeacherSpec(source="fast"),)


@pytest.fixture(scope="module")
def pupils(tmp_path_factory):
    """A prepared set of some 36 patches of 64 pixels, with a field among them."""
    return prepared(
        tmp_path_factory.mktemp("pupils"), pictures=9, degradations=(CLEAR,), scales=(4,)
    )


@pytest.fixture
def data(pupils, tmp_path):
    return shutil.copytree(pupils, tmp_path / "data")


def spec(data, **values):
    table = {"teachers": TEACHER, "scales": (4,), "device": "cpu", "precision": "fp32"} | values
    return TeachSpec(data=data, **table)


def opened(data, **values):
    return Patches.open(data, PairsChoice(scale=4, degradation=CLEAR, target="teacher", **values))


def bytes_of(data):
    return (data / f"hr_x4_{CLEAR}_teacher.u8").read_bytes()


def test_targets_are_the_corrected_pictures_of_the_teacher_and_fields_are_true(data):
    teach(spec(data))
    patches = opened(data)
    teacher = Teacher.open(TEACHER, 4)
    (number,) = [n for n in range(len(patches.hr)) if is_field(n)]
    assert np.array_equal(patches.high[number], patches.hr[number])
    low, true = (normalised(torch.tensor(codes[5:6]), "rgb") for codes in (patches.lr, patches.hr))
    wanted = Correction().of(teacher.taught(low, Device(kind="cpu")), true, low)
    found = normalised(torch.tensor(patches.high[5][None]), "rgb")
    assert (found - wanted).abs().max() <= 0.51 / 255
    assert (found - true).abs().mean() > 1 / 255


def test_a_stopped_run_goes_on_and_ends_with_the_same_bytes(data, pupils, tmp_path):
    whole = shutil.copytree(pupils, tmp_path / "whole")
    teach(spec(whole))
    seen = []
    watch = TeachWatch(on_chunk=lambda *at: seen.append(at), should_stop=lambda: len(seen) == 2)
    with pytest.raises(Interrupted, match="vsr train teach"):
        teach(spec(data), watch)
    with pytest.raises(InvalidData, match="no targets 'teacher'"):
        opened(data)
    count = -(-read_manifest(data).count // CHUNK)
    journal = data / f"hr_x4_{CLEAR}_teacher.journal"
    journal.write_text(journal.read_text() + "1")  # cut off in the middle of a line
    teach(spec(data), TeachWatch(on_chunk=lambda *at: seen.append(at)))
    assert seen == [(1, count), (2, count), *((n + 1, count - 2) for n in range(count - 2))]
    assert bytes_of(data) == bytes_of(whole)
    assert not list(data.glob("*.part"))
    assert not list(data.glob("*.journal"))


def test_two_runs_do_not_make_targets_of_one_set_at_once(data):
    def meet(*_: int) -> None:
        with pytest.raises(OutputBusy, match=f"process {os.getpid()}, which is making targets of"):
            teach(spec(data, name="other"))
        met.append(True)

    met: list[bool] = []
    teach(spec(data), TeachWatch(on_chunk=meet))
    assert met
    assert not list(data.glob(".*"))
    teach(spec(data, name="other"))
    assert [one.name for one in read_manifest(data).taught] == ["teacher", "other"]


def test_what_was_begun_otherwise_is_begun_again(data, pupils, tmp_path):
    whole = shutil.copytree(pupils, tmp_path / "whole")
    teach(spec(whole))
    other = spec(data, correction=Correction(texture=1.0))
    with pytest.raises(Interrupted):
        teach(other, TeachWatch(should_stop=lambda: True))
    teach(spec(data))
    assert bytes_of(data) == bytes_of(whole)


def test_complete_targets_are_not_made_again_nor_others_written_over_them(data):
    first = teach(spec(data))
    seen = []
    assert teach(spec(data), TeachWatch(on_chunk=lambda *at: seen.append(at))) == first
    assert seen == []
    with pytest.raises(OutputExists, match=r"made by 1 × fast ×4.*Choose another --name"):
        teach(spec(data, teachers=(TeacherSpec(source="quality"),)))
    teach(spec(data, teachers=(TeacherSpec(source="quality"),), name="other"))
    assert [one.name for one in read_manifest(data).taught] == ["teacher", "other"]


@pytest.mark.slow
def test_several_workers_make_the_same_bytes(data, pupils, tmp_path):
    whole = shutil.copytree(pupils, tmp_path / "whole")
    teach(spec(whole))
    teach(spec(data, workers=2))
    assert bytes_of(data) == bytes_of(whole)


def test_a_share_of_the_truth_stays_and_both_sources_agree(data):
    teach(spec(data))
    patches = opened(data, truth_share=0.5)
    is_true = patches.targets.is_true
    assert 0.3 < is_true.mean() < 0.7
    for number, true in enumerate(is_true):
        assert not true or np.array_equal(patches.high[number], patches.hr[number])
    crops = patches.draw(1, 2, 24, 12)
    mine = held(patches, "rgb", torch.device("cpu"))(crops, 12)
    assert torch.equal(mine.high, sliced(patches, "rgb")(crops, 12).high)
    plain = Patches.open(data, PairsChoice(scale=4, degradation=CLEAR))
    assert not torch.equal(mine.high, sliced(plain, "rgb")(crops, 12).high)
    assert plain.sha256 != patches.sha256


RECIPE = f"""
description = "A toy that is taught."
pipeline = "train-pixel"
model = "fast"
scale = 4
degradation = "{CLEAR}"
target = "teacher"
[steps.pixel]
steps = 2
batch = 2
patch = 8
temporal = 0.1
"""


def test_a_recipe_learns_them_and_its_card_names_the_teacher(data, tmp_path):
    path = tmp_path / "taught.toml"
    path.write_text(RECIPE)
    run = FitSpec(recipe=str(path), data=data, out=tmp_path / "run", device="cpu")
    with pytest.raises(
        InvalidData, match=r"no targets 'teacher' for ×4 and video-clear.*vsr train"
    ):
        fit(run)
    assert not run.out.exists()
    teach(spec(data))
    fit(run)
    card = json.loads((run.out / "fast_x4.json").read_text())
    assert "targets of video-clear by 1 × fast ×4 (" in card["data"]


def test_a_recipe_mixes_pairs_and_is_refused_what_is_not_there(data, tmp_path):
    teach(spec(data))
    path = tmp_path / "mixed.toml"
    mix = '[[mix]]\ndegradation = "bicubic"\nweight = 0.5\n'
    text = RECIPE.replace("temporal = 0.1\n", "").replace("[steps", mix + "[steps")
    path.write_text(text)
    run = FitSpec(recipe=str(path), data=data, out=tmp_path / "run", device="cpu")
    fit(run)
    for broken, error, message in (
        (text.replace("0.5", "0.0"), InvalidRecipe, r"mix\[0\]: weight 0 must be above 0"),
        (text.replace('"bicubic"', '"video-light"'), InvalidData, "not with video-light"),
        (text + "temporal = 0.1", InvalidRecipe, "need consecutive frames"),
    ):
        path.write_text(broken)
        with pytest.raises(error, match=message):
            fit(replace(run, out=tmp_path / "other"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"scales": (3,)}, "prepared for"),
        ({"degradations": ("video-light",)}, "--degradation video-light"),
    ],
)
def test_what_the_set_has_not_is_refused(pupils, values, message):
    with pytest.raises(InvalidData, match=message):
        teach(spec(pupils, **values))


def test_impossible_values_are_refused(pupils):
    for values in ({"teachers": ()}, {"name": "truth"}, {"name": "a/b"}, {"workers": 0}):
        with pytest.raises(InvalidOption, match="--"):
            spec(pupils, **values)
