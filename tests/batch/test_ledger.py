"""What is finished is known after any crash."""

from errno import ENOSPC
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsr.batch.ledger import LEDGER, LOCK, LedgerEntry, open_ledger
from vsr.errors import NoSpace, OutputBusy, UnwritableOutput

KEY = {"source size": 7, "settings": "abc"}


def finish(folder: Path, name: str = "a.mp4", key=KEY) -> None:
    with open_ledger(folder) as ledger:
        ledger.begin([(name, folder / name, key)])
        (folder / name).write_bytes(b"film")
        ledger.write("done", name, folder / name, key, {"frames": 3})


def test_what_is_finished_is_known_to_the_next_batch(tmp_path: Path):
    finish(tmp_path)
    with open_ledger(tmp_path) as ledger:
        assert ledger.is_finished(tmp_path / "a.mp4", KEY)
        assert ledger.summary(tmp_path / "a.mp4") == {"frames": 3}


def test_another_input_or_other_settings_are_not_finished_but_the_result_is_ours(tmp_path: Path):
    finish(tmp_path)
    with open_ledger(tmp_path) as ledger:
        assert not ledger.is_finished(tmp_path / "a.mp4", {**KEY, "settings": "other"})
        assert ledger.is_ours(tmp_path / "a.mp4")


@pytest.mark.parametrize("change", ["gone", "replaced"])
def test_a_result_that_is_gone_or_replaced_is_not_finished(tmp_path: Path, change: str):
    finish(tmp_path)
    (tmp_path / "a.mp4").unlink()
    if change == "replaced":
        (tmp_path / "a.mp4").write_bytes(b"something else")
    with open_ledger(tmp_path) as ledger:
        assert not ledger.is_finished(tmp_path / "a.mp4", KEY)
        assert not ledger.is_ours(tmp_path / "a.mp4")


def test_a_crash_between_the_result_and_its_line_loses_nothing(tmp_path: Path):
    with open_ledger(tmp_path) as ledger:
        ledger.begin([("a.mp4", tmp_path / "a.mp4", KEY)])
        (tmp_path / "a.mp4").write_bytes(b"film")
    with open_ledger(tmp_path) as ledger:
        assert ledger.is_finished(tmp_path / "a.mp4", KEY)


def test_a_file_that_was_there_before_is_not_taken_for_a_result(tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(b"mine")
    with open_ledger(tmp_path) as ledger:
        ledger.begin([("a.mp4", tmp_path / "a.mp4", KEY)])
    with open_ledger(tmp_path) as ledger:
        assert not ledger.is_ours(tmp_path / "a.mp4")


def test_a_file_that_is_gone_since_its_renewal_began_is_no_result(tmp_path: Path):
    finish(tmp_path)
    with open_ledger(tmp_path) as ledger:
        ledger.begin([("a.mp4", tmp_path / "a.mp4", KEY)])
        (tmp_path / "a.mp4").unlink()
        assert not ledger.is_finished(tmp_path / "a.mp4", KEY)


def test_an_old_result_stays_ours_when_its_renewal_fails(tmp_path: Path):
    finish(tmp_path)
    with open_ledger(tmp_path) as ledger:
        ledger.begin([("a.mp4", tmp_path / "a.mp4", {"settings": "new"})])
        ledger.write("failed", "a.mp4", tmp_path / "a.mp4", {"settings": "new"}, {})
    with open_ledger(tmp_path) as ledger:
        assert ledger.is_ours(tmp_path / "a.mp4")
        assert not ledger.is_finished(tmp_path / "a.mp4", {"settings": "new"})


@given(cut=st.integers(1, 400))
@settings(max_examples=30, deadline=None)
def test_a_line_that_a_crash_cut_off_costs_that_line_alone(tmp_path_factory, cut: int):
    folder = tmp_path_factory.mktemp("out")
    finish(folder, "a.mp4")
    whole = (folder / LEDGER).read_bytes()
    finish(folder, "b.mp4")
    text = (folder / LEDGER).read_bytes()
    (folder / LEDGER).write_bytes(text[: max(len(whole), len(text) - cut)])
    with open_ledger(folder) as ledger:  # its first line must not go on in the one that was cut off
        ledger.begin([("c.mp4", folder / "c.mp4", KEY)])
        (folder / "c.mp4").write_bytes(b"film")
    with open_ledger(folder) as ledger:
        assert ledger.is_finished(folder / "a.mp4", KEY)
        assert ledger.is_finished(folder / "c.mp4", KEY)


@given(name=st.text(min_size=1), losses=st.lists(st.text()))
def test_any_name_survives_the_line(name: str, losses: list[str]):
    entry = LedgerEntry(event="done", name=name, target=name, key=KEY, summary={"losses": losses})
    line = entry.as_line()
    assert line.count("\n") == 1
    assert LedgerEntry.from_line(line) == entry


def test_a_second_batch_on_one_folder_is_refused(tmp_path: Path):
    with (
        open_ledger(tmp_path),
        pytest.raises(OutputBusy, match="another batch"),
        open_ledger(tmp_path),
    ):
        pass
    with open_ledger(tmp_path):  # the lock does not outlive its owner
        pass


def test_a_batch_leaves_a_ledger_with_facts_and_no_lock(tmp_path: Path):
    with open_ledger(tmp_path):
        assert (tmp_path / LOCK).exists()
    assert not list(tmp_path.iterdir())  # nothing was done
    with open_ledger(tmp_path) as ledger:
        ledger.begin([("a.mp4", tmp_path / "a.mp4", KEY)])
    assert [path.name for path in tmp_path.iterdir()] == [LEDGER]


def test_a_full_disk_is_told_with_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(handle: int) -> None:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with (
        pytest.raises(NoSpace, match="vsr-ledger.jsonl: the disk is full"),
        open_ledger(tmp_path) as ledger,
    ):
        ledger.begin([("a.mp4", tmp_path / "a.mp4", KEY)])


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(UnwritableOutput, match="cannot be written"),
        open_ledger(tmp_path / "file" / "x"),
    ):
        pass


def test_a_ledger_that_is_a_link_is_not_followed(tmp_path: Path):
    (tmp_path / "elsewhere").write_text("mine")
    out = tmp_path / "out"
    out.mkdir()
    (out / LEDGER).symlink_to(tmp_path / "elsewhere")
    with pytest.raises((UnwritableOutput, OSError)), open_ledger(out) as ledger:
        ledger.begin([("a.mp4", out / "a.mp4", KEY)])
    assert (tmp_path / "elsewhere").read_text() == "mine"
