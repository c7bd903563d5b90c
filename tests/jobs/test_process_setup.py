"""What the program does to its own process, and the library does not."""

import os
import subprocess
import sys

import pytest

from tests.clips import write_clip
from vsr.cli import run as run_program
from vsr.jobs.teach import _open_worker

OPENED = """
import os
from vsr.media.encoding.encoder_trial import openings
before = dict(os.environ)
{settled}
assert dict(openings())["libsvtav1"] is None
print(before == dict(os.environ))
"""
SETTLED = "from vsr.jobs.process_setup import settle; settle()"


@pytest.mark.parametrize(
    ("settled", "is_unchanged", "is_quiet"), [("", True, False), (SETTLED, False, True)]
)
def test_only_the_program_tells_encoders_to_be_quiet(settled, is_unchanged, is_quiet):
    run = subprocess.run(
        [sys.executable, "-c", OPENED.format(settled=settled)],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": ""},
    )
    assert run.stdout.strip() == str(is_unchanged)
    assert ("Svt" not in run.stderr) is is_quiet


LOADED = """
import importlib.abc, os, sys
from vsr.cli import run

class Watch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "torch":
            print("waits passively:", os.environ.get("OMP_WAIT_POLICY"))

sys.meta_path.insert(0, Watch())
run(["upscale", "in.mkv", "out.mkv", "--dry-run"])
"""


def test_threads_are_told_how_to_wait_before_torch_is_loaded(tmp_path):
    # The OpenMP library reads the variable once, when torch loads it.
    write_clip(tmp_path / "in.mkv", frames=1)
    run = subprocess.run(
        [sys.executable, "-c", LOADED],
        capture_output=True, text=True, check=True, cwd=tmp_path,
        env={key: value for key, value in os.environ.items() if key != "OMP_WAIT_POLICY"},
    )  # fmt: skip
    told = [line for line in run.stdout.splitlines() if line.startswith("waits")]
    assert told == ["waits passively: PASSIVE"]


ENDED = """
import atexit, gc
atexit.register(lambda: print(gc.get_freeze_count() > 0))  # the first comes last
from vsr.jobs.process_setup import settle; settle()
assert gc.get_freeze_count() == 0
"""


def test_dead_objects_are_searched_for_while_the_program_runs_and_not_when_it_ends():
    run = subprocess.run([sys.executable, "-c", ENDED], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "True"


ALLOCATED = """
import platform
from vsr.jobs.process_setup import keep_large_blocks
print(keep_large_blocks() == (platform.libc_ver()[0] == "glibc"))
"""


def test_the_allocator_takes_the_settings_where_there_is_glibc():
    run = subprocess.run(
        [sys.executable, "-c", ALLOCATED],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": ""},
    )
    assert run.stdout.strip() == "True"


@pytest.mark.parametrize("arguments", [["models"], ["evaluate", "--data", "none"]])
def test_every_command_keeps_large_blocks(arguments, monkeypatch):
    kept = []
    monkeypatch.setattr("vsr.jobs.process_setup.keep_large_blocks", lambda: kept.append(True))
    run_program(arguments)
    assert kept


def test_so_do_the_processes_that_teach(tmp_path, monkeypatch):
    # Without it a teacher with attention spent a third of its time on pages mapped afresh.
    kept = []
    monkeypatch.setattr("vsr.jobs.process_setup.settle", lambda: kept.append(True))
    monkeypatch.setattr("vsr.jobs.teach.TeachWorker", lambda lesson: kept)
    monkeypatch.setattr("torch.set_num_threads", lambda number: None)
    assert _open_worker(None, 1) is kept
    assert _open_worker(None, None) is kept
    assert kept == [True]
