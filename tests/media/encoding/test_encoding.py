"""Packets as they leave the encoder."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.clips import host_frame
from tests.media.written import SIZE, encoder_for
from vsr.media.encoding.encoding import Encoding, OutputVideo

VIDEO = OutputVideo(size=SIZE, time_base=Fraction(1, 25), frame_rate=Fraction(25))


@pytest.mark.parametrize("frames", [1, 2])
def test_too_few_frames_to_reorder_are_decoded_when_shown(tmp_path: Path, frames: int) -> None:
    """x265 leaves their decoding times to chance, so one good run would prove little."""
    for index in range(12):
        with av.open(str(tmp_path / f"{index}.nut"), "w") as output:
            encoding = Encoding(output, VIDEO, encoder_for("hevc"))
            packets = [p for i in range(frames) for p in encoding.encode(host_frame(i))]
            packets += encoding.drain()
        assert [packet.dts for packet in packets] == [packet.pts for packet in packets]
        assert len(packets) == frames
