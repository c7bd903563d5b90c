"""What an upscale takes is said before it starts, and remembered."""

import json
import re
from contextlib import closing
from dataclasses import replace
from math import sqrt
from pathlib import Path

import pytest

from tests.clips import write_clip
from vsr.disk.folders import cache_folder
from vsr.errors import UnwritableOutput
from vsr.jobs.estimate import estimate, remembered, room
from vsr.jobs.estimate.estimate import (
    estimate_of,
    estimate_with,
    kind_of,
    known_estimate,
    remember_run,
    with_model,
)
from vsr.jobs.estimate.figures import Between, Estimate, Other, Took
from vsr.jobs.estimate.moments import moment_at
from vsr.jobs.estimate.pace import STRIP_PIXELS, Pace, Rate, _strip, tried
from vsr.jobs.estimate.remembered import Remembered, recall, remember
from vsr.jobs.estimate.room import check_room
from vsr.jobs.estimate.trial import Trial
from vsr.jobs.upscale.job import Job
from vsr.jobs.upscale.plan import prepare
from vsr.jobs.upscale.preset_spec import spec_of_preset
from vsr.jobs.upscale.segment_worker import SegmentStats
from vsr.jobs.workers.upscale import upscale
from vsr.specs import EncodeSpec, Steady
from vsr.values import OutputSize, Size

SPEC = replace(
    spec_of_preset("1080p", OutputSize(scale=2)),
    model="bicubic",
    encode=EncodeSpec(encoder_preset="ultrafast"),
)
HOUR = Estimate(
    seconds=Between(3500, 3700), video_bytes=Between(2e9, 3e9), other_bytes=1e8,
    other=Other(model="lite", seconds=Between(600, 620)),
)  # fmt: skip


