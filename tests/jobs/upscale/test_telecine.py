"""Telecined film: its own pictures come out, each in its time."""

from fractions import Fraction
from pathlib import Path

import pytest

from tests.clips import SMALL, Audio, indices_in, picture, times_in, write_clip
from tests.jobs.upscale.woven_runs import LOSSLESS, Stop, bob_spec, film_spec, stop
from tests.woven import NTSC, telecined, woven, write_fields, write_film
from vsr.batch.engine import EngineSpec
from vsr.errors import Refused
from vsr.jobs.probe.look import look
from vsr.jobs.upscale.plan import prepare
from vsr.jobs.upscale.segment_plan import plan_segments
from vsr.jobs.workers.upscale import upscale
from vsr.media.reading.probe import probe
from vsr.media.resume.segments import read_packets
from vsr.values import TimeRange


@pytest.mark.parametrize("is_top_first", [True, False])
@pytest.mark.parametrize("suffix", [".mp4", ".ts"])
def test_a_telecined_film_becomes_itself_again(tmp_path: Path, suffix: str, is_top_first: bool):
    clip = write_film(tmp_path / f"in{suffix}", is_top_first=is_top_first, audio=[Audio()])
    result = upscale(clip, tmp_path / "out.mp4", film_spec())
    assert (result.frames_in, result.frames_out) == (120, 96)
    assert indices_in(result.output) == list(range(96))
    first = times_in(result.output)[0]
    assert [time - first for time in times_in(result.output)] == [
        index / (NTSC * 4 / 5) for index in range(96)
    ]
    before, after = probe(clip), probe(result.output)
    assert after.video.frame_rate == Fraction(24000, 1001)
    assert after.duration_seconds == pytest.approx(before.duration_seconds, abs=0.03)


def test_the_plan_begins_segments_with_a_cycle(tmp_path: Path):
    clip = write_film(tmp_path / "in.mkv", skipped=2, gop=7)
    notes: list[str] = []
    job = prepare(clip, tmp_path / "out.mkv", film_spec(segment_frames=25))
    times = read_packets(job.source).times
    film = job.fields.film
    assert film is not None
    assert times.index(film.boundary) == 3
    segments, _ = plan_segments(job)
    assert len(segments) > 2
    starts = [times.index(one.span.start) for one in segments if one.span.start is not None]
    assert all(start % 5 == 3 for start in starts)
    result = upscale(clip, tmp_path / "out.mkv", film_spec(segment_frames=25), note=notes.append)
    assert sum(one.frames for one in segments) == result.frames_out == 94
    assert indices_in(result.output)[2:] == list(range(4, 96))
    assert "telecined: the film's own frames are restored, 23.98 a second." in notes


def test_a_film_is_the_same_however_it_is_cut_and_resumed(tmp_path: Path):
    clip = write_film(tmp_path / "in.mp4", skipped=1, audio=[Audio()])
    upscale(clip, tmp_path / "whole.mkv", film_spec(encode=LOSSLESS))
    for frames in (13, 30):
        upscale(clip, tmp_path / f"{frames}.mkv", film_spec(encode=LOSSLESS, segment_frames=frames))

    short = film_spec(encode=LOSSLESS, segment_frames=13)
    with pytest.raises(Stop):
        upscale(clip, tmp_path / "resumed.mkv", short, on_progress=stop)
    upscale(clip, tmp_path / "resumed.mkv", short)
    whole = (tmp_path / "whole.mkv").read_bytes()
    for name in ("13", "30", "resumed"):
        assert (tmp_path / f"{name}.mkv").read_bytes() == whole, name


def test_a_part_of_a_film_begins_a_cycle_of_its_own(tmp_path: Path):
    clip = write_film(tmp_path / "in.mkv")
    part = TimeRange(start_seconds=1.0, end_seconds=3.0)
    result = upscale(clip, tmp_path / "out.mkv", film_spec(time=part))
    shown = indices_in(result.output)
    assert shown == list(range(shown[0], shown[0] + 48))
    assert float(times_in(result.output)[-1]) == pytest.approx(47 * 1.001 / 24, abs=0.02)


@pytest.mark.slow
def test_two_workers_restore_the_same_film(tmp_path: Path):
    clip = write_film(tmp_path / "in.mp4", skipped=1)
    short = film_spec(encode=LOSSLESS, segment_frames=13)
    upscale(clip, tmp_path / "one.mkv", short)
    upscale(clip, tmp_path / "two.mkv", short, engine=EngineSpec(workers=2, cpus_per_worker=1))
    assert (tmp_path / "two.mkv").read_bytes() == (tmp_path / "one.mkv").read_bytes()


def test_what_is_telecined_is_said_and_the_way_out_too(tmp_path: Path):
    clip = write_film(tmp_path / "in.mp4")
    assert look(clip).words["notes"] == ["telecined: --deinterlace film gives 24p."]
    for value in ("auto", "bob"):
        job = prepare(clip, tmp_path / "out.mp4", bob_spec(deinterlace=value))
        assert "telecined: --deinterlace film gives 24p." in list(job.notes())
    plain = write_clip(tmp_path / "plain.mp4", rate=NTSC, frames=60)
    assert look(plain).words["notes"] is None


@pytest.mark.parametrize("rate", [NTSC, Fraction(25)])
def test_a_film_that_was_not_telecined_is_refused(tmp_path: Path, rate: Fraction):
    clip = write_fields(tmp_path / "in.mp4", rate=rate)
    with pytest.raises(Refused, match=r"in\.mp4: --deinterlace film was given, and no telecine"):
        prepare(clip, tmp_path / "out.mp4", film_spec())


def test_a_mixed_cadence_is_refused(tmp_path: Path):
    film = [picture(index, SMALL) for index in range(96)]
    frames = list(zip(*(telecined(list(one)) for one in zip(*film))))
    fields = [picture(index ^ index >> 1, SMALL) for index in range(240)]
    frames += [
        tuple(woven(*pair) for pair in zip(fields[i], fields[i + 1])) for i in range(0, 240, 2)
    ]
    clip = write_clip(
        tmp_path / "in.mp4", frames=len(frames), pictures=frames, rate=NTSC, is_interlaced=True
    )
    with pytest.raises(Refused, match=r"telecined in 4 of 8 places, and video in 4.* bob\."):
        prepare(clip, tmp_path / "out.mp4", film_spec())
    part = TimeRange(end_seconds=3.5)
    result = upscale(clip, tmp_path / "out.mp4", film_spec(time=part))
    assert indices_in(result.output)[:80] == list(range(80))
