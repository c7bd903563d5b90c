"""A crash after the publishing leaves a folder that is no longer needed: its note says so."""

from pathlib import Path

import pytest

from vsr.errors import OutputError
from vsr.media.resume.segments import Segment
from vsr.media.resume.work import Work, remove_published, work_folder_of
from vsr.values import PtsSpan

PLAN = (Segment(0, PtsSpan(), 10),)


def published(target: Path, *, is_kept: bool = False, crf: int = 18) -> None:
    """Publish a film, and die."""
    with Work.begin(target, {"crf": crf}, lambda: PLAN) as work:
        work.path_of(PLAN[0]).write_bytes(b"segment")
        work.joined.write_bytes(b"film")
        work.publish(is_kept=is_kept)


def test_what_is_left_of_a_published_film_is_removed(tmp_path: Path) -> None:
    published(tmp_path / "out.mp4")
    remove_published(tmp_path / "out.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_work_that_was_asked_for_is_kept(tmp_path: Path) -> None:
    published(tmp_path / "out.mp4", is_kept=True)
    remove_published(tmp_path / "out.mp4")
    assert (work_folder_of(tmp_path / "out.mp4") / "000000.nut").exists()
    published(tmp_path / "other.mp4")
    published(tmp_path / "other.mp4", is_kept=True)
    remove_published(tmp_path / "other.mp4")
    assert work_folder_of(tmp_path / "other.mp4").exists()


def test_work_for_another_file_than_the_one_that_is_there_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    published(target)
    target.write_bytes(b"an older film that is to be written over")
    remove_published(target)
    with Work.begin(target, {"crf": 18}, lambda: ()) as work:
        assert work.finished == PLAN
    target.unlink()
    remove_published(target)
    assert work_folder_of(target).exists()


def test_a_run_at_work_is_not_disturbed(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    published(target)
    with Work.begin(target, {"crf": 18}, lambda: ()) as work:
        remove_published(target)
        assert work.finished == PLAN


def test_a_folder_that_is_half_removed_is_still_known(tmp_path: Path, monkeypatch) -> None:
    target = tmp_path / "out.mp4"
    published(target)
    monkeypatch.setattr("shutil.rmtree", lambda *_, **__: None)  # the power goes first
    remove_published(target)
    assert not (work_folder_of(target) / "000000.nut").exists()
    monkeypatch.undo()
    remove_published(target)
    assert not work_folder_of(target).exists()


def test_other_settings_begin_anew_over_a_published_film(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    published(target)
    with Work.begin(target, {"crf": 20}, lambda: PLAN) as work:
        assert work.pending == PLAN
        work.path_of(PLAN[0]).write_bytes(b"done")
    with pytest.raises(OutputError, match="an earlier run with other settings"):
        Work.begin(target, {"crf": 22}, lambda: PLAN)
