"""One process at a time holds a lock, and no crash leaves it held."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

from vsr.disk.locks import locked

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


def test_a_holder_may_remove_the_folder_of_its_lock(tmp_path):
    path = tmp_path / "work" / "lock"
    with locked(path):
        shutil.rmtree(path.parent)
    with locked(path):
        assert path.exists()
