"""Local processes: tasks run at once, deaths are survived, no process is left over."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from tests.batch.toys import Toy, ToyPiece, open_broken, open_toy
from vsr.batch.engine import EngineSpec, open_inline
from vsr.batch.local import NO_GUARD, masked, open_local, portable
from vsr.batch.scheduler import Scheduler
from vsr.errors import DecodingFailed, Failed, InvalidOption

ROOT = Path(__file__).parents[2]


def run(pieces, count: int = 2):
    with open_local(open_toy, [None] * count) as engine:
        return list(Scheduler(engine).run(pieces))


def test_tasks_are_shared_out_past_a_death_an_error_and_a_lack_of_memory(tmp_path: Path):
    pieces = {
        "plain": ToyPiece(Toy("plain", tmp_path)),
        "dies": ToyPiece(Toy("dies", tmp_path, dies=1)),
        "error": ToyPiece(Toy("error", tmp_path, how="error")),
        "memory": ToyPiece(Toy("memory", tmp_path, how="memory")),
        "other": ToyPiece(Toy("other", tmp_path)),
    }
    assert len(run(pieces.values())) == 5
    assert {name for name, piece in pieces.items() if piece.value} == {"plain", "dies", "other"}
    assert isinstance(pieces["error"].error, DecodingFailed)
    assert str(pieces["error"].error) == "error: bad."
    assert isinstance(pieces["memory"].error, MemoryError)
    assert "begin plain" in pieces["plain"].ticks
    assert None in pieces["dies"].ticks
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_a_task_that_kills_its_workers_again_and_again_says_why(tmp_path: Path):
    killer, other = ToyPiece(Toy("killer", tmp_path, dies=99), 9), ToyPiece(Toy("b", tmp_path))
    run([killer, other], 1)
    assert "SIGKILL" in str(killer.error)
    assert "memory" in str(killer.error)
    assert other.value == "b"


@pytest.mark.parametrize("breaks", ["", "raise SystemExit(2)"])
def test_a_script_without_a_guard_is_told_once_what_to_do(tmp_path: Path, breaks: str):
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from tests.batch.toys import Toy, ToyPiece, open_toy\n"
        "from vsr.batch.local import open_local\n"
        "from vsr.batch.scheduler import Scheduler\n"
        f"if __name__ != '__main__': {breaks or 'pass'}\n"
        "with open_local(open_toy, [None] * 2) as engine:\n"
        f"    list(Scheduler(engine).run([ToyPiece(Toy('plain', Path({str(tmp_path)!r})))]))\n"
    )
    done = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr.splitlines()[-1] == f"vsr.errors.InvalidOption: {NO_GUARD}"
    assert done.stderr.count("Traceback") == 1


def test_a_task_that_gets_stuck_is_not_given_to_another_worker(tmp_path: Path):
    stuck, other = ToyPiece(Toy("stuck", tmp_path, how="stuck")), ToyPiece(Toy("b", tmp_path))
    run([stuck, other], 1)
    assert "no progress for minutes" in str(stuck.error)
    assert None not in stuck.ticks
    assert other.value == "b"


def test_a_worker_that_cannot_open_fails_the_piece_instead_of_hanging(tmp_path: Path):
    piece = ToyPiece(Toy("a", tmp_path))
    with open_local(open_broken, [None]) as engine:
        list(Scheduler(engine).run([piece]))
    assert "exit code 1" in str(piece.error)


def test_workers_end_with_their_driver_even_when_it_is_killed(tmp_path: Path):
    code = f"""
from pathlib import Path
from tests.batch.toys import Toy, ToyPiece, open_toy
from vsr.batch.scheduler import Scheduler
from vsr.batch.local import open_local
if __name__ == "__main__":
    with open_local(open_toy, [None]) as engine:
        engine.start(1, Toy("late", Path({str(tmp_path)!r}), sleep_seconds=60))
        pid = engine._workers[0].process.pid
        while True:
            engine.wait(lambda ticket, tick: print(tick, pid, flush=True))
"""
    script = tmp_path / "driver.py"
    script.write_text(code)
    with subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as driver:
        assert driver.stdout is not None
        pid = int(driver.stdout.readline().split()[-1])
        driver.send_signal(signal.SIGKILL)
    for _ in range(200):
        if not Path(f"/proc/{pid}").exists():
            break
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()


def test_the_inline_engine_does_the_same_in_this_process(tmp_path: Path):
    good, bad = ToyPiece(Toy("good", tmp_path)), ToyPiece(Toy("bad", tmp_path, how="error"))
    with open_inline(partial(open_toy, "cpu")) as engine:
        list(Scheduler(engine).run([good, bad]))
    assert (tmp_path / "good").read_text() == str(os.getpid())
    assert isinstance(bad.error, DecodingFailed)


def test_an_error_that_cannot_travel_is_quoted():
    class Local(Exception):
        pass

    error = portable(Local("oh"))
    assert isinstance(error, Failed)
    assert str(error) == "Local: oh"


@pytest.mark.parametrize("values", [{"workers": 0}, {"cpus_per_worker": 0}, {"address": "auto"}])
def test_an_engine_that_cannot_be_meant_is_refused(values):
    with pytest.raises(InvalidOption):
        EngineSpec(**values)


@pytest.mark.parametrize(
    ("mask", "seen"), [(None, "1"), ("", "1"), ("4,6", "6"), ("GPU-a, GPU-b", "GPU-b")]
)
def test_a_worker_sees_one_of_the_gpus_that_its_driver_sees(mask, seen):
    assert masked(1, mask) == seen
