"""Interlaced film, field by field: what goes in comes out, at twice the rate and in time."""

import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.cli.command import vsr
from tests.clips import Audio, indices_in, times_in, write_clip
from tests.jobs.upscale.woven_runs import LOSSLESS, Stop, bob_spec, film_spec, stop
from tests.woven import NTSC, fields_in, write_fields, write_film
from vsr.batch.engine import EngineSpec
from vsr.jobs.upscale.plan import prepare
from vsr.jobs.upscale.segment_plan import plan_segments
from vsr.jobs.upscale.segment_worker import SegmentWorker
from vsr.jobs.workers.upscale import upscale
from vsr.media.frames.tags import extras_of, side_data_of
from vsr.media.reading.probe import probe
from vsr.media.resume.work import work_folder_of
from vsr.media.writing.direct import DirectWriter
from vsr.values import PtsSpan, TimeRange


@pytest.mark.parametrize("is_top_first", [True, False])
@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts"])
def test_every_field_becomes_a_frame_of_its_own_time(
    tmp_path: Path, suffix: str, is_top_first: bool
):
    clip = write_fields(
        tmp_path / f"in{suffix}", frames=12, is_top_first=is_top_first, audio=[Audio()]
    )
    result = upscale(clip, tmp_path / "out.mp4", bob_spec())
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
    upscale(clip, tmp_path / "out.mp4", bob_spec())
    assert times_in(tmp_path / "out.mp4") == [field / (2 * rate) for field in range(20)]


def test_a_time_code_counts_the_frames_of_fields(tmp_path: Path):
    clip = write_fields(tmp_path / "in.mkv", frames=10, metadata={"timecode": "01:00:00:12"})
    upscale(clip, tmp_path / "out.mov", bob_spec())
    assert probe(tmp_path / "out.mov").video.timecode == "01:00:00:24"


def test_the_sound_stays_in_step(tmp_path: Path):
    clip = write_fields(tmp_path / "in.mp4", audio=[Audio(start=0.2)])
    upscale(clip, tmp_path / "out.mp4", bob_spec())
    ends = []
    for path in (clip, tmp_path / "out.mp4"):
        video, (sound,) = probe(path).video, probe(path).others
        ends.append((video.duration_seconds, sound.duration_seconds))
    assert ends[0] == ends[1]


def test_a_part_begins_and_ends_with_its_frames(tmp_path: Path):
    clip = write_fields(tmp_path / "in.mkv")
    part = TimeRange(start_seconds=0.4, end_seconds=1.0)
    result = upscale(clip, tmp_path / "out.mkv", bob_spec(time=part))
    assert fields_in(result.output) == list(range(20, 50))
    assert times_in(result.output) == [Fraction(field, 50) for field in range(30)]


def test_the_plan_counts_frames_that_come_out(tmp_path: Path):
    clip = write_fields(tmp_path / "in.mp4")
    job = prepare(clip, tmp_path / "out.mp4", bob_spec(segment_frames=20))
    segments, _ = plan_segments(job)
    assert job.frames_expected == 96
    assert [segment.frames for segment in segments] == [48, 48]
    assert job.fingerprint()["time base"] == str(job.source.video.time_base / 2)


def test_progress_ends_with_the_frames_that_were_announced(tmp_path: Path):
    clip = write_fields(tmp_path / "in.mp4")
    seen = []
    upscale(clip, tmp_path / "out.mp4", bob_spec(), on_progress=seen.append)
    assert (seen[-1].frames, seen[-1].total_frames) == (96, 96)
    assert seen[-1].out_seconds == pytest.approx(48 / 25)


def test_segments_and_a_resumed_run_make_the_same_film(tmp_path: Path):
    clip = write_fields(tmp_path / "in.mp4", audio=[Audio()])
    upscale(clip, tmp_path / "whole.mkv", bob_spec(encode=LOSSLESS))
    short = bob_spec(encode=LOSSLESS, segment_frames=12)
    upscale(clip, tmp_path / "short.mkv", short)

    with pytest.raises(Stop):
        upscale(clip, tmp_path / "resumed.mkv", short, on_progress=stop)
    upscale(clip, tmp_path / "resumed.mkv", short)
    whole = (tmp_path / "whole.mkv").read_bytes()
    for name in ("short", "resumed"):
        assert (tmp_path / f"{name}.mkv").read_bytes() == whole, name


