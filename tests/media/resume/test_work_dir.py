"""Segments on another disk: found again, and removed with the rest."""

from pathlib import Path

import pytest

from tests.cli.command import QUICK, vsr
from tests.clips import write_clip
from vsr.errors import UnwritableOutput
from vsr.media.resume.segments import Segment
from vsr.media.resume.work import Work, finished_bytes, remove_published, store_of, work_folder_of
from vsr.values import PtsSpan

PLAN = (Segment(0, PtsSpan(), 10), Segment(1, PtsSpan(), 10))


def begun(target: Path, work_dir: Path | None, crf: int = 18, **options: bool) -> Work:
    return Work.begin(target, {"crf": crf}, lambda: PLAN, work_dir=work_dir, **options)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A target of which one segment of two is finished, on another disk."""
    target = tmp_path / "out.mp4"
    with begun(target, tmp_path / "disk" / "deep") as work:
        work.path_of(PLAN[0]).write_bytes(b"segment")
    return target


def test_segments_are_there_and_all_else_is_beside_the_target(target: Path, tmp_path: Path):
    (store,) = (tmp_path / "disk" / "deep").iterdir()
    assert store.name.startswith(".out.mp4-")
    assert [path.name for path in store.iterdir()] == ["000000.nut"]
    assert store_of(target) == store
    assert finished_bytes(target) == 7
    assert (work_folder_of(target) / "job.json").exists()
    with begun(target, None) as work:
        assert work.joined.parent == work_folder_of(target)


@pytest.mark.parametrize("work_dir", ["disk/deep", "elsewhere", None])
def test_a_later_run_goes_on_where_the_segments_are(target: Path, tmp_path: Path, work_dir):
    store = store_of(target)
    with begun(target, None if work_dir is None else tmp_path / work_dir) as work:
        assert work.finished == PLAN[:1]
        assert work.path_of(PLAN[1]).parent == store
    assert not (tmp_path / "elsewhere").exists()


def test_what_is_discarded_is_discarded_there_too(target: Path, tmp_path: Path):
    store = store_of(target)
    with begun(target, tmp_path / "elsewhere", is_restart=True) as work:
        assert work.finished == ()
        assert work.store.parent == tmp_path / "elsewhere"
        assert not store.exists()
        work.remove()
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert not work_folder_of(target).exists()


def test_what_a_crash_left_of_a_published_film_is_removed(target: Path, tmp_path: Path):
    with begun(target, None) as work:
        work.joined.write_bytes(b"film")
        work.publish()
    remove_published(target)
    assert list((tmp_path / "disk" / "deep").iterdir()) == []
    assert not work_folder_of(target).exists()


def test_two_targets_of_one_name_do_not_share_segments(tmp_path: Path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    one = begun(tmp_path / "a" / "out.mp4", tmp_path)
    other = begun(tmp_path / "b" / "out.mp4", tmp_path)
    assert one.store != other.store
    one.close()
    other.close()


def test_a_folder_that_only_claims_to_hold_segments_is_left_alone(target: Path, tmp_path: Path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "photo.png").write_bytes(b"mine")
    manifest = work_folder_of(target) / "job.json"
    manifest.write_text(manifest.read_text().replace(str(store_of(target)), str(precious)))
    with begun(target, None, is_restart=True) as work:
        work.remove()
    assert (precious / "photo.png").exists()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UnwritableOutput, match="cannot be created"):
        begun(tmp_path / "out.mp4", tmp_path / "file")
    assert not work_folder_of(tmp_path / "out.mp4").exists()


@pytest.mark.parametrize("command", ["upscale", "batch"])
def test_a_new_folder_for_segments_is_gone_with_them_and_one_that_was_there_stays(
    tmp_path: Path, command: str
):
    source = tmp_path / "in"
    source.mkdir()
    for name in ("a.mkv", "b.mkv") if command == "batch" else ("a.mkv",):
        write_clip(source / name, frames=4)
    disk, out = tmp_path / "disk", tmp_path / "out"
    disk.mkdir()
    words = [source, out] if command == "batch" else [source / "a.mkv", out / "a.mkv"]
    assert vsr(command, *words, *QUICK, "--work-dir", disk / "new" / "deep", "-q") == 0
    assert list(disk.iterdir()) == []
    assert vsr(command, *words, *QUICK, "--work-dir", disk, "-q", "-y") == 0
    assert list(disk.iterdir()) == []
    kept = [*QUICK, "--work-dir", disk / "kept", "-q", "-y", "--keep-work"]
    assert vsr(command, *words, *kept) == 0
    assert list((disk / "kept").iterdir())
