"""What Windows lacks, or does otherwise, taken away here: never run there, but guarded."""

import errno
import fcntl
import os
import platform
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from tests.cli.command import QUICK, vsr
from tests.clips import indices_in, write_clip
from vsr.batch.ledger import open_ledger
from vsr.device.memory import available_host_bytes
from vsr.disk.locks import LOCKED_BYTE, locked, remove_lock
from vsr.disk.publishing import replace
from vsr.jobs.process_setup import core_count, keep_large_blocks
from vsr.media.animation import animation_as_film
from vsr.media.resume.work import work_folder_of

ABSENT = ("pread", "pwrite", "O_NOFOLLOW", "sched_getaffinity", "getuid", "geteuid", "mkfifo")


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Take away what Windows lacks; return where bytes were locked."""
    places: list[int] = []

    def locking(handle: int, mode: int, count: int) -> None:
        places.append(os.lseek(handle, 0, os.SEEK_CUR))
        assert (mode, count) == (2, 1)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:  # as the C library of Windows says it
            raise OSError(errno.EDEADLK, "Resource deadlock avoided") from error

    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "resource", None)
    msvcrt = SimpleNamespace(LK_NBLCK=2, locking=locking)
    monkeypatch.setitem(sys.modules, "msvcrt", msvcrt)
    for name in ABSENT:
        monkeypatch.delattr(os, name, raising=False)
    monkeypatch.setattr(os, "O_BINARY", 0, raising=False)
    return places


def test_a_lock_is_taken_by_a_byte_far_behind_its_owner(windows: list[int], tmp_path: Path):
    with locked(tmp_path / "lock"):
        assert (tmp_path / "lock").read_text() == str(os.getpid())
        with (
            pytest.raises(BlockingIOError, match=f"in use by process {os.getpid()}$"),
            locked(tmp_path / "lock"),
        ):
            pass
    with locked(tmp_path / "lock"):
        pass
    assert windows == [LOCKED_BYTE] * 3


def test_a_folder_goes_once_its_lock_is_let_go(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("vsr.disk.locks.BINARY", 0x8000)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "lock").touch()
    remove_lock(tmp_path / "work" / "lock")
    assert list(tmp_path.iterdir()) == []
    remove_lock(tmp_path / "work" / "lock")


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize("times", [0, 2, 99])
def test_a_file_that_is_held_open_is_renamed_once_it_is_not(tmp_path: Path, monkeypatch, times):
    part, path = tmp_path / "a.part", tmp_path / "a"
    part.write_text("new")
    path.write_text("old")
    tried, slept, rename = [], [], Path.replace

    def held(source: Path, target: Path) -> Path:
        tried.append(source)
        if len(tried) <= times:
            raise PermissionError(errno.EACCES, "Access is denied")
        return rename(source, target)

    monkeypatch.setattr(Path, "replace", held)
    if times == 99:
        with pytest.raises(PermissionError):
            replace(part, path, slept.append)
        assert sum(slept) == pytest.approx(2.0)
        return
    replace(part, path, slept.append)
    assert (path.read_text(), len(slept)) == ("new", times)


@pytest.mark.usefixtures("windows")
def test_memory_cores_and_the_ledger_do_without(tmp_path: Path, monkeypatch):
    assert available_host_bytes(tmp_path) is None
    assert core_count() == os.cpu_count()
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.0"))
    monkeypatch.setattr("vsr.jobs.process_setup.ctypes.CDLL", lambda _: SimpleNamespace())
    assert not keep_large_blocks()
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert not keep_large_blocks()
    with open_ledger(tmp_path) as ledger:
        assert ledger.folder == tmp_path


def test_where_no_link_can_be_made_an_animation_is_copied(tmp_path: Path, monkeypatch):
    def no_link(*_: object, **__: object) -> None:
        raise OSError(1314, "A required privilege is not held by the client")

    source = tmp_path / "a.png"
    Image.new("RGB", (8, 8)).save(source)
    monkeypatch.setattr(Path, "symlink_to", no_link)
    with animation_as_film(source) as film:
        assert film.read_bytes() == source.read_bytes()


@pytest.mark.usefixtures("windows")
def test_a_film_and_a_batch_are_upscaled_without_all_of_it(tmp_path: Path):
    folder = tmp_path / "in"
    folder.mkdir()
    clip = write_clip(folder / "a.mp4", frames=3)
    assert vsr(clip, tmp_path / "out.mp4", *QUICK, "-q") == 0
    assert indices_in(tmp_path / "out.mp4") == [0, 1, 2]
    assert not work_folder_of(tmp_path / "out.mp4").exists()
    assert vsr("batch", folder, tmp_path / "out", *QUICK, "-q") == 0
    assert indices_in(tmp_path / "out" / "a.mp4") == [0, 1, 2]
    assert vsr("doctor") == 0
