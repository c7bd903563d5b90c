"""``vsr probe`` and ``--dry-run`` say how long an upscale takes."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.command import QUICK, vsr
from tests.clips import write_clip
from vsr.jobs.estimate import estimate
from vsr.jobs.estimate.estimate import kind_of
from vsr.jobs.estimate.figures import Between
from vsr.jobs.estimate.remembered import Remembered, remember, usual_time
from vsr.jobs.upscale.plan import prepare
from vsr.jobs.upscale.preset_spec import spec_of_preset
from vsr.media.reading.probe import probe
from vsr.values import Size


@pytest.fixture(autouse=True)
def own_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSR_HOME", str(tmp_path / "home"))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "in.mkv", frames=30)


def test_a_dry_run_tries_a_few_frames_and_counts_the_disk(clip: Path, capsys, monkeypatch):
    monkeypatch.setattr(estimate, "SHORT_SECONDS", 0.0)
    assert vsr("upscale", clip, clip.with_name("out.mkv"), *QUICK, "--dry-run") == 0
    out = re.sub(r"\n +", " ", capsys.readouterr().out)  # a long row goes on in the next line
    (takes,) = [line for line in out.splitlines() if line.startswith("takes")]
    (disk,) = [line for line in out.splitlines() if line.startswith("disk")]
    assert "B" in takes
    assert "at the peak" in disk
    assert "free" in disk


def test_probe_tries_nothing(clip: Path, capsys, monkeypatch):
    monkeypatch.setattr(estimate, "tried", lambda job: pytest.fail("it was tried"))
    assert vsr("probe", clip, *QUICK, "--json") == 0
    least, most = json.loads(capsys.readouterr().out)["upscale"]["seconds"]
    assert 0 < least < most
    assert vsr("probe", clip, *QUICK) == 0
    out = re.sub(r"\n +", " ", capsys.readouterr().out)
    assert "(a guess: not yet measured here)" in out
    job = prepare(clip, clip.with_name("out.mkv"), replace(spec_of_preset("1080p"), model="lite"))
    remember(Remembered(kind=kind_of(job), frame_seconds=Between(60, 61)))
    assert vsr("probe", clip, "--model", "lite", "--preset", "1080p") == 0
    assert "about 30 min" in capsys.readouterr().out


def test_probe_of_a_file_alone_loads_no_torch(clip: Path):
    code = (
        f"import sys; from vsr.cli import run; assert run(['probe', {str(clip)!r}]) == 0; "
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "to 1080p: " in done.stdout
    assert "(a guess: not yet measured here)" in done.stdout


def test_what_is_remembered_of_another_size_goes_with_the_pixels(clip: Path, tmp_path: Path):
    job = prepare(clip, tmp_path / "out.mkv", spec_of_preset("1080p"))
    remember(Remembered(kind=kind_of(job), frame_seconds=Between(100, 100)))
    assert usual_time(probe(clip)) == "to 1080p: about 50 min"
    double = write_clip(tmp_path / "b.mkv", frames=30, size=Size(192, 128))
    assert usual_time(probe(double)) == (
        "to 1080p: 2 h 40 min to 4 h 10 min (from what videos of another size took)"
    )
    tiny = replace(kind_of(job), sizes="small", pixels=96)
    remember(Remembered(kind=tiny, frame_seconds=Between(1e-6, 1e-6)))
    assert "2 h 40 min to 4 h 10 min" in (usual_time(probe(double)) or ""), "the nearest in size"


def test_a_film_that_is_large_already_has_no_usual_time(tmp_path: Path):
    large = write_clip(tmp_path / "large.mkv", frames=1, size=Size(1920, 1080))
    assert usual_time(probe(large)) is None
