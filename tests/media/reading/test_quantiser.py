"""How coarsely frames were quantised, as their decoder tells."""

from io import BytesIO
from pathlib import Path

import av
import pytest

from tests.clips import write_clip
from vsr.media.reading.film_sample import sample_film
from vsr.media.reading.probe import probe
from vsr.media.reading.quantiser import quantiser_of_jpeg, quantisers_of
from vsr.values import Size


def quantiser(path: Path, **clip: object) -> float | None:
    film = write_clip(path, frames=8, size=Size(96, 64), b_frames=0, **clip)
    return sample_film(probe(film)).quantiser


@pytest.mark.parametrize(("pix_fmt", "deeper"), [("yuv420p", 0), ("yuv420p10le", 12)])
@pytest.mark.parametrize("qp", [12, 30])
def test_h264_tells_its_own(tmp_path: Path, qp: int, pix_fmt: str, deeper: int) -> None:
    options = {"preset": "ultrafast", "x264-params": f"qp={qp + deeper}:ipratio=1.0"}
    found = quantiser(tmp_path / "film.mkv", pix_fmt=pix_fmt, options=options)
    assert found == pytest.approx(qp, abs=0.6)


@pytest.mark.parametrize("scale", [2, 8])
def test_mpeg_tells_a_step(tmp_path: Path, scale: int) -> None:
    options = {"qmin": str(scale), "qmax": str(scale)}
    found = quantiser(tmp_path / "film.mkv", codec="mpeg4", options=options)
    assert found == pytest.approx({2: 16, 8: 28}[scale], abs=1)


def test_vp9_tells_an_index(tmp_path: Path) -> None:
    found = [
        quantiser(
            tmp_path / f"{crf}.webm", codec="libvpx-vp9",
            options={"crf": str(crf), "b:v": "0", "deadline": "realtime", "cpu-used": "8"},
        )
        for crf in (10, 50)
    ]  # fmt: skip
    assert found[0] < 25 < found[1]


@pytest.mark.parametrize("scale", [2, 8])
def test_motion_jpeg_tells_its_table(tmp_path: Path, scale: int) -> None:
    options = {"qmin": str(scale), "qmax": str(scale), "huffman": "default"}
    film = write_clip(
        tmp_path / "film.avi", frames=4, size=Size(96, 64), b_frames=0,
        codec="mjpeg", pix_fmt="yuvj420p", options=options,
    )  # fmt: skip
    with av.open(str(film)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    found = list(quantisers_of("mjpeg", packets, [], 8))
    assert found == pytest.approx([quantiser_of_jpeg(BytesIO(bytes(packets[0])))] * 4)
    assert sample_film(probe(film)).quantiser == pytest.approx(found[0])
    assert found[0] == pytest.approx({2: 16, 8: 28}[scale], abs=3)


def test_lossless_film_tells_nothing(tmp_path: Path) -> None:
    assert quantiser(tmp_path / "film.mkv", codec="ffv1", options={}) is None
