"""Packets shorter than the ticks of their container, as TrueHD's in Matroska, delay nothing."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import av_frame
from tests.media.written import carry, packets_in
from vsr.values import Size

RATE = 48_000
SAMPLES = 40
"""Of a packet: 5/6 ms, as TrueHD has them."""

COUNTING = np.arange(RATE // 2)


def write_short_packets(path: Path, codec: str = "pcm_s16le", dtype: str = "<i2") -> Path:
    """Write half a second of pictures and sound, whose samples count up."""
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height = 96, 64
        sound = output.add_stream(codec, rate=RATE, layout="mono")
        for index in range(12):
            frame = av_frame(index, Size(96, 64), "yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        for index in range(RATE // 2 // SAMPLES):
            samples = COUNTING[SAMPLES * index : SAMPLES * (index + 1)].astype(dtype)
            piece = av.AudioFrame.from_ndarray(
                samples[None], format=sound.codec_context.format.name, layout="mono"
            )
            piece.rate, piece.pts, piece.time_base = RATE, SAMPLES * index, Fraction(1, RATE)
            output.mux(sound.encode(piece))
        output.mux(sound.encode(None))
    return path


def test_the_times_of_a_copy_are_those_of_the_source(tmp_path: Path) -> None:
    source, target = write_short_packets(tmp_path / "in.mkv"), tmp_path / "out.mkv"
    before = packets_in(source, "audio")
    assert len({time for time, _ in before}) < len(before)
    carry(source, target)
    assert packets_in(target, "audio") == before


@pytest.mark.parametrize("suffix", ["mov", "mp4", "nut"])
def test_in_a_container_whose_times_must_rise_they_keep_their_pace(
    tmp_path: Path, suffix: str
) -> None:
    source, target = write_short_packets(tmp_path / "in.mkv"), tmp_path / f"out.{suffix}"
    carry(source, target)
    after = packets_in(target, "audio")
    assert float(after[-1][0]) == pytest.approx(0.5, abs=0.025)
    assert b"".join(data for _, data in after) == COUNTING.astype("<i2").tobytes()


def test_no_silence_comes_between_packets_that_are_converted(tmp_path: Path) -> None:
    source = write_short_packets(tmp_path / "in.mkv", codec="pcm_u8", dtype="u1")
    target = tmp_path / "out.mp4"
    plan, _ = carry(source, target)
    assert [fate.target_codec for fate in plan.carried] == ["flac"]
    with av.open(str(target)) as container:
        parts = [frame.to_ndarray() for frame in container.decode(audio=0)]
    assert sum(part.shape[1] for part in parts) == RATE // 2