@pytest.fixture(autouse=True)
def own_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSR_HOME", str(tmp_path / "home"))


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Thirty frames to be enlarged twice."""
    return prepare(write_clip(tmp_path / "in.mkv", frames=30), tmp_path / "out.mkv", SPEC)


def test_it_is_one_line_with_what_is_worth_knowing():
    assert str(HOUR) == "about 1 h, 2.1–3.1 GB (lite: 10 min)"
    guess = replace(HOUR, basis="guess", other=None, video_bytes=None)
    assert str(guess) == "about 1 h (a guess: not yet measured here)"


def test_the_peak_is_the_segments_and_the_file_joined_from_them():
    assert HOUR.peak_bytes == Between(4.1e9, 6.1e9)


def test_short_work_is_guessed_and_tried_by_nobody(job: Job, monkeypatch):
    monkeypatch.setattr(estimate, "tried", lambda job: pytest.fail("it was tried"))
    found = estimate_of(job)
    assert found is not None
    assert found.is_short


def test_short_work_is_as_remembered(job: Job):
    remember(Remembered(kind=kind_of(job), frame_seconds=Between(0.1, 0.1), is_of_runs=True))
    found = estimate_of(job)
    assert found is not None
    assert str(found) == "about 3 s"
    assert found.is_short  # a run does not begin with it
    assert known_estimate(job) == found


def test_short_work_is_tried_where_its_size_matters(tmp_path: Path, monkeypatch):
    target = tmp_path / "out.mkv"
    monkeypatch.setattr(estimate, "free_bytes", lambda folder: 1e5)
    found = estimate_of(prepare(write_clip(tmp_path / "in.mkv", frames=30), target, SPEC))
    assert found is not None
    assert found.video_bytes is not None
    monkeypatch.setattr(room, "free_bytes", lambda folder: 1e3)
    with pytest.raises(UnwritableOutput, match="too little room"):
        upscale(tmp_path / "in.mkv", target, SPEC)
    assert [path.name for path in tmp_path.glob("*.mkv")] == ["in.mkv"]


def test_what_is_held_steady_has_a_pace_of_its_own(tmp_path: Path):
    film = write_clip(tmp_path / "in.mkv", frames=2)
    kinds = {
        kind_of(prepare(film, tmp_path / "out.mkv", replace(SPEC, steady=one)))
        for one in ("on", "off")
    }
    assert len(kinds) == 2


@pytest.mark.parametrize("steady", ["on", "off"])
def test_what_is_read_for_other_settings_is_not_rendered(tmp_path: Path, steady: Steady):
    film = write_clip(tmp_path / "in.mkv", frames=12, codec="ffv1")
    job = prepare(film, tmp_path / "out.mkv", replace(SPEC, steps=("upscale",), steady=steady))
    pts = job.source.video.start_pts or 0
    moment = moment_at(job.source, pts + 6 * job.source_step, context=2)
    wanted = [frame.pts for frame in moment.frames if frame.pts in moment.span]
    assert len(wanted) < len(moment.frames)
    with closing(Trial(job, tmp_path, lambda text: None)) as trial:
        rendered = trial.render(moment)
    assert [frame.pts for frame in rendered.encoded.frames] == wanted
    assert len(rendered.computed) == len(wanted)


def test_another_network_is_held_steady_only_if_it_would_be(tmp_path: Path):
    film = write_clip(tmp_path / "in.mkv", frames=2)
    drawn = replace(SPEC, model="fast", strength=0.5, sharpness=0.5)
    job = prepare(film, tmp_path / "out.mkv", drawn)
    assert job.is_steady
    for asked, expected in ((drawn, False), (drawn.with_options(steady="on"), True)):
        other = with_model(prepare(film, tmp_path / "out.mkv", asked), "bicubic")
        assert other is not None
        assert other.is_steady is expected


def test_long_work_is_tried_on_strips_and_its_pace_is_remembered(job: Job, monkeypatch):
    monkeypatch.setattr(estimate, "SHORT_SECONDS", 0.0)
    assert recall(kind_of(job)) is None
    found = estimate_of(job)
    assert found is not None
    assert found.basis == "measured"
    assert found.video_bytes is not None
    known = recall(kind_of(job))
    assert known is not None
    assert not known.is_of_runs
    assert found.seconds == known.frame_seconds.scaled(30)


def test_the_size_of_the_result_is_within_its_range(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(estimate, "SHORT_SECONDS", 0.0)
    source = write_clip(tmp_path / "in.mkv", frames=120, size=Size(160, 120), gop=50)
    job = prepare(source, tmp_path / "out.mkv", SPEC)
    found = estimate_of(job)
    assert found is not None
    assert found.file_bytes is not None
    upscale(source, tmp_path / "out.mkv", SPEC)
    size = (tmp_path / "out.mkv").stat().st_size
    assert found.file_bytes.low / 2 <= size <= 2 * found.file_bytes.high


def test_the_pace_of_a_run_takes_the_place_of_a_guess(job: Job, monkeypatch):
    monkeypatch.setattr(estimate, "SHORT_SECONDS", 0.0)
    met = SegmentStats(frames=200, frames_in=200, reused=0, reused_tiles=0)
    remember_run(job, met, 100.0)
    found = estimate_of(job)
    assert found is not None
    assert found.seconds.middle == pytest.approx(0.5 * 30, rel=0.01)


@pytest.mark.parametrize(
    ("met", "threads"),
    [
        (SegmentStats(frames=99, frames_in=99, reused=0, reused_tiles=0), None),
        (SegmentStats(frames=200, frames_in=200, reused=50, reused_tiles=0), None),
        (SegmentStats(frames=200, frames_in=200, reused=0, reused_tiles=2000), None),
        (SegmentStats(frames=200, frames_in=200, reused=0, reused_tiles=0), 1),
    ],
    ids=["short", "repeats", "still", "one of several"],
)
def test_a_run_that_tells_nothing_of_the_pace_is_not_remembered(job: Job, met, threads):
    remember_run(replace(job, spec=replace(job.spec, threads=threads)), met, 100.0)
    assert recall(kind_of(job)) is None


def test_all_that_the_pace_depends_on_is_told_apart(job: Job, tmp_path: Path):
    other_model = prepare(job.source.path, tmp_path / "o.mkv", replace(SPEC, model="lite"))
    slow = replace(SPEC, encode=EncodeSpec(encoder_preset="slow"))
    other_encoder = prepare(job.source.path, tmp_path / "o.mkv", slow)
    kinds = {kind_of(one) for one in (job, other_model, other_encoder)}
    assert len(kinds) == 3
    assert kind_of(job) == kind_of(prepare(job.source.path, tmp_path / "o.mkv", SPEC))


def test_what_cannot_be_remembered_is_no_error(job: Job, monkeypatch):
    kind = kind_of(job)
    value = Remembered(kind=kind, frame_seconds=Between(1, 2))
    path = cache_folder() / remembered.FILE
    path.parent.mkdir(parents=True)
    for text in ("", "[", "{}", '[1, {"kind": 3}]', '[{"kind": {"old": 1}, "frame_seconds": [1]}]'):
        path.write_text(text)
        assert recall(kind) is None
        remember(value)
        assert recall(kind) == value
    monkeypatch.setattr(remembered, "MOST", 3)
    for cores in range(5):
        remember(replace(value, kind=replace(kind, cores=cores)))
    assert len(json.loads(path.read_text())) == 3
    assert recall(replace(kind, cores=4)) is not None
    path.unlink()
    path.mkdir()
    remember(value)
    assert recall(kind) is None


def test_a_strip_is_small_whatever_the_film(job: Job):
    for size in (Size(3840, 2160), Size(480, 270), Size(96, 64), Size(64, 4000), Size(161, 121)):
        strip = _strip(size, 0.8)
        assert strip.size.pixels <= max(STRIP_PIXELS, 4 * 512)
        assert strip.left + strip.size.width <= size.width
        assert strip.top + strip.size.height <= size.height
    pace, rate = tried(job) or pytest.fail("nothing could be read")
    assert pace.compute.cpu_seconds > 0
    assert rate.key_bytes > 0


def test_stages_share_the_cores_of_a_cpu_and_run_beside_a_gpu():
    pace = Pace(read=Took(9, 0.2), compute=Took(1.0, 1.6), encode=Took(0.3, 0.4))
    assert pace.frame_seconds(2, is_cuda=False) == Between(pytest.approx(1.1), pytest.approx(1.3))
    assert pace.frame_seconds(2, is_cuda=True) == Between(1.0, 1.0)
    idle = Pace(read=Took(0, 0), compute=Took(1.0, 1.0), encode=Took(0, 0))
    assert idle.frame_seconds(4, is_cuda=False) == Between(0.25, 1.0)


def test_bytes_of_key_frames_count_by_how_often_they_come(job: Job):
    rate = Rate(key_bytes=25_000, other_bytes=(1000, 2000))
    found = estimate_with(job, Between(1, 1), rate)
    assert found is not None
    assert found.video_bytes == Between(
        pytest.approx(30 * (0.6 * sqrt(1000 * 1500) + 25_000 / 250)),
        pytest.approx(30 * (1.2 * sqrt(2000 * 1500) + 25_000 / 60)),
    )


def limit_room(monkeypatch: pytest.MonkeyPatch, free: float) -> None:
    usage = type("Usage", (), {"free": free})()
    monkeypatch.setattr(room.shutil, "disk_usage", lambda folder: usage)


def test_too_little_room_is_refused_and_perhaps_too_little_is_said(tmp_path: Path, monkeypatch):
    limit_room(monkeypatch, 7e9)
    assert check_room(tmp_path, tmp_path, HOUR) is None
    limit_room(monkeypatch, 5e9)
    warning = check_room(tmp_path, tmp_path, HOUR)
    assert warning is not None
    assert "may fill up: about 4.1–6.1 GB is needed" in warning
    limit_room(monkeypatch, 3e9)
    with pytest.raises(UnwritableOutput, match=r"too little room.*3 GB is free.*--work-dir"):
        check_room(tmp_path, tmp_path, HOUR)
    assert check_room(tmp_path, tmp_path, HOUR, done_bytes=int(1.5e9)) is not None
    assert check_room(tmp_path, tmp_path, replace(HOUR, video_bytes=None)) is None


def test_segments_on_another_disk_need_less_on_this_one(tmp_path: Path, monkeypatch):
    limit_room(monkeypatch, 3.2e9)
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.setattr(room, "is_one_disk", lambda folder, other: folder == other)
    assert check_room(tmp_path, other, HOUR) is None
    limit_room(monkeypatch, 1e9)
    with pytest.raises(UnwritableOutput, match="for the result"):
        check_room(tmp_path, other, HOUR)


def test_a_run_begins_with_its_estimate(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(estimate, "SHORT_SECONDS", 0.0)
    source = write_clip(tmp_path / "in.mkv", frames=30)
    said: list[str] = []
    upscale(source, tmp_path / "out.mkv", SPEC, note=said.append)
    assert re.match(r"(about )?\d+ (s|min).*B", said[0])  # a range, where the cores are shared


def test_a_full_disk_is_refused_at_second_0(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(estimate, "SHORT_SECONDS", 0.0)
    source = write_clip(tmp_path / "in.mkv", frames=30)
    monkeypatch.setattr(room, "_checked", lambda *_: (_ for _ in ()).throw(UnwritableOutput("no")))
    with pytest.raises(UnwritableOutput):
        upscale(source, tmp_path / "out.mkv", SPEC)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "in.mkv"]


def test_segments_on_another_disk_make_the_same_file(tmp_path: Path):
    source = write_clip(tmp_path / "in.mkv", frames=30, gop=10)
    spec = replace(SPEC, segment_frames=10)
    upscale(source, tmp_path / "here.mkv", spec)
    upscale(source, tmp_path / "there.mkv", replace(spec, work_dir=str(tmp_path / "disk")))
    assert (tmp_path / "here.mkv").read_bytes() == (tmp_path / "there.mkv").read_bytes()
    assert not (tmp_path / "disk").exists()  # made for the run, and empty
    assert not list(tmp_path.glob(".*.vsr"))
