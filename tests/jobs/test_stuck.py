"""A run that is stuck in a library: it ends by itself, or at the second Ctrl-C, and resumes."""

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.clips import indices_in, write_clip
from vsr.batch.engine import STALLED, EngineSpec, OpenWorker
from vsr.jobs import process_setup, watchdog
from vsr.jobs.upscale.job import Job
from vsr.jobs.watchdog import LEAST_SECONDS, TIMES_SLOWEST, Idleness, Watchdog
from vsr.jobs.workers.pool import open_pool
from vsr.jobs.workers.tasks import JoinSegments
from vsr.jobs.workers.worker import FilmSpec, FilmWorker
from vsr.specs import UpscaleSpec
from vsr.values import OutputSize

ROOT = Path(__file__).parents[2]
QUICK = ["--model", "bicubic", "--scale", "2", "--encoder-preset", "ultrafast", "-c", "h264"]

STUCK = """
import ctypes, sys
from vsr.jobs import ending, watchdog
from vsr.media.encoding.encoding import Encoding

drains = 0
drain = Encoding.drain

def stuck(self):
    global drains
    drains += 1
    if drains == 2:  # of the second segment: for ever, and deaf to signals
        print("stuck", flush=True)
        mutex = ctypes.create_string_buffer(64)
        for _ in range(2):
            ctypes.CDLL(None).pthread_mutex_lock(mutex)
    yield from drain(self)

Encoding.drain = stuck
{changed}
from vsr.cli import main
main()
"""