@pytest.mark.slow
def test_two_workers_make_the_same_film(tmp_path: Path):
    clip = write_fields(tmp_path / "in.mp4", audio=[Audio()])
    short = bob_spec(encode=LOSSLESS, segment_frames=12)
    upscale(clip, tmp_path / "one.mkv", short)
    upscale(clip, tmp_path / "two.mkv", short, engine=EngineSpec(workers=2, cpus_per_worker=1))
    assert (tmp_path / "two.mkv").read_bytes() == (tmp_path / "one.mkv").read_bytes()


def test_a_progressive_film_is_left_as_it_is_and_that_is_said(tmp_path: Path):
    clip = write_clip(tmp_path / "in.mp4", frames=6)
    notes: list[str] = []
    result = upscale(clip, tmp_path / "out.mp4", bob_spec(), note=notes.append)
    assert "progressive by its first frames: --deinterlace bob changes nothing." in notes
    assert (result.frames_in, result.frames_out) == (6, 6)
    assert times_in(result.output) == times_in(clip)


def captions_in(path: Path) -> list[bytes]:
    """Return the captions of each frame."""
    with av.open(str(path)) as container:
        read = [extras_of(side_data_of(frame)).captions for frame in container.decode(video=0)]
    return [text or b"" for text in read]


def triplet(index: int) -> bytes:
    return bytes([0xFC, 0x80 | index & 0x7F, 0x20])


def test_captions_are_neither_doubled_nor_dropped(tmp_path: Path):
    fields = write_fields(
        tmp_path / "fields.mp4", frames=10, captions=[triplet(index) for index in range(10)]
    )
    upscale(fields, tmp_path / "bobbed.mp4", bob_spec())
    captions = captions_in(tmp_path / "bobbed.mp4")
    assert captions[0::2] == [triplet(index) for index in range(10)]
    assert not any(captions[1::2])
    film = write_film(
        tmp_path / "film.mp4", pictures=48, captions=[triplet(index) for index in range(60)]
    )
    upscale(film, tmp_path / "restored.mp4", film_spec())
    captions = captions_in(tmp_path / "restored.mp4")
    assert len(captions) == 48
    assert b"".join(captions) == b"".join(triplet(index) for index in range(60))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["bob", "film"])
def test_a_killed_run_resumes_to_the_same_bytes(tmp_path: Path, mode: str):
    write = write_film if mode == "film" else write_fields
    clip, target = write(tmp_path / "in.mp4", audio=[Audio()]), tmp_path / "out.mp4"
    arguments = [
        *("--deinterlace", mode, "--scale", "2", "--model", "bicubic"),
        *("--segment-frames", "13", "--encoder-preset", "ultrafast"),
    ]
    assert vsr("upscale", clip, tmp_path / "whole.mp4", *arguments, "-q") == 0
    command = [sys.executable, "-c", "from vsr.cli import main; main()", "upscale"]
    process = subprocess.Popen([*command, str(clip), str(target), *arguments, "-q"])
    folder = work_folder_of(target)
    while process.poll() is None and not list(folder.glob("*.nut")):
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not target.exists()
    assert vsr("upscale", clip, target, *arguments, "-q") == 0
    assert target.read_bytes() == (tmp_path / "whole.mp4").read_bytes()


@pytest.mark.parametrize("mode", ["bob", "film"])
def test_a_pipe_gets_the_same_frames(tmp_path: Path, mode: str):
    write = write_film if mode == "film" else write_fields
    clip = write(tmp_path / "in.mp4", audio=[Audio()])
    job = prepare(clip, Path("-"), bob_spec(deinterlace=mode, container="matroska"))
    with (
        (tmp_path / "out.mkv").open("wb") as pipe,
        DirectWriter.create(
            pipe, job.source, job.streams, job.video, job.encoder, PtsSpan()
        ) as writer,
    ):
        met = SegmentWorker().run(job, PtsSpan(), writer, lambda frame: None)
    assert met.frames == writer.frames == 96
    shown = fields_in if mode == "bob" else indices_in
    assert shown(tmp_path / "out.mkv") == list(range(96))
    rate = 50 if mode == "bob" else NTSC * 4 / 5
    first, *times = times_in(tmp_path / "out.mkv")
    for index, moment in enumerate(times, 1):  # Matroska rounds to 1 ms
        assert abs(moment - first - index / rate) <= Fraction(1, 1000)
