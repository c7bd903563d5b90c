"""Clips with sound that `tests.clips` does not make: frames of DTS, and codecs of WAV files."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from tests.clips import av_frame
from vsr.values import Size

RATE = 48_000
SIZE = Size(96, 64)

DTS_SAMPLES = 512
DTS_HEADER = (
    (0x7FFE8001, 32), (1, 1), (31, 5), (0, 1), (DTS_SAMPLES // 32 - 1, 7), (511, 14), (2, 6),
    (13, 4), (15, 5), (0, 14), (7, 4), (0, 11),
)  # fmt: skip
"""Value and bits of the fields of a core frame: 512 bytes, stereo, 48 kHz. Source: ETSI TS 102 114,
table 5-1."""


def dts_frame() -> bytes:
    bits = "".join(f"{value:0{count}b}" for value, count in DTS_HEADER)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").ljust(512, b"\0")


def write_dts(path: Path, frames: int = 30) -> Path:
    """Write a clip of ten pictures with frames of DTS, of which only the headers mean anything."""
    with av.open(str(path), "w") as output:
        video = _video(output)
        sound = output.add_mux_stream("dts", rate=RATE)
        sound.time_base = Fraction(1, RATE)
        _mux_pictures(output, video)
        for index in range(frames):
            packet = av.Packet(dts_frame())
            packet.pts = packet.dts = DTS_SAMPLES * index
            packet.duration, packet.time_base = DTS_SAMPLES, Fraction(1, RATE)
            packet.stream = sound
            output.mux(packet)
    return path


def write_with_sound(path: Path, codec: str, chapters: Sequence[Any] = ()) -> Path:
    """Write a clip of ten pictures with 0.4 s of noise, in a codec that is at home in WAV files."""
    with av.open(str(path), "w") as output:
        video, sound = _video(output), output.add_stream(codec, rate=RATE)
        context = sound.codec_context
        context.layout, context.bit_rate = "stereo", 128_000
        if chapters:
            output.set_chapters(list(chapters))
        _mux_pictures(output, video)
        noise = np.random.default_rng(1).normal(0, 0.1, (2, RATE * 2 // 5)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(noise, format="fltp", layout="stereo")
        frame.rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        resampler = av.AudioResampler(
            format=context.format.name, layout="stereo", rate=RATE, frame_size=context.frame_size
        )
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            output.mux(sound.encode(part))
        output.mux(sound.encode(None))
    return path


def _video(output: Any) -> Any:
    video = output.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
    video.width, video.height = SIZE.width, SIZE.height
    return video


def _mux_pictures(output: Any, video: Any) -> None:
    for index in range(10):
        frame = av_frame(index, SIZE, "yuv420p")
        frame.pts, frame.time_base = index, Fraction(1, 25)
        output.mux(video.encode(frame))
    output.mux(video.encode(None))
