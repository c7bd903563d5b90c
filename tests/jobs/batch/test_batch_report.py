"""``vsr-report.json``: written by the batch that owns the folder, and by no other."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.clips import write_clip
from vsr.batch.ledger import open_ledger
from vsr.cli import run
from vsr.jobs.batch.batch import BatchSpec, batch
from vsr.jobs.batch.outcome import REPORT, Outcome
from vsr.jobs.upscale.preset_spec import spec_of_preset
from vsr.specs import EncodeSpec
from vsr.values import OutputSize

QUICK = ["--model", "bicubic", "--scale", "2", "--encoder-preset", "ultrafast"]
SPEC = BatchSpec(
    upscale=replace(
        spec_of_preset("1080p", OutputSize(scale=2)),
        model="bicubic",
        encode=EncodeSpec(encoder_preset="ultrafast"),
    )
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.mkv", "b.mkv"):
        write_clip(folder / name, frames=2)
    return folder


def reported(target: Path) -> dict[str, str]:
    files = json.loads((target / REPORT).read_text())["files"]
    return {Path(entry["source"]).name: entry["state"] for entry in files}


def test_every_file_is_in_the_report(folder: Path, tmp_path: Path):
    list(batch(folder, tmp_path / "out", SPEC))
    assert reported(tmp_path / "out") == {"a.mkv": "done", "b.mkv": "done"}


def test_a_batch_that_is_stopped_reports_what_it_has_done(folder: Path, tmp_path: Path):
    outcomes = batch(folder, tmp_path / "out", SPEC)
    first = next(outcomes)
    outcomes.close()
    assert reported(tmp_path / "out") == {first.source.name: "done"}


def test_a_folder_of_which_nothing_could_be_done_is_not_left_empty(folder: Path, tmp_path: Path):
    for name in ("x/y/bad.mkv", "x/z/c.mkv"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(b"no film")
    write_clip(folder / "x" / "z" / "c.mkv", frames=2)
    states = {one.source.name: one.state for one in batch(folder, tmp_path / "out", SPEC)}
    assert states["bad.mkv"] == "failed"
    assert states["c.mkv"] == "done"
    assert (tmp_path / "out" / "x" / "z" / "c.mkv").exists()
    assert not (tmp_path / "out" / "x" / "y").exists()


def test_why_a_file_failed_is_told_under_the_name_that_was_typed(tmp_path: Path, monkeypatch):
    """A worker is given absolute paths, as it may run in another folder."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.mkv").write_bytes(b"no film")
    monkeypatch.chdir(tmp_path)
    (outcome,) = batch(Path("in"), Path("out"), SPEC)
    assert outcome.error.startswith("in/a.mkv: not a media file")


@pytest.mark.parametrize("name", ["missing", "out"])
def test_a_batch_that_is_refused_leaves_the_report_as_it_is(tmp_path: Path, name: str):
    out = tmp_path / "out"
    out.mkdir()
    (out / REPORT).write_text("of the batch before")
    assert run(["batch", str(tmp_path / name), str(out), *QUICK, "-q"]) == 2
    assert (out / REPORT).read_text() == "of the batch before"


def test_the_report_of_a_batch_at_work_is_not_written_over(folder: Path, tmp_path: Path):
    out = tmp_path / "out"
    with open_ledger(out):
        assert run(["batch", str(folder), str(out), *QUICK, "-q"]) == 2
    assert not (out / REPORT).exists()


def test_the_losses_of_a_file_are_one_line_of_parts() -> None:
    outcome = Outcome(
        source=Path("in.mkv"), target=Path("out.mkv"), state="done", frames=2,
        losses=("a subtitle is dropped.", "2 frames missing"),
    )  # fmt: skip
    assert outcome.line().endswith("(a subtitle is dropped; 2 frames missing)")
