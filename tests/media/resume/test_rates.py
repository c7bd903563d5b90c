"""The size of a file is shared among its segments while it is planned."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.cli.command import vsr
from tests.clips import Audio, write_clip
from vsr.errors import InvalidOption
from vsr.media.reading.probe import probe
from vsr.media.resume.rates import share
from vsr.media.resume.segments import plan
from vsr.media.streams.streams import plan_streams

PAN = (5, 1, 3)
"""Columns per frame, in each third of the film."""


def panning(path: Path, frames: int = 240) -> Path:
    """Write a camera that pans over a textured wall at three speeds, with sound."""
    rng = np.random.default_rng(7)
    wall = sum(
        np.kron(rng.normal(size=(192 // cell, 4096 // cell)), np.ones((cell, cell))) * cell
        for cell in (1, 2, 4, 8)
    )
    wall = np.clip(118 + 6 * wall, 16, 235).astype(np.uint8)
    sound = write_clip(path.with_suffix(".wav.mkv"), frames=frames, audio=[Audio()])
    with av.open(str(path), "w") as output, av.open(str(sound)) as heard:
        video = output.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 128, 96, "yuv420p"
        video.options = {"crf": "20", "preset": "ultrafast", "g": "24"}
        track = output.add_stream_from_template(heard.streams.audio[0], opaque=True)
        place, packets = 0, []
        for index in range(frames):
            place += PAN[index * 3 // frames]
            frame = av.VideoFrame(128, 96, "yuv420p")
            grain = rng.normal(0, 3, (96, 128))
            luma = np.clip(wall[:96, place : place + 128] + grain, 16, 235).astype(np.uint8)
            planes = [luma, *[np.full((48, 64), 128, np.uint8)] * 2]
            for plane, samples in zip(frame.planes, planes):
                rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, -1)
                rows[:, : plane.width] = samples
            frame.pts, frame.time_base = index, Fraction(1, 25)
            packets += video.encode(frame)
        packets += video.encode(None)
        copies = [packet for packet in heard.demux(audio=0) if packet.size]
        for packet in copies:
            packet.stream = track
        for packet in sorted([*packets, *copies], key=lambda one: one.dts * one.time_base):
            output.mux(packet)
    sound.unlink()
    return path


def test_a_part_that_moves_gets_more_and_the_shares_add_up(tmp_path: Path) -> None:
    info = probe(panning(tmp_path / "in.mp4"))
    streams, segments = plan_streams(info, "mp4"), plan(info, 72)
    rated = share(segments, info, streams, 400_000, Fraction(25))
    rates = [one.bit_rate or 0 for one in rated]
    assert rates[0] > rates[2] > rates[1] > 0
    spent = sum(rate * one.frames / 25 / 8 for rate, one in zip(rates, rated))
    sound = sum(len(bytes(p)) for p in av.open(str(info.path)).demux(audio=0))
    packets = 240 + 450  # of video and sound, some 20 bytes each in mp4
    assert spent == pytest.approx(400_000 - sound - 20 * packets, rel=0.01)
    assert [replace(one, bit_rate=None) for one in rated] == list(segments)


def test_a_size_that_the_sound_fills_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    info = probe(panning(tmp_path / "in.mp4", frames=50))
    with pytest.raises(InvalidOption, match="nothing is left for the video"):
        share(plan(info), info, plan_streams(info, "mp4"), 2_000, None)
    for size in ("2k", "5"):
        for more in ((), ("--dry-run",)):
            wanted = ["-s", 2, "--file-size", size, *more]
            assert vsr("upscale", info.path, tmp_path / "out.mp4", *wanted) == 2
            assert "nothing is left for the video" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


QUICK = ["--model", "bicubic", "-s", 2, "--segment-frames", 72]


@pytest.mark.parametrize(
    ("codec", "suffix", "allowed"),
    [
        ("h264", "mp4", 0.05),
        pytest.param("hevc", "mkv", 0.05, marks=pytest.mark.slow),
        pytest.param("vp9", "webm", 0.05, marks=pytest.mark.slow),
        pytest.param("av1", "mp4", 0.2, marks=pytest.mark.slow),  # its segments are too short here
    ],
)
def test_a_file_gets_the_size_that_was_asked_for(
    tmp_path: Path, codec: str, suffix: str, allowed: float
) -> None:
    source, target = panning(tmp_path / "in.mp4"), tmp_path / f"out.{suffix}"
    wanted = ["--file-size", "900k", "--codec", codec, "--encoder-preset", "veryfast"]
    assert vsr("upscale", source, target, *QUICK, *wanted) == 0
    assert target.stat().st_size == pytest.approx(900_000, rel=allowed)


@pytest.mark.slow
def test_the_bytes_depend_on_neither_order_nor_workers(tmp_path: Path) -> None:
    source = panning(tmp_path / "in.mp4")
    wanted = [*QUICK, "--file-size", "600k", "--cpus-per-worker", 1]
    assert vsr("upscale", source, tmp_path / "a.mp4", *wanted, "--workers", 1) == 0
    assert vsr("upscale", source, tmp_path / "b.mp4", *wanted, "--workers", 2) == 0
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
