"""The work folder survives its run, belongs to one run, and refuses what does not match."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vsr.disk.publishing import part_of
from vsr.errors import DecodingFailed, OutputBusy, OutputError, UnwritableOutput
from vsr.media.resume.manifest import differences, source_changes, source_facts
from vsr.media.resume.segments import Segment
from vsr.media.resume.work import Work, store_name, work_folder_of
from vsr.values import PtsSpan

PLAN = (
    Segment(0, PtsSpan(None, 100), 10),
    Segment(1, PtsSpan(100, 205), 11),
    Segment(2, PtsSpan(205, None), 7),
)
SETTINGS = {"model": "fast", "crf": 18.0, "encoder": ["libx264", {"preset": "medium"}]}


def begin(target: Path, **changes: Any) -> Work:
    return Work.begin(target, SETTINGS | changes, lambda: PLAN)


def test_finished_segments_are_not_done_again(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    with begin(target) as work:
        assert work.pending == PLAN
        work.path_of(PLAN[1]).write_bytes(b"done")
    with begin(target) as work:
        assert work.finished == (PLAN[1],)
        assert work.pending == (PLAN[0], PLAN[2])


def test_the_plan_of_the_first_run_stands(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    begin(target).close()

    def plan() -> tuple[Segment, ...]:
        raise AssertionError("planned twice")

    with Work.begin(target, SETTINGS, plan) as work:
        assert work.segments == PLAN


def test_half_a_segment_is_thrown_away(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    with begin(target) as work:
        half = work.folder / "000000.nut.part"
        half.write_bytes(b"half")
    with begin(target) as work:
        assert not half.exists()
        assert work.pending == PLAN


def test_a_mismatch_is_refused_with_the_difference(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    with begin(target) as work:
        work.path_of(PLAN[0]).write_bytes(b"done")
    with pytest.raises(OutputError, match=r"crf was 18, is 20.*--restart") as caught:
        begin(target, crf=20.0)
    assert "model" not in str(caught.value)
    begin(target).close()


def test_a_plan_of_which_nothing_was_done_gives_way(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    begin(target).close()
    with begin(target, crf=20.0) as work:
        assert work.pending == PLAN
        assert work.fingerprint["crf"] == 20.0


def test_restart_throws_away_what_was_done(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    with begin(target) as work:
        work.path_of(PLAN[0]).write_bytes(b"done")
    changed = SETTINGS | {"crf": 20.0}
    with Work.begin(target, changed, lambda: PLAN[:1], is_restart=True) as work:
        assert work.pending == PLAN[:1]
        work.path_of(PLAN[0]).write_bytes(b"done")
    with pytest.raises(OutputError, match=r"crf was 20, is 18"):
        begin(target)


def test_a_crash_before_the_manifest_leaves_nothing_to_resume(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    folder = work_folder_of(target)
    folder.mkdir()
    (folder / "job.json.part").write_text("{")
    (folder / "000000.nut").write_bytes(b"of an unknown run")
    with begin(target) as work:
        assert work.pending == PLAN


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1}', '{"segments": [[0]]}'])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    target = tmp_path / "out.mp4"
    with begin(target) as work:
        (work.folder / "job.json").write_text(text)
    with pytest.raises(OutputError, match=r"not a vsr manifest.*--restart"):
        begin(target)


def test_a_manifest_of_another_version_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    with begin(target) as work:
        manifest = work.folder / "job.json"
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"version": 99}))
    with pytest.raises(OutputError, match="unknown version 99"):
        begin(target)


def test_two_runs_on_one_target_cannot_be(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    with begin(target), pytest.raises(OutputBusy, match="another run is writing it"):
        begin(target)
    begin(target).close()


def test_the_lock_does_not_outlive_a_killed_run(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    code = (
        "import sys, time; from pathlib import Path\n"
        "from tests.media.resume.test_work import begin\n"
        "work = begin(Path(sys.argv[1])); print('locked', flush=True); time.sleep(60)"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(
        [sys.executable, "-c", code, str(target)],
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(OutputBusy):
            begin(target)
        process.kill()
        process.wait()
    begin(target).close()


def test_a_published_target_leaves_no_folder(tmp_path: Path) -> None:
    target = tmp_path / "a 'strange'\nnäme.mp4"
    with begin(target) as work:
        work.joined.write_bytes(b"film")
        work.publish()
        work.remove()
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    assert target.read_bytes() == b"film"


def test_a_failed_plan_gives_the_lock_back(tmp_path: Path) -> None:
    def plan() -> tuple[Segment, ...]:
        raise DecodingFailed("the disk went away")

    target = tmp_path / "out.mp4"
    with pytest.raises(DecodingFailed):
        Work.begin(target, SETTINGS, plan)
    begin(target).close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnwritableOutput, match="cannot be created"):
        begin(tmp_path / "missing" / "out.mp4")


def test_a_source_that_changed_is_found(tmp_path: Path) -> None:
    source = tmp_path / "in.mp4"
    source.write_bytes(b"film" * 1000)
    with begin(tmp_path / "out.mp4", **source_facts(source)) as work:
        work.check_source(source)
        source.write_bytes(b"film" * 1001)
        with pytest.raises(DecodingFailed, match="changed while .*source size"):
            work.check_source(source)
        source.unlink()
        with pytest.raises(DecodingFailed, match="removed during"):
            work.check_source(source)


def test_facts_tell_inputs_apart(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for path, content in ((first, b"a" * 100), (second, b"b" * 100)):
        path.write_bytes(content)
        os.utime(path, ns=(10**18, 10**18))
    assert source_changes(source_facts(first), source_facts(first)) == ()
    assert source_changes(source_facts(first), source_facts(second)) == ("its contents differ",)
    os.utime(second, ns=(10**18 + 5 * 10**8, 10**18 + 5 * 10**8))
    (said,) = source_changes(source_facts(first), source_facts(second))
    assert re.fullmatch(r"it was last changed at 2001-.*:40\.000 and is now of .*:40\.500", said)
    second.write_bytes(b"b" * 1234)
    said, _ = source_changes(source_facts(first), source_facts(second))
    assert said == "it had 100 bytes and has 1 234 bytes"


def test_a_source_that_changed_is_said_in_words(tmp_path: Path) -> None:
    source, target = tmp_path / "in.mp4", tmp_path / "out.mp4"
    source.write_bytes(b"film")
    with begin(target, crf=20, **source_facts(source)) as work:
        work.path_of(work.pending[0]).write_bytes(b"done")
    source.write_bytes(b"another")
    with pytest.raises(OutputError, match="its source has changed .*--restart") as refused:
        begin(target, crf=20, **source_facts(source))
    assert "source head" not in str(refused.value)
    assert "machine" not in str(refused.value)


@pytest.mark.parametrize("name", ["n" * 251 + ".mp4", "ü" * 125 + ".mp4"])
def test_a_name_as_long_as_can_be_has_a_folder_of_its_own(tmp_path: Path, name: str) -> None:
    target, other = tmp_path / name, tmp_path / f"{name[:-5]}x.mp4"
    folders = {work_folder_of(target).name, work_folder_of(other).name, store_name(target)}
    assert len(folders) == 3
    assert max(len(os.fsencode(folder)) for folder in folders) <= 255
    with begin(target) as work:
        assert work.folder.is_dir()
    assert len(os.fsencode(part_of(target).name)) <= 255


def test_a_difference_shows_enough_of_a_hash_to_tell_it() -> None:
    one, other = "a1" * 32, "b2" * 32
    assert differences({"weights": f"0.5 × {one}"}, {"weights": other}) == (
        "weights was 0.5 × a1a1a1a1a1a1, is b2b2b2b2b2b2",
    )


def test_differences_name_both_values() -> None:
    assert differences({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == (
        "b was 2, is 3",
        "c was not given, is 4",
    )


def test_differences_are_words_and_of_a_table_only_what_differs() -> None:
    earlier = {"encoder options": {"crf": "18", "preset": "fast"}, "steps": ["upscale", "fit"]}
    now = {"encoder options": {"crf": "16", "preset": "fast"}, "steps": ["upscale"]}
    assert differences(earlier, now) == (
        "encoder options crf was 18, is 16",
        "steps was upscale, fit, is upscale",
    )
    assert differences({"grain": None, "a_b": False}, {"grain": {"x": 0.5}, "a_b": True}) == (
        "grain was not given, is x 0.5",
        "a b was no, is yes",
    )
