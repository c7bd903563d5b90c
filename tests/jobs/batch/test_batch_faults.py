"""Whatever is killed, and whenever: after a resume every byte is that of an undisturbed run."""

import json
import os
import random
import signal
import subprocess
import sys
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path

import pytest

from tests.clips import Audio, indices_in, write_clip
from vsr.batch.engine import EngineSpec
from vsr.batch.plan import Selection
from vsr.jobs.batch.batch import BatchSpec, batch
from vsr.jobs.upscale.preset_spec import spec_of_preset
from vsr.jobs.workers.upscale import upscale
from vsr.specs import EncodeSpec
from vsr.values import OutputSize

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
KILLS = 20
FRAMES = 72
QUICK = ["--model", "bicubic", "--scale", "2", "--encoder-preset", "ultrafast"]
CUT = ["--segment-frames", "24", "--cpus-per-worker", "1"]


def spec(**changes):
    encode = EncodeSpec(encoder_preset="ultrafast")
    base = replace(spec_of_preset("1080p", OutputSize(scale=2)), model="bicubic", encode=encode)
    return replace(base, threads=1, segment_frames=24, **changes)


def films(folder: Path, count: int) -> Path:
    folder.mkdir()
    for index in range(count):
        write_clip(
            folder / f"{index}.mkv", frames=FRAMES, gop=12, first_index=index, audio=[Audio()]
        )
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.mkv")}


def whole(source: Path, target: Path) -> dict[str, bytes]:
    """Return what an undisturbed run makes."""
    assert all(one.state == "done" for one in batch(source, target, BatchSpec(upscale=spec())))
    return contents(target)


def vsr(*arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", "from vsr.cli import main; main()", *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def test_a_driver_that_is_killed_at_twenty_points_loses_nothing(tmp_path: Path):
    source, out = films(tmp_path / "in", 7), tmp_path / "out"
    expected = whole(source, tmp_path / "whole")
    rng = random.Random(7)
    command = ["batch", source, out, *QUICK, *CUT, "--workers", "2", "--json"]
    for _ in range(KILLS):
        lines = rng.randint(1, 4)  # of progress, or of a finished film
        with vsr(*command) as driver:
            assert driver.stdout is not None
            for _, line in zip(range(lines), driver.stdout, strict=False):
                if json.loads(line)["event"] == "done":
                    break
            driver.send_signal(signal.SIGKILL)
    with vsr(*command) as driver:
        *_, last = driver.communicate()[0].splitlines()
    assert driver.returncode == 0
    assert json.loads(last)["failed"] == 0
    assert contents(out) == expected
    assert [path.name for path in out.rglob("*.vsr")] == []


def test_workers_that_are_killed_at_twenty_points_lose_nothing(tmp_path: Path):
    source, out = films(tmp_path / "in", 10), tmp_path / "out"
    expected = whole(source, tmp_path / "whole")
    rng = random.Random(11)
    points = sorted(rng.sample(range(10 * FRAMES), KILLS))
    killed = []

    def on_progress(progress):
        if points and progress.frames >= points[0]:
            victims = [child for child in active_children() if child.name == "vsr-worker"]
            victim = rng.choice(victims)
            os.kill(victim.pid, signal.SIGKILL)
            killed.append(points.pop(0))

    two = BatchSpec(upscale=spec(), engine=EngineSpec(workers=2, cpus_per_worker=1))
    outcomes = list(batch(source, out, two, on_progress=on_progress))
    assert len(killed) == KILLS
    failed = [outcome for outcome in outcomes if outcome.state == "failed"]
    assert all("SIGKILL" in outcome.error for outcome in failed)  # one task lost four workers
    again = list(batch(source, out, two))
    assert {outcome.state for outcome in again} <= {"done", "skipped"}
    assert contents(out) == expected


def test_five_hundred_tiny_clips_and_twenty_bad_ones(tmp_path: Path):
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    tiny = write_clip(tmp_path / "tiny.mp4", frames=2)
    for index in range(500):
        (source / f"{index:03}.mp4").hardlink_to(tiny)
    for index in range(20):
        (source / f"bad{index:02}.mp4").write_bytes(tiny.read_bytes()[: 40 * index])
    with vsr("batch", source, out, *QUICK, "--workers", "2", "--json") as driver:
        *_, last = driver.communicate()[0].splitlines()
    assert driver.returncode == 3
    assert json.loads(last) == {"event": "done", "done": 500, "skipped": 0, "failed": 20}
    assert len(list(out.glob("[0-9]*.mp4"))) == 500
    assert indices_in(out / "499.mp4") == [0, 1]


@pytest.mark.filterwarnings("ignore")  # Ray's own, of sockets and futures
def test_a_film_on_two_ray_workers_is_the_same_film(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    clip = write_clip(tmp_path / "in.mkv", frames=FRAMES, audio=[Audio()])
    two = EngineSpec(name="ray", workers=2, cpus_per_worker=1)
    result = upscale(clip, tmp_path / "two.mkv", spec(), engine=two)
    upscale(clip, tmp_path / "one.mkv", spec())
    assert result.frames_out == FRAMES
    assert (tmp_path / "two.mkv").read_bytes() == (tmp_path / "one.mkv").read_bytes()


def test_a_head_node_that_goes_ends_the_run_and_the_next_one_ends_the_film(tmp_path: Path):
    source, out = films(tmp_path / "in", 24), tmp_path / "out"  # more than a dying cluster can do
    expected = whole(source, tmp_path / "whole")
    ray = [sys.executable, "-c", "from ray.scripts.scripts import main; main()"]
    start = ["start", "--head", "--block", "--num-cpus=2", "--port=26379", "--disable-usage-stats"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [*ray, *start, "--include-dashboard=false"],
        env=environment, start_new_session=True, stdout=subprocess.PIPE, text=True,
    ) as head:  # fmt: skip
        assert head.stdout is not None
        for line in head.stdout:
            if "Ray runtime started" in line:
                break
        command = ["batch", source, out, *QUICK, *CUT, "--workers", "2", "--json"]
        cluster = ["--engine", "ray", "--ray-address", "127.0.0.1:26379"]
        with vsr(*command, *cluster) as driver:
            assert driver.stdout is not None
            driver.stdout.readline()  # it is at work
            os.killpg(head.pid, signal.SIGKILL)
            driver.communicate(timeout=200)
        assert driver.returncode != 0
    with vsr(*command) as driver:
        *_, last = driver.communicate()[0].splitlines()
    assert json.loads(last)["failed"] == 0
    assert contents(out) == expected


def test_a_full_folder_of_everything_odd_ends(tmp_path: Path):
    source = films(tmp_path / "in", 1)
    (source / "loop.mkv").symlink_to("loop.mkv")
    (source / "gone.mkv").symlink_to(tmp_path / "nowhere.mkv")
    os.mkfifo(source / "pipe.mkv")
    found = {
        one.source.name: one.state
        for one in batch(source, tmp_path / "out", BatchSpec(upscale=spec(), selection=Selection()))
    }
    assert found == {"0.mkv": "done", "loop.mkv": "failed", "gone.mkv": "failed"}
