"""A folder through the whole tool: all of it finishes, and nothing is done twice."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.clips import Audio, indices_in, write_clip
from vsr.batch.engine import EngineSpec
from vsr.batch.plan import Selection, links_left_out
from vsr.errors import Interrupted, NoSuchFile, OutputBusy
from vsr.jobs.batch.batch import WATCH_SECONDS, BatchSpec, batch, watch
from vsr.jobs.progress import Progress, ignore
from vsr.jobs.upscale.preset_spec import spec_of_preset
from vsr.jobs.workers.upscale import upscale
from vsr.media.resume.work import work_folder_of
from vsr.specs import EncodeSpec
from vsr.values import OutputSize

TWO = EngineSpec(workers=2, cpus_per_worker=1)


def upscale_spec(**changes):
    values = {"model": "bicubic", "encode": EncodeSpec(encoder_preset="ultrafast"), **changes}
    return replace(spec_of_preset("1080p", OutputSize(scale=2)), **values)


def spec(engine: EngineSpec | None = None, selection: Selection | None = None, **changes):
    return BatchSpec(
        upscale=upscale_spec(**changes),
        engine=engine or EngineSpec(),
        selection=selection or Selection(),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = tmp_path / "in"
    (source / "x").mkdir(parents=True)
    write_clip(source / "short.mp4", frames=3, audio=[Audio(seconds=0.1)])
    write_clip(source / "x" / "long.mkv", frames=9)
    (source / "bad.mp4").write_bytes(b"no film")
    return source


def states(outcomes) -> dict[str, str]:
    return {outcome.source.name: outcome.state for outcome in outcomes}


def run(folder: Path, target: Path, *arguments, **changes) -> dict[str, str]:
    return states(batch(folder, target, spec(*arguments, **changes)))


DONE = {"short.mp4": "done", "long.mkv": "done", "bad.mp4": "failed"}
AGAIN = {"short.mp4": "skipped", "long.mkv": "skipped", "bad.mp4": "failed"}


def test_the_tree_is_done_past_a_bad_file_longest_first_and_not_again(folder: Path, tmp_path: Path):
    out = tmp_path / "out"
    outcomes = list(batch(folder, out, spec()))
    assert states(outcomes) == DONE
    good = [outcome for outcome in outcomes if outcome.state == "done"]
    assert [outcome.source.name for outcome in good] == ["long.mkv", "short.mp4"]
    assert indices_in(out / "x" / "long.mkv") == list(range(9))
    assert [outcome.frames for outcome in good] == [9, 3]
    assert run(folder, out) == AGAIN
    skipped = [outcome for outcome in batch(folder, out, spec()) if outcome.state == "skipped"]
    report = json.loads((out / "vsr-report.json").read_text())
    assert (report["done"], report["skipped"], report["done_before"]) == (0, 2, 2)
    assert sorted(one["frames"] for one in report["files"] if one["done_before"]) == [3, 9]
    assert sorted(outcome.frames for outcome in skipped) == [3, 9]  # the ledger remembers


def test_the_progress_goes_over_all_frames(folder: Path, tmp_path: Path):
    seen = []
    list(batch(folder, tmp_path / "out", spec(), on_progress=seen.append))
    assert seen[-1].frames == seen[-1].total_frames == 12


def test_a_changed_input_or_setting_is_done_again(folder: Path, tmp_path: Path):
    run(folder, tmp_path / "out")
    write_clip(folder / "short.mp4", frames=5)
    assert run(folder, tmp_path / "out") == {**AGAIN, "short.mp4": "done"}
    assert len(indices_in(tmp_path / "out" / "short.mp4")) == 5
    encode = EncodeSpec(encoder_preset="ultrafast", crf=40)
    assert run(folder, tmp_path / "out", encode=encode) == DONE


def test_a_file_that_no_batch_made_is_left_alone_unless_asked(folder: Path, tmp_path: Path):
    (tmp_path / "out").mkdir()
    mine = tmp_path / "out" / "short.mp4"
    mine.write_bytes(b"mine")
    assert run(folder, tmp_path / "out")["short.mp4"] == "failed"
    assert run(folder, tmp_path / "out", existing="skip")["short.mp4"] == "skipped"
    assert mine.read_bytes() == b"mine"
    assert run(folder, tmp_path / "out", existing="overwrite")["short.mp4"] == "done"
    assert len(indices_in(mine)) == 3


def test_nothing_outside_the_output_folder_is_written(folder: Path, tmp_path: Path):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (out / "x").symlink_to(elsewhere)
    (out / "short.mp4").symlink_to(elsewhere / "film.mp4")
    assert run(folder, out)["long.mkv"] == "failed"
    assert list(elsewhere.iterdir()) == []
    assert len(indices_in(out / "short.mp4")) == 3
    assert not (out / "short.mp4").is_symlink()


def test_a_folder_in_the_way_or_unwritable_costs_its_files_alone(folder: Path, tmp_path: Path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "x").touch()
    assert run(folder, out) == {**DONE, "long.mkv": "failed"}


def test_an_input_that_is_gone_between_plan_and_work_costs_itself_alone(folder, tmp_path: Path):
    outcomes = batch(folder, tmp_path / "out", spec())
    found = {}
    for outcome in outcomes:
        found |= states([outcome])
        (folder / "short.mp4").unlink(missing_ok=True)
    assert found == {**DONE, "short.mp4": "failed"}


def test_a_link_that_leads_nowhere_is_a_file_that_failed(tmp_path: Path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "gone.mp4").symlink_to("elsewhere.mp4")
    (outcome,) = batch(tmp_path / "in", tmp_path / "out", spec())
    assert outcome.state == "failed"
    assert "gone.mp4: a link that leads nowhere. Check the path." in (outcome.error or "")


def interrupted(_: float) -> None:
    raise KeyboardInterrupt


def test_a_link_to_a_folder_is_named_and_not_followed(tmp_path: Path):
    source, target, notes = tmp_path / "in", tmp_path / "out", []
    (source / "x").mkdir(parents=True)
    (source / ".hidden").symlink_to(source)
    (source / "x" / "round").symlink_to(source)
    with pytest.raises(NoSuchFile, match="nothing to upscale in this folder.*in/x/round: a link"):
        next(batch(source, target, spec()))
    (source / "bad.mp4").write_bytes(b"no film")
    assert len(list(batch(source, target, spec(), note=notes.append))) == 1
    assert notes[0] == (
        f"{source}/x/round: a link to a folder, and is not followed. Name what is meant as another "
        "input."
    )
    with pytest.raises(KeyboardInterrupt):
        list(watch(source, target, spec(), note=notes.append, sleep=interrupted))
    assert notes[1:] == notes[:1]
    (source / "also").symlink_to(tmp_path)
    (source / "results").symlink_to(target)
    said = links_left_out([source], target)
    assert said is not None
    assert said.startswith(f"{source}/also and 1 more: links to folders, and are not fol")


def test_two_batches_on_one_folder_do_not_meet(folder: Path, tmp_path: Path):
    first = batch(folder, tmp_path / "out", spec())
    next(first)
    with pytest.raises(OutputBusy):
        next(batch(folder, tmp_path / "out", spec()))
    assert len(list(first)) == 2


def test_an_empty_folder_is_refused(tmp_path: Path):
    (tmp_path / "in").mkdir()
    with pytest.raises(NoSuchFile, match="nothing to upscale"):
        next(batch(tmp_path / "in", tmp_path / "out", spec()))


def test_odd_names_go_through(tmp_path: Path):
    source = tmp_path / "in"
    source.mkdir()
    names = ["-y.mp4", "a b\n'\".mp4", "日本.mkv", os.fsdecode(b"\xff.mp4")]
    for name in names:
        write_clip(tmp_path / "clip.mkv", frames=2)
        (source / name).write_bytes((tmp_path / "clip.mkv").read_bytes())
    found = run(source, tmp_path / "out")
    assert found == dict.fromkeys(names, "done") | {names[-1]: found[names[-1]]}


def test_a_watched_folder_takes_a_file_once_it_has_stopped_growing(folder: Path, tmp_path: Path):
    late = folder / "late.mp4"
    content = (folder / "short.mp4").read_bytes()
    looks = 0

    def sleep(seconds: float) -> None:
        nonlocal looks
        assert seconds == WATCH_SECONDS
        looks += 1
        late.write_bytes(content[: len(content) * looks // 3] if looks < 3 else content)
        os.utime(late, ns=(min(looks, 3),) * 2)
        if looks == 6:
            raise KeyboardInterrupt

    found: list[tuple[str, str]] = []
    outcomes = watch(folder, tmp_path / "out", spec(), sleep=sleep)
    with pytest.raises(KeyboardInterrupt):
        found.extend((outcome.source.name, outcome.state) for outcome in outcomes)
    assert sorted(found) == sorted({**DONE, "late.mp4": "done"}.items())
    assert len(indices_in(tmp_path / "out" / "late.mp4")) == 3


def test_the_progress_of_a_watched_folder_is_of_what_it_found_last(tmp_path: Path):
    source, looks = tmp_path / "in", 0
    source.mkdir()
    write_clip(source / "first.mp4", frames=3)
    seen: list[Progress] = []

    def sleep(seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            seen.clear()
            write_clip(source / "second.mp4", frames=5)
        if looks == 6:
            raise KeyboardInterrupt

    outcomes = watch(source, tmp_path / "out", spec(), sleep=sleep, on_progress=seen.append)
    with pytest.raises(KeyboardInterrupt):
        list(outcomes)
    assert {one.total_frames for one in seen} == {5}
    assert (seen[0].frames, seen[0].elapsed_seconds, seen[-1].frames) == (0, 0, 5)


@pytest.mark.parametrize("run", [batch, watch])
def test_films_that_an_interrupt_leaves_unfinished_are_named(run, folder: Path, tmp_path: Path):
    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    options = {"sleep": ignore} if run is watch else {}
    said = "interrupted; 0 files done, 1 failed, not finished: .*in/.* and 1 more. Run the same co"
    with pytest.raises(Interrupted, match=said):
        list(run(folder, tmp_path / "out", spec(), on_progress=stop, **options))
    outcomes = run(folder, tmp_path / "out", spec(), **options)
    assert next(outcomes).state == "failed"
    with pytest.raises(Interrupted, match=said):
        outcomes.throw(KeyboardInterrupt())


def test_two_workers_make_the_bytes_of_one(folder: Path, tmp_path: Path):
    write_clip(folder / "x" / "long.mkv", frames=72, gop=12)
    assert run(folder, tmp_path / "two", TWO, segment_frames=24) == DONE
    assert run(folder, tmp_path / "one", threads=1, segment_frames=24) == DONE
    for name in ("short.mp4", "x/long.mkv"):
        assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()
    left = [path.name for path in (tmp_path / "two").rglob("*") if path.name.endswith(".vsr")]
    assert left == []


def test_one_film_on_two_workers_is_the_same_film(tmp_path: Path):
    clip = write_clip(tmp_path / "in.mkv", frames=120, audio=[Audio()])
    notes, seen = [], []
    cut = upscale_spec(threads=1, segment_frames=24, keeps_work=True)
    two, one = tmp_path / "two.mkv", tmp_path / "one.mkv"
    result = upscale(clip, two, cut, engine=TWO, on_progress=seen.append, note=notes.append)
    assert len(list(work_folder_of(two).glob("*.nut"))) == 5
    upscale(clip, one, cut)
    assert (tmp_path / "two.mkv").read_bytes() == (tmp_path / "one.mkv").read_bytes()
    assert (result.frames_in, result.frames_out) == (120, 120)
    assert (seen[-1].frames, seen[-1].total_frames) == (120, 120)
    assert any("BT.601 is assumed" in note for note in notes)
