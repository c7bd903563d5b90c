"""Temporary folders: cleared at the end, and by the next run where there was no end."""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from vsr.temporary import LOCK, temporary_folder

FILL = """
import sys, tempfile, time
from vsr.temporary import temporary_folder
tempfile.tempdir = sys.argv[1]
with temporary_folder("stdin") as folder:
    (folder / "input").write_bytes(b"film")
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_lasts_as_long_as_the_with(temporary: Path):
    with temporary_folder("stdin") as folder:
        assert folder.parent == temporary
        assert folder.name.startswith("vsr-stdin-")
        (folder / "input").write_bytes(b"film")
    assert list(temporary.iterdir()) == []


def test_what_a_killed_run_left_is_cleared_by_the_next_and_not_before(temporary: Path):
    command = [sys.executable, "-c", FILL, str(temporary)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        left = Path(run.stdout.readline().strip())
        with temporary_folder("estimate"):
            assert (left / "input").read_bytes() == b"film"  # its owner lives
        run.send_signal(signal.SIGKILL)
        run.wait()
        assert (left / "input").exists()
        with temporary_folder("estimate") as folder:
            assert list(temporary.iterdir()) == [folder]
    assert list(temporary.iterdir()) == []


def test_one_inside_another_leaves_it_alone(temporary: Path):
    with temporary_folder("stdin") as outer, temporary_folder("estimate"):
        assert outer.exists()


def test_only_what_was_made_so_is_cleared(temporary: Path):
    """Not a user's folder, nor what a link leads to, nor one whose owner is about to lock it."""
    own, linked, new = (temporary / name for name in ("vsr-films", "elsewhere", "vsr-stdin-new"))
    for folder in (own, linked, new):
        folder.mkdir()
    (own / "lock").write_text("1")
    (linked / LOCK).write_text("1")
    (temporary / "vsr-link").symlink_to(linked)
    (new / LOCK).touch()
    with temporary_folder("stdin"):
        pass
    assert {path.name for path in temporary.iterdir()} == {
        "vsr-films",
        "elsewhere",
        "vsr-link",
        "vsr-stdin-new",
    }


def test_an_error_goes_through(temporary: Path):
    with pytest.raises(OSError, match="no room"), temporary_folder("stdin"):
        raise OSError("no room")
    assert list(temporary.iterdir()) == []
