"""Interlaced film, field by field: what goes in comes out, at twice the rate and in time."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.clips import SMALL, Audio, indices_in, picture, times_in, write_clip
from tests.woven import woven
from vsr.batch.engine import EngineSpec
from vsr.jobs.upscale.plan import prepare, spec_of_preset
from vsr.jobs.upscale.segment_worker import plan_segments
from vsr.jobs.workers.upscale import upscale
from vsr.media.reading.probe import probe
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
