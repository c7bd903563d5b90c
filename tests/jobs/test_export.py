"""A run becomes a model that every command knows by its name."""

import shutil

import pytest
from PIL import Image

from tests.jobs.runs import stop_after
from vsr.errors import (
    Interrupted,
    InvalidData,
    InvalidOption,
    OutputExists,
    Refused,
)
from vsr.jobs.export import ExportSpec, export
from vsr.jobs.train import fit
from vsr.models.catalog import load

pytestmark = pytest.mark.usefixtures("one_thread")


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


def test_benchmarks_of_one_name_are_told_apart_by_the_folders_around_them(toy, tmp_path):
    folders = tuple(tmp_path / name / "HR" for name in ("Set5", "Set14"))
    for number, folder in enumerate(folders):
        folder.mkdir(parents=True)
        shutil.copy(toy.data.parent / "pictures" / f"{number}.png", folder)
    fit(toy)
    exported = export(ExportSpec(run=toy.out, name="m", folder=tmp_path, benchmarks=folders))
    assert exported.card.scores.keys() == {"Set5/HR", "Set14/HR"}


@pytest.mark.parametrize("content", ["not an image", "too small"])
def test_a_benchmark_that_cannot_be_measured_leaves_the_models_as_they_were(toy, tmp_path, content):
    fit(toy)
    models, benchmark = tmp_path / "models", tmp_path / "Pictures"
    export(ExportSpec(run=toy.out, name="there", folder=models))
    before = {path.name: path.read_bytes() for path in models.iterdir()}
    benchmark.mkdir()
    bad = benchmark / "bad.png"
    bad.write_text(content)
    if content == "too small":
        Image.new("RGB", (9, 9)).save(bad)
    for name in ("there", "new"):
        spec = ExportSpec(
            run=toy.out, name=name, folder=models, benchmarks=(benchmark,), may_overwrite=True
        )
        with pytest.raises(Refused, match=r"bad\.png"):
            export(spec)
    assert {path.name: path.read_bytes() for path in models.iterdir()} == before


@pytest.mark.parametrize("name", ["../mine", "", "a b"])
def test_a_name_that_is_a_path_is_refused(tmp_path, name):
    with pytest.raises(InvalidOption, match="--name"):
        ExportSpec(run=tmp_path, name=name)


@pytest.mark.parametrize("name", ["fast", "bicubic", "fast-video-light", "fast-clear"])
def test_a_name_that_comes_with_the_program_is_refused_for_models_of_the_users_own(tmp_path, name):
    with pytest.raises(InvalidOption, match=f"--name {name}: is shipped with vsr"):
        ExportSpec(run=tmp_path, name=name)
    assert ExportSpec(run=tmp_path, name=name, folder=tmp_path).name == name


def test_a_run_without_a_checkpoint_cannot_be_exported(toy):
    fit(toy)
    (toy.out / "pixel.ckpt").unlink()
    with pytest.raises(InvalidData, match="no checkpoint"):
        export(ExportSpec(run=toy.out, name="mine"))
