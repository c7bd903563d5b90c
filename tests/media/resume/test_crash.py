"""A run that is killed anywhere and run again gives the file of an undisturbed run."""

import os
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from tests.clips import Audio, Subtitle, indices_in, write_clip
from vsr.media.resume.work import work_folder_of

ROOT = Path(__file__).parents[3]
FRAMES = 64


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "in.mkv"
    return write_clip(path, frames=FRAMES, b_frames=2, audio=[Audio()], subtitles=[Subtitle()])


def start(source: Path, target: Path, codec: str, *more: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.media.crash_job", str(source), str(target), codec, *more],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    return process


def finish(process: "subprocess.Popen[str]") -> tuple[int, str]:
    output, _ = process.communicate(timeout=120)
    return process.returncode, output


def uninterrupted(source: Path, folder: Path, codec: str) -> tuple[bytes, float]:
    """Return the file of an undisturbed run, and how long it took."""
    target = folder / "whole.mkv"
    process = start(source, target, codec)
    began = time.monotonic()  # the imports are done: a kill is to hit the work
    assert finish(process)[0] == 0
    return target.read_bytes(), time.monotonic() - began


def killed_again_and_again(
    source: Path, target: Path, codec: str, kills: int, seconds: float, random: Random
) -> int:
    """Kill runs at random moments, then let one finish; return how many were really killed."""
    hit = 0
    for _ in range(kills):
        process = start(source, target, codec)
        try:
            process.wait(timeout=random.uniform(0, seconds))
        except subprocess.TimeoutExpired:
            hit += 1
        process.kill()
        finish(process)
        if target.exists() and not work_folder_of(target).exists():
            return hit
    assert finish(start(source, target, codec))[0] == 0
    return hit


@pytest.mark.parametrize(
    ("codec", "kills"),
    [
        ("h264", 2),
        pytest.param("h264", 20, marks=pytest.mark.slow),
        pytest.param("hevc", 20, marks=pytest.mark.slow),
        pytest.param("av1", 20, marks=pytest.mark.slow),
    ],
)
def test_a_killed_run_goes_on_to_the_same_bytes(
    tmp_path: Path, source: Path, codec: str, kills: int
) -> None:
    wanted, seconds = uninterrupted(source, tmp_path, codec)
    random, done, rounds = Random(7), 0, 0
    while done < kills:
        target = tmp_path / f"{rounds}.mkv"
        done += killed_again_and_again(source, target, codec, 3, seconds, random)
        rounds += 1
        assert target.read_bytes() == wanted
        assert not work_folder_of(target).exists()
    assert indices_in(tmp_path / "0.mkv") == list(range(FRAMES))


@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE")
@pytest.mark.parametrize("largest_bytes", [2_000, 20_000])
def test_a_full_disk_stops_the_run_which_then_goes_on(
    tmp_path: Path, source: Path, largest_bytes: int
) -> None:
    """The smaller limit is met by a segment, the larger one by the joined file."""
    target = tmp_path / "out.mkv"
    code, said = finish(start(source, target, "ffv1", str(largest_bytes)))
    assert (code, said.split()[0]) == (1, "NoSpace")
    assert not target.exists()
    assert finish(start(source, target, "ffv1"))[0] == 0
    assert indices_in(target) == list(range(FRAMES))
    assert [path.name for path in tmp_path.iterdir()] == ["out.mkv"]
