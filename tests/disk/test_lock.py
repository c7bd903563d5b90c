"""One process at a time holds a lock, and no crash leaves it held."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

from vsr.disk import locks
from vsr.disk.locks import held, locked

HOLD = """
import sys, time
from pathlib import Path
from vsr.disk.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_holder_is_refused_and_told_who_holds_it(tmp_path):
    with (
        locked(tmp_path / "lock"),
        pytest.raises(BlockingIOError, match=f"in use by process {os.getpid()}$"),
        locked(tmp_path / "lock"),
    ):
        pass
    with locked(tmp_path / "lock"):
        pass


def test_a_killed_process_holds_nothing(tmp_path):
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BlockingIOError, match=f"process {holder.pid}$"), locked(path):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with locked(path):
            assert path.read_text() == str(os.getpid())


def test_the_number_of_a_holder_replaces_a_longer_one(tmp_path):
    (tmp_path / "lock").write_text("9" * 20)
    with locked(tmp_path / "lock"):
        assert (tmp_path / "lock").read_text() == str(os.getpid())


@pytest.mark.parametrize("function", ["_lock", "open"])
def test_what_its_holder_removes_meanwhile_is_made_again(tmp_path, monkeypatch, function):
    """A folder and its lock are gone between two steps of the next one, once."""
    path = tmp_path / "work" / "lock"
    path.parent.mkdir()
    where = locks if function == "_lock" else locks.os
    real, removed = getattr(where, function), []

    def late(*arguments, **keywords):
        if not removed:
            removed.append(path)
            shutil.rmtree(path.parent)
        return real(*arguments, **keywords)

    monkeypatch.setattr(where, function, late)
    with locked(path):
        assert removed
        assert path.read_text() == str(os.getpid())


def test_a_lock_that_goes_with_its_holder(tmp_path):
    path = tmp_path / "lock"
    with held(path):
        assert path.exists()
        with pytest.raises(BlockingIOError), held(path):
            pass
        assert path.exists()
    assert not path.exists()


@pytest.mark.timeout(20)
def test_a_lock_that_is_a_link_to_nowhere_is_an_error(tmp_path):
    (tmp_path / "lock").symlink_to(tmp_path / "none" / "lock")
    with pytest.raises(FileNotFoundError), locked(tmp_path / "lock"):
        pass


def test_a_holder_may_remove_the_folder_of_its_lock(tmp_path):
    path = tmp_path / "work" / "lock"
    with locked(path):
        shutil.rmtree(path.parent)
    with locked(path):
        assert path.exists()