def started(folder: Path, changed: str = "") -> subprocess.Popen[str]:
    source = write_clip(folder / "in.mkv", frames=72, gop=12)
    command = ["upscale", str(source), str(folder / "out.mkv"), *QUICK]
    return subprocess.Popen(
        [sys.executable, "-c", STUCK.format(changed=changed), *command, "--segment-frames", "24"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def resumed(folder: Path) -> str:
    """Run the same command again, with an encoder that returns; return what it said."""
    run = subprocess.run(
        [sys.executable, "-c", "from vsr.cli import main; main()", "upscale",
         str(folder / "in.mkv"), str(folder / "out.mkv"), *QUICK, "--segment-frames", "24"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert indices_in(folder / "out.mkv") == list(range(72))
    return run.stderr


@pytest.mark.usefixtures("heeds_ctrl_c")
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_what_never_returns(tmp_path: Path, kind: signal.Signals):
    with started(tmp_path, "ending.PATIENCE_SECONDS = 60") as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "stuck\n"
        run.send_signal(kind)
        time.sleep(0.2)
        if run.poll() is None:  # the main thread may have had its say already
            run.send_signal(kind)
        said = run.communicate(timeout=60)[1]
    assert run.returncode == 128 + kind
    assert "vsr: interrupted; " in said
    assert "Run the same command again to resume." in said
    assert "resuming: 1 of 3 segments" in resumed(tmp_path)


UNHEARD = """
import os, sys, threading, time
from vsr.cli.shared import report

report.TELLING_SECONDS = 0.5
read, write = os.pipe()
{nobody}
report.leaving(as_json=False)("interrupted.", 130)
"""

GONE = "os.close(read); os.dup2(write, 2)"
NOT_READING = """
sys.stdout = open(write, "w")
threading.Thread(target=sys.stdout.write, args=("x" * 10**7,), daemon=True).start()
time.sleep(0.5)
"""


@pytest.mark.parametrize("nobody", [GONE, NOT_READING], ids=["gone", "not reading"])
def test_nobody_has_to_hear_why_it_ends(nobody: str):
    run = subprocess.run(
        [sys.executable, "-c", UNHEARD.format(nobody=nobody)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode == 130


@pytest.mark.slow
@pytest.mark.usefixtures("heeds_ctrl_c")
def test_so_does_one_ctrl_c_after_five_seconds(tmp_path: Path):
    with started(tmp_path) as run:
        assert run.stdout is not None
        run.stdout.readline()
        run.send_signal(signal.SIGINT)
        run.communicate()
    assert run.returncode == 130


@pytest.mark.slow
def test_what_makes_no_progress_is_ended_and_goes_on_where_it_was(tmp_path: Path):
    impatient = "watchdog.LEAST_SECONDS, watchdog.TICK_SECONDS = 1.5, 0.1"
    with started(tmp_path, impatient) as run:
        said = run.communicate()[1]
    assert run.returncode == 1
    assert "segment 2 made no progress for" in said
    assert "Traceback" not in said
    assert "resuming: 1 of 3 segments" in resumed(tmp_path)


def test_slow_is_not_stuck():
    one = Idleness(expected_seconds=100.0)
    assert one.limit_seconds == TIMES_SLOWEST * 100.0
    other, now = Idleness(), 0.0
    other.tick(now)
    assert other.limit_seconds == LEAST_SECONDS
    while other.seconds < 60:
        now += 1.0
        assert not other.tick(now)
    other.step()
    assert other.limit_seconds == TIMES_SLOWEST * 60.0
    while other.seconds < other.limit_seconds:
        now += 1.0
        assert not other.tick(now)
    assert other.tick(now + 1.0)


def test_time_in_which_the_process_slept_does_not_count():
    one = Idleness()
    one.tick(0.0)
    assert not one.tick(100_000.0)
    assert one.seconds < 3.0


@pytest.fixture
def _is_impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "LEAST_SECONDS", 0.02)
    monkeypatch.setattr(watchdog, "TIMES_SLOWEST", 0)
    monkeypatch.setattr(watchdog, "TICK_SECONDS", 0.01)


@pytest.mark.usefixtures("_is_impatient")
def test_a_file_that_changes_is_progress():
    ended: list[tuple[str, int]] = []
    dog = Watchdog(lambda text, code: ended.append((text, code)))
    counts = iter(range(10_000_000))
    with dog.watching("growing", sample=lambda: next(counts)):
        time.sleep(0.2)
    assert ended == []
    with dog.watching("in.mp4: joining"):
        time.sleep(0.5)
    ((text, code),) = ended
    assert text.startswith("in.mp4: joining made no progress for")
    assert code == 1


SPEC = UpscaleSpec(
    size=OutputSize(scale=2), steps=("upscale", "fit"), model="bicubic", device="cpu"
)
FILM = FilmSpec(source=Path("in.mkv"), target=Path("out.mkv"), spec=SPEC)


def worker_told(ended: list[str]) -> FilmWorker:
    return FilmWorker("cpu", "fp32", watchdog=Watchdog(lambda text, code: ended.append(text)))


def waiting(*_: object) -> None:
    time.sleep(0.5)


def reading(*_: object) -> None:
    """Read for as long, a megabyte in each of two ticks."""
    with Path("/dev/zero").open("rb", buffering=0) as file:
        for _ in range(100):
            file.read(500_000)
            time.sleep(0.005)


@pytest.mark.usefixtures("_is_impatient")
@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="it says what a process reads")
@pytest.mark.parametrize(("work", "is_stuck"), [(waiting, True), (reading, False)])
def test_a_plan_is_stuck_once_it_neither_computes_nor_reads(
    monkeypatch: pytest.MonkeyPatch, work: Callable[..., None], is_stuck: bool
):
    monkeypatch.setattr(watchdog, "LEAST_SECONDS", 0.2)
    monkeypatch.setattr("vsr.jobs.upscale.plan.plan", work)
    ended: list[str] = []
    worker_told(ended).planned(FILM)
    assert [text.split(" made no progress")[0] for text in ended] == ["in.mkv: its plan"] * is_stuck
    assert not any("--codec" in text for text in ended)


@pytest.mark.usefixtures("_is_impatient")
@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="it says what a process reads")
@pytest.mark.parametrize("is_waiting", [True, False])
def test_a_pipe_may_wait_for_its_reader_and_for_nothing_else(
    monkeypatch: pytest.MonkeyPatch, is_waiting: bool
):
    monkeypatch.setattr("vsr.jobs.upscale.segment_plan.frame_seconds", lambda _: 0.0)
    ended: list[str] = []
    job = cast("Job", SimpleNamespace(source=SimpleNamespace(path=Path("in.mkv"))))
    with worker_told(ended).watched_pipe(job, lambda: is_waiting):
        time.sleep(0.5)
    said = [text.split(" made no progress")[0] for text in ended]
    assert said == ["in.mkv: its upscale into the pipe"] * (not is_waiting)
    assert not any("resume" in text.replace("it would be resumed", "") for text in ended)


@pytest.mark.usefixtures("_is_impatient")
@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="it says what a process reads")
def test_verifying_that_never_ends_is_stuck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    joined = tmp_path / "joined.mkv"
    joined.touch()
    monkeypatch.setattr(FilmWorker, "planned", lambda *_: None)
    monkeypatch.setattr(FilmWorker, "job", lambda *_: None)
    monkeypatch.setattr("vsr.jobs.upscale.segment_worker.join_segments", lambda *_: None)
    monkeypatch.setattr("vsr.jobs.upscale.segment_worker.verify_joined", waiting)
    ended: list[str] = []
    JoinSegments(FILM, {}, (), joined).run(worker_told(ended), lambda _: None)
    assert ended[0].startswith("in.mkv: verifying its result made no progress for")


def test_workers_of_a_cluster_have_a_watchdog_too(monkeypatch: pytest.MonkeyPatch):
    opened = []

    @contextmanager
    def pretended(open_worker: OpenWorker, *_: object, **__: object):
        opened.append(pickle.loads(pickle.dumps(open_worker))())
        yield None

    monkeypatch.setattr("vsr.batch.ray.open_ray", pretended)
    monkeypatch.setattr("torch.set_num_threads", lambda number: None)
    monkeypatch.setattr(process_setup, "settle", lambda: None)
    with open_pool(EngineSpec(name="ray", workers=1), SPEC):
        pass
    left: list[int] = []
    monkeypatch.setattr("os._exit", left.append)
    monkeypatch.setattr(watchdog, "LEAST_SECONDS", 0.02)
    monkeypatch.setattr(watchdog, "TICK_SECONDS", 0.01)
    with opened[0].watched("in.mkv: segment 1"):
        time.sleep(0.3)
    assert left == [STALLED]
