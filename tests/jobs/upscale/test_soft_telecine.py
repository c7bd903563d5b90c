"""Film whose fields flags repeat, as on most discs: every frame once, evenly in time."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from tests.clips import indices_in, times_in
from tests.jobs.upscale.woven_runs import LOSSLESS, Stop, bob_spec, film_spec, stop
from tests.woven import NTSC, write_soft_film
from vsr.batch.engine import EngineSpec
from vsr.jobs.probe.look import look
from vsr.jobs.upscale.plan import prepare
from vsr.jobs.workers.upscale import upscale
from vsr.media.reading.probe import probe
from vsr.values import Deinterlace, TimeRange

PICTURE = 1 / (NTSC * 4 / 5)


def gaps_in(path: Path) -> list[Fraction]:
    return [later - earlier for earlier, later in pairwise(times_in(path))]


@pytest.mark.parametrize("asked", ["auto", "film"])
def test_frames_of_a_disc_are_even(tmp_path: Path, asked: Deinterlace):
    clip, notes = write_soft_film(tmp_path / "in.ts"), list[str]()
    spec = bob_spec(deinterlace=asked)
    result = upscale(clip, tmp_path / "out.mp4", spec, note=notes.append)
    assert indices_in(result.output) == list(range(48))
    assert set(gaps_in(result.output)[:-2]) == {PICTURE}  # the last frame is shown for two fields
    assert probe(result.output).video.frame_rate == NTSC * 4 / 5
    before, after = times_in(clip), times_in(result.output)
    late = [(b - before[0]) - (a - after[0]) for a, b in zip(after, before)]
    assert all(abs(seconds) <= Fraction(1, 110) for seconds in late)
    said = (
        "telecined by flags, 23.98 a second: frames shown for three and two fields in turn get "
        "even times (--deinterlace off keeps theirs)."
    )
    assert said in notes


@pytest.mark.parametrize("asked", ["off", "bob"])
def test_times_can_be_kept(tmp_path: Path, asked: Deinterlace):
    clip = write_soft_film(tmp_path / "in.ts")
    result = upscale(clip, tmp_path / "out.mp4", bob_spec(deinterlace=asked))
    assert gaps_in(result.output) == gaps_in(clip)


def test_probe_tells_what_an_upscale_does(tmp_path: Path):
    clip = write_soft_film(tmp_path / "in.ts")
    notes = ["telecined by flags: an upscale gives its frames even times, 24p."]
    assert look(clip).words["notes"] == notes


def test_film_is_even_beside_video_that_keeps_its_times(tmp_path: Path):
    clip, notes = write_soft_film(tmp_path / "in.ts", frames=120, video=range(48, 72)), list[str]()
    spec = bob_spec(deinterlace="auto")
    result = upscale(clip, tmp_path / "out.mp4", spec, note=notes.append)
    assert indices_in(result.output) == list(range(120))
    before, after = gaps_in(clip), gaps_in(result.output)
    assert set(after[:46]) == {PICTURE}
    assert after[50:70] == before[50:70]
    assert all(abs(gap - PICTURE) < Fraction(1, 10_000) for gap in after[74:-2])
    assert abs(sum(after) - sum(before)) <= Fraction(1, 100)
    assert any(note.startswith("telecined by flags, in parts: ") for note in notes)


def test_frames_are_the_same_however_the_film_is_cut_and_resumed(tmp_path: Path):
    clip = write_soft_film(tmp_path / "in.ts", frames=96, video=range(33, 50))
    whole = bob_spec(deinterlace="auto", encode=LOSSLESS)
    short = bob_spec(deinterlace="auto", encode=LOSSLESS, segment_frames=13)
    upscale(clip, tmp_path / "whole.mkv", whole)
    upscale(clip, tmp_path / "short.mkv", short)
    with pytest.raises(Stop):
        upscale(clip, tmp_path / "resumed.mkv", short, on_progress=stop)
    upscale(clip, tmp_path / "resumed.mkv", short)
    content = (tmp_path / "whole.mkv").read_bytes()
    assert (tmp_path / "short.mkv").read_bytes() == content
    assert (tmp_path / "resumed.mkv").read_bytes() == content


@pytest.mark.slow
def test_two_workers_make_the_same_film(tmp_path: Path):
    clip = write_soft_film(tmp_path / "in.ts")
    short = bob_spec(deinterlace="auto", encode=LOSSLESS, segment_frames=13)
    upscale(clip, tmp_path / "one.mkv", short)
    upscale(clip, tmp_path / "two.mkv", short, engine=EngineSpec(workers=2, cpus_per_worker=1))
    assert (tmp_path / "two.mkv").read_bytes() == (tmp_path / "one.mkv").read_bytes()


@pytest.mark.parametrize("suffix", [".ts", ".mkv", ".mp4"])
@pytest.mark.parametrize("asked", ["auto", "film"])
def test_frames_are_forecast_without_the_repetitions(
    tmp_path: Path, suffix: str, asked: Deinterlace
):
    clip = write_soft_film(tmp_path / f"in{suffix}", frames=240)
    spec = bob_spec(deinterlace=asked)
    for time, frames in ((TimeRange(), 240), (TimeRange(start_seconds=5.005), 120)):
        job = prepare(clip, tmp_path / "out.mp4", replace(spec, time=time))
        assert job.frames_expected == pytest.approx(frames, abs=2)


def test_images_are_counted_at_the_rate_of_the_film(tmp_path: Path):
    clip = write_soft_film(tmp_path / "in.ts")
    job = prepare(clip, tmp_path / "%05d.png", film_spec())
    assert "images hold no times: the frame rate is 23.976 a second." in list(job.notes())
