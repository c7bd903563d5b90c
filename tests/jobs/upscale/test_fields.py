"""Interlaced film, field by field, and telecined film, picture by picture; each in its time."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.clips import SMALL, Audio, indices_in, picture, times_in, write_clip
from tests.woven import telecined, woven
from vsr.batch.engine import EngineSpec
from vsr.errors import Refused
from vsr.jobs.probe.look import look
from vsr.jobs.upscale.plan import prepare, spec_of_preset
from vsr.jobs.upscale.segment_worker import plan_segments
from vsr.jobs.workers.upscale import upscale
from vsr.media.reading.probe import probe
from vsr.media.resume.segments import read_packets
from vsr.specs import EncodeSpec, UpscaleSpec
from vsr.values import OutputSize, TimeRange

FRAMES = 48


def spec(**changes: Any) -> UpscaleSpec:
    encode = EncodeSpec(encoder_preset="ultrafast")
    values = {"model": "bicubic", "encode": encode, "deinterlace": "bob", **changes}
    return replace(spec_of_preset("1080p", OutputSize(scale=2)), **values)


def write_fields(path: Path, frames: int = FRAMES, **changes: Any) -> Path:
    """Write a clip whose field n shows the n-th Gray code.

    In it no bit changes for one field alone, which would look like a fine pattern standing still.
    """
    fields = [picture(index ^ index >> 1, SMALL) for index in range(2 * frames)]
    is_top_first = changes.get("is_top_first", True)
    pictures = [
        [woven(*pair, is_top_first=is_top_first) for pair in zip(fields[i], fields[i + 1])]
        for i in range(0, 2 * frames, 2)
    ]
    options = {"crf": "1", "preset": "ultrafast"}
    values = {"frames": frames, "is_interlaced": True, "options": options, **changes}
    return write_clip(path, pictures=pictures, **values)


def fields_in(path: Path) -> list[int]:
    """Return which field each frame shows."""
    found = []
    for code in indices_in(path):
        index = code
        while code := code >> 1:
            index ^= code
        found.append(index)
    return found


@pytest.mark.parametrize("is_top_first", [True, False])
@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts"])
def test_every_field_becomes_a_frame_of_its_own_time(
    tmp_path: Path, suffix: str, is_top_first: bool
):
    clip = write_fields(
        tmp_path / f"in{suffix}", frames=12, is_top_first=is_top_first, audio=[Audio()]
    )
    result = upscale(clip, tmp_path / "out.mp4", spec())
    assert (result.frames_in, result.frames_out) == (12, 24)
    assert fields_in(result.output) == list(range(24))
    first = times_in(result.output)[0]
    assert [time - first for time in times_in(result.output)] == [
        Fraction(field, 50) for field in range(24)
    ]
    before, after = probe(clip), probe(result.output)
    assert after.video.frame_rate == 50
    assert not after.video.is_interlaced
    assert after.duration_seconds == pytest.approx(before.duration_seconds, abs=0.03)


def test_times_between_the_ticks_of_the_source_are_exact(tmp_path: Path):
    rate = Fraction(30000, 1001)
    clip = write_fields(tmp_path / "in.mp4", frames=10, rate=rate, time_base=1 / rate)
    upscale(clip, tmp_path / "out.mp4", spec())
    assert times_in(tmp_path / "out.mp4") == [field / (2 * rate) for field in range(20)]


def test_the_sound_stays_in_step(tmp_path: Path):
    clip = write_fields(tmp_path / "in.mp4", audio=[Audio(start=0.2)])
    upscale(clip, tmp_path / "out.mp4", spec())
    ends = []
    for path in (clip, tmp_path / "out.mp4"):
        video, (sound,) = probe(path).video, probe(path).others
        ends.append((video.duration_seconds, sound.duration_seconds))
    assert ends[0] == ends[1]


def test_a_part_begins_and_ends_with_its_frames(tmp_path: Path):
    clip = write_fields(tmp_path / "in.mkv")
    part = TimeRange(start_seconds=0.4, end_seconds=1.0)
    result = upscale(clip, tmp_path / "out.mkv", spec(time=part))
    assert fields_in(result.output) == list(range(20, 50))
    assert times_in(result.output) == [Fraction(field, 50) for field in range(30)]


def test_the_plan_counts_frames_that_come_out(tmp_path: Path):
    clip = write_fields(tmp_path / "in.mp4")
    job = prepare(clip, tmp_path / "out.mp4", spec(segment_frames=20))
    segments, _ = plan_segments(job)
    assert job.frames_expected == 96
    assert [segment.frames for segment in segments] == [48, 48]
    assert job.fingerprint()["time base"] == str(job.source.video.time_base / 2)


def test_progress_ends_with_the_frames_that_were_announced(tmp_path: Path):
    clip = write_fields(tmp_path / "in.mp4")
    seen = []
    upscale(clip, tmp_path / "out.mp4", spec(), on_progress=seen.append)
    assert (seen[-1].frames, seen[-1].total_frames) == (96, 96)
    assert seen[-1].out_seconds == pytest.approx(FRAMES / 25)


class Stop(Exception):
    """A power cut."""


LOSSLESS = EncodeSpec(codec="ffv1", options={"g": "1"})
"""Every frame is coded alone: the file shows no segments."""


def test_segments_and_a_resumed_run_make_the_same_film(tmp_path: Path):
    clip = write_fields(tmp_path / "in.mp4", audio=[Audio()])
    upscale(clip, tmp_path / "whole.mkv", spec(encode=LOSSLESS))
    short = spec(encode=LOSSLESS, segment_frames=12)
    upscale(clip, tmp_path / "short.mkv", short)

    def stop(progress: Any) -> None:
        if progress.frames == 30:
            raise Stop

    with pytest.raises(Stop):
        upscale(clip, tmp_path / "resumed.mkv", short, on_progress=stop)
    upscale(clip, tmp_path / "resumed.mkv", short)
    whole = (tmp_path / "whole.mkv").read_bytes()
    for name in ("short", "resumed"):
        assert (tmp_path / f"{name}.mkv").read_bytes() == whole, name


@pytest.mark.slow
def test_two_workers_make_the_same_film(tmp_path: Path):
    clip = write_fields(tmp_path / "in.mp4", audio=[Audio()])
    short = spec(encode=LOSSLESS, segment_frames=12)
    upscale(clip, tmp_path / "one.mkv", short)
    upscale(clip, tmp_path / "two.mkv", short, engine=EngineSpec(workers=2, cpus_per_worker=1))
    assert (tmp_path / "two.mkv").read_bytes() == (tmp_path / "one.mkv").read_bytes()


def test_a_progressive_film_is_left_as_it_is_and_that_is_said(tmp_path: Path):
    clip = write_clip(tmp_path / "in.mp4", frames=6)
    notes: list[str] = []
    result = upscale(clip, tmp_path / "out.mp4", spec(), note=notes.append)
    assert "progressive by its first frames: --deinterlace bob changes nothing." in notes
    assert (result.frames_in, result.frames_out) == (6, 6)
    assert times_in(result.output) == times_in(clip)


NTSC = Fraction(30000, 1001)


def film_spec(**changes: Any) -> UpscaleSpec:
    return spec(deinterlace="film", **changes)


def write_film(path: Path, pictures: int = 96, skipped: int = 0, **changes: Any) -> Path:
    """Write the telecine of a film whose picture n shows the bar code n."""
    is_top_first = changes.get("is_top_first", True)
    planes = zip(*(picture(index, SMALL) for index in range(pictures)))
    each = [telecined(list(one), is_top_first=is_top_first) for one in planes]
    frames = list(zip(*each))[skipped:]
    options = {"crf": "1", "preset": "ultrafast"}
    values = {"rate": NTSC, "is_interlaced": True, "options": options, **changes}
    return write_clip(path, frames=len(frames), pictures=frames, **values)


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
    assert "telecined: the film's own pictures are restored, 23.98 a second." in notes


def test_a_film_is_the_same_however_it_is_cut_and_resumed(tmp_path: Path):
    clip = write_film(tmp_path / "in.mp4", skipped=1, audio=[Audio()])
    upscale(clip, tmp_path / "whole.mkv", film_spec(encode=LOSSLESS))
    for frames in (13, 30):
        upscale(clip, tmp_path / f"{frames}.mkv", film_spec(encode=LOSSLESS, segment_frames=frames))

    def stop(progress: Any) -> None:
        if progress.frames == 30:
            raise Stop

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
    assert look(clip)["notes"] == ["telecined: --deinterlace film gives 24p."]
    for value in ("auto", "bob"):
        job = prepare(clip, tmp_path / "out.mp4", spec(deinterlace=value))
        assert "telecined: --deinterlace film gives 24p." in list(job.notes())
    plain = write_clip(tmp_path / "plain.mp4", rate=NTSC, frames=60)
    assert look(plain)["notes"] is None


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
