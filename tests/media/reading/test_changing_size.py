"""A part of a film has the size and the proportions of its own first frame."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from tests.cli.command import QUICK, vsr
from tests.clips import write_clip
from vsr.media.reading.probe import at_part, probe
from vsr.values import Size


def write_changing(path: Path, *clips: dict[str, Any], codec: str) -> Path:
    """Write films of 0.4 s each as one stream, as a browser does whose camera changes."""
    parts = [
        write_clip(path.with_stem(f"part{number}"), frames=10, codec=codec, b_frames=0, **clip)
        for number, clip in enumerate(clips)
    ]
    with av.open(str(path), "w") as output:
        stream: Any = None
        for number, part in enumerate(parts):
            with av.open(str(part)) as source:
                video = source.streams.video[0]
                stream = stream or output.add_stream_from_template(video, opaque=True)
                for packet in source.demux(video):
                    if packet.size:
                        packet.pts = packet.dts = (packet.pts or 0) + 400 * number
                        packet.stream = stream
                        output.mux(packet)
    return path


def test_a_part_has_its_own_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sizes = [{"size": Size(64, 48)}, {"size": Size(48, 64)}]
    path = write_changing(tmp_path / "in.webm", *sizes, codec="libvpx")
    info = probe(path)
    assert [at_part(info, start).video.size for start in (0, 0.2, 0.4, 0.6, 9)] == [
        Size(64, 48), Size(64, 48), Size(48, 64), Size(48, 64), Size(64, 48)
    ]  # fmt: skip
    target = tmp_path / "out.mkv"
    assert vsr("upscale", path, target, *QUICK) == 3
    assert "10 frames of another size, scaled to that of the first" in capsys.readouterr().out
    assert vsr("upscale", path, target, *QUICK, "-y", "--start", "0.4") == 0
    assert probe(target).video.size == Size(96, 128)


def test_a_part_has_its_own_proportions(tmp_path: Path) -> None:
    shapes = [{"sar": Fraction(8, 9)}, {"sar": Fraction(32, 27)}]
    path = write_changing(tmp_path / "in.mkv", *shapes, codec="mpeg2video")
    info = probe(path)
    assert info.video.sar == at_part(info, 0.2).video.sar == Fraction(8, 9)
    assert at_part(info, 0.5).video.sar == Fraction(32, 27)
