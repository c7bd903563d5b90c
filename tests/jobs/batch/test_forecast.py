"""What ``vsr batch --dry-run`` foresees: what the batch then does, refusals included."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tests.clips import Audio, write_clip
from vsr.batch.plan import Selection, plan
from vsr.cli import run
from vsr.jobs.batch import outlook as module
from vsr.jobs.batch.batch import BatchSpec, batch
from vsr.jobs.batch.forecast import forecast, outlook_of
from vsr.jobs.estimate import estimate, room
from vsr.jobs.estimate.figures import Between, Estimate, Took
from vsr.jobs.estimate.pace import Pace, Rate
from vsr.jobs.process_setup import core_count
from vsr.jobs.upscale.job import Job
from vsr.media.images.images import RESULTS
from vsr.specs import EncodeSpec, UpscaleSpec
from vsr.values import OutputSize, Size

SPEC = UpscaleSpec(size=OutputSize(width=96, height=96), steps=("upscale", "fit"), model="bicubic")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    write_clip(folder / "large.mp4", frames=2, size=Size(128, 96))
    write_clip(folder / "small.mp4", frames=2, size=Size(64, 48))
    Image.new("RGB", (128, 96)).save(folder / "large.png")
    Image.new("RGB", (48, 32)).save(folder / "small.png")
    return folder


@pytest.mark.parametrize(
    ("spec", "refused"),
    [
        (SPEC, {"large.mp4", "large.png"}),
        (replace(SPEC, size=OutputSize(scale=2)), set()),
        (
            replace(SPEC, sharpness=1.0),
            {"large.mp4", "large.png", "small.mp4", "small.png"},
        ),
    ],
)
def test_what_the_batch_will_refuse_is_foreseen(
    folder: Path, tmp_path: Path, spec: UpscaleSpec, refused: set[str]
) -> None:
    job = BatchSpec(upscale=spec, selection=Selection(pictures=RESULTS))
    foreseen = {one.source.name: one.error for one in forecast(folder, tmp_path / "out", job)}
    assert {name for name, error in foreseen.items() if error} == refused
    done = {one.source.name: one.error for one in batch(folder, tmp_path / "out", job)}
    assert foreseen == done


def test_a_size_that_sound_alone_fills_is_foreseen(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_clip(folder / "a.mkv", frames=25, audio=[Audio(codec="pcm_s16le", seconds=1)])
    write_clip(folder / "b.mkv", frames=25)
    encode = EncodeSpec(file_size="90kB")
    spec = BatchSpec(upscale=replace(SPEC, size=OutputSize(scale=2), encode=encode))
    found = {one.source.name: one for one in forecast(folder, tmp_path / "out", spec)}
    assert [one.state for one in found.values()] == ["failed", "todo"]
    assert "--file-size 90000: the other streams and the container take" in found["a.mkv"].error
    done = {one.source.name: one for one in batch(folder, tmp_path / "out", spec)}
    assert done["a.mkv"].error == found["a.mkv"].error


def test_a_kind_of_file_is_tried_once_and_all_of_them_are_added_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate, "SHORT_SECONDS", 0.0)
    tried = []

    def pretended(job: Job) -> tuple[Pace, Rate]:
        tried.append(job.source.path.name)
        none = Took(0.0, 0.0)
        pace = Pace(read=none, compute=Took(60.0, 60.0 * core_count()), encode=none)
        return pace, Rate(key_bytes=1e6, other_bytes=(1e6,))

    monkeypatch.setattr(estimate, "tried", pretended)
    monkeypatch.setenv("VSR_HOME", str(tmp_path / "home"))
    folder = tmp_path / "in"
    folder.mkdir()
    for name, size in (("a", Size(64, 48)), ("b", Size(64, 48)), ("c", Size(48, 32))):
        write_clip(folder / f"{name}.mp4", frames=30, size=size)
    job = BatchSpec(upscale=SPEC, selection=Selection(pictures=RESULTS))
    found = list(forecast(folder, tmp_path / "out", job))
    assert tried == ["a.mp4", "c.mp4"]
    assert found[1].line().endswith("b.mp4  (30 frames, about 30 min)")
    assert outlook_of(found) == "about 1 h 30 min, 54–110 MB"
    said: list[str] = []
    list(batch(folder, tmp_path / "out", job, note=said.append))
    assert said == ["about 1 h 30 min, 54–110 MB for 3 files."]
    assert tried == ["a.mp4", "c.mp4", "a.mp4", "c.mp4"]


def test_a_dry_run_fits_eighty_columns_and_tells_programs_what_it_tells_people(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "in"
    folder.mkdir()
    write_clip(folder / f"{'long name ' * 6}.mp4", frames=3)
    (folder / "link").symlink_to(tmp_path)
    monkeypatch.setattr("vsr.jobs.batch.forecast.little_room", lambda *_: "out: it may fill up.")
    command = ["batch", "in", "out", "-m", "bicubic", "-s", "2", "--dry-run"]
    assert run([*command, "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["event"] for one in events] == ["file", "note", "note", "done"]
    assert "in/link: a link to a folder" in events[1]["message"]
    assert events[2]["message"] == "out: it may fill up."
    assert run(command) == 0
    whole = capsys.readouterr().out.splitlines()
    assert whole[1:3] == [events[1]["message"], events[2]["message"]]
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert run(command) == 0
    shown = capsys.readouterr().out.splitlines()
    assert max(map(len, shown)) <= 80
    assert " ".join(shown).split() == " ".join(whole).split()


def test_a_length_that_another_stream_may_decide_is_about(tmp_path: Path, capsys) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    untagged = write_clip(folder / "a.mkv", frames=30)
    untagged.write_bytes(untagged.read_bytes().replace(b"DURATION", b"NO-VALUE"))
    command = ["batch", str(folder), str(tmp_path / "out"), "-m", "bicubic", "-s", "2", "--dry-run"]
    assert run(command) == 0
    said = capsys.readouterr().out
    assert "a.mkv  (about 30 frames, about 1 s, a guess)" in said
    assert "about 30 frames in all" in said
    write_clip(folder / "a.mp4", frames=30)
    (folder / "a.mkv").unlink()
    assert run(command) == 0
    assert "a.mp4  (30 frames, about 1 s, a guess)" in capsys.readouterr().out


def test_files_that_were_not_looked_at_in_time_are_taken_to_be_like_the_others(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(estimate, "guessed_seconds", lambda job: 5.0)
    items = plan(folder, tmp_path / "out", Selection())
    spec = replace(SPEC, size=OutputSize(scale=2))
    out = tmp_path / "out"
    assert module.outlook(items, out, spec, 1) == ["15 s to 30 s for 2 files."]
    assert module.outlook(items, out, replace(spec, sharpness=1.0), 1) == []


HOUR = Estimate(
    seconds=Between(3600, 3600), other_bytes=0, video_bytes=Between(2e9, 3e9), basis="measured"
)


@pytest.mark.parametrize(
    ("free", "said"),
    [
        (12e9, None),
        (9e9, "may fill up: all results need about 8–12 GB, and 9 GB is free. Make room,"),
        (7e9, "will fill up: all results need about 8–12 GB"),
    ],
)
def test_that_a_batch_will_fill_the_disk_is_said_before_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: float, said: str | None
) -> None:
    """Three results, and the segments of the one that is being joined."""
    monkeypatch.setattr(module, "free_bytes", lambda folder: free)
    warning = module.little_room(tmp_path / "out", None, [HOUR] * 3)
    assert warning is None if said is None else said in str(warning)
    half = module.little_room(tmp_path / "out", None, [HOUR], Between(3, 3))
    assert half == warning


def test_segments_on_another_disk_are_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "free_bytes", lambda folder: 9e9)
    monkeypatch.setattr(module, "is_one_disk", lambda folder, other: False)
    assert module.little_room(tmp_path, "elsewhere", [HOUR] * 3) is None
    monkeypatch.setattr(module, "is_one_disk", lambda folder, other: True)
    assert module.little_room(tmp_path, "elsewhere", [HOUR] * 3) is not None


def test_a_film_of_a_batch_that_will_not_fit_is_refused_before_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_clip(folder / "a.mp4", frames=30)
    monkeypatch.setattr(room, "free_bytes", lambda folder: 1e3)
    monkeypatch.setattr(estimate, "free_bytes", lambda folder: 1e3)
    job = BatchSpec(upscale=replace(SPEC, size=OutputSize(scale=2)))
    (outcome,) = batch(folder, tmp_path / "out", job)
    assert outcome.state == "failed"
    assert "too little room" in outcome.error
