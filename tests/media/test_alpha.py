"""Transparency goes through: out of every format that has it, into every one that holds it."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.cli.command import vsr
from tests.clips import times_in
from vsr.media.reading.probe import probe

QUICK = ["--model", "bicubic", "-s", 2]
SIZE = 64, 96


def shape_of(index: int) -> NDArray[np.uint8]:
    """Return alpha of a square that moves: 255 in it, 128 on its rim, 0 around it."""
    alpha = np.zeros(SIZE, np.uint8)
    left = 8 + 4 * index
    alpha[12:52, left : left + 40] = 128
    alpha[16:48, left + 4 : left + 36] = 255
    return alpha


def write_transparent(
    path: Path, codec: str, pix_fmt: str, frames: int = 6, **options: str
) -> Path:
    """Write a red square on nothing; what lies under nothing is green."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=25)
        stream.height, stream.width = SIZE
        stream.pix_fmt, stream.options = pix_fmt, options
        if codec.startswith("libvpx"):
            stream.metadata["alpha_mode"] = "1"
        for index in range(frames):
            alpha = shape_of(index)
            rgba = np.zeros((*SIZE, 4), np.uint8)
            rgba[..., 0], rgba[..., 1] = 200 * (alpha > 0), 200 * (alpha == 0)
            rgba[..., 3] = alpha
            frame = av.VideoFrame.from_ndarray(rgba, format="rgba").reformat(format=pix_fmt)
            frame.pts, frame.time_base = index, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def alpha_in(path: Path) -> list[NDArray[Any]]:
    """Return alpha of each frame, 8 bits, by the decoder that sees it."""
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        name = {"vp9": "libvpx-vp9", "vp8": "libvpx"}.get(stream.codec_context.name)
        decoder = av.CodecContext.create(name, "r") if name else stream.codec_context
        frames = [frame for packet in film.demux(stream) for frame in decoder.decode(packet)]
    return [frame.to_ndarray(format="rgba")[..., 3] for frame in frames]


SOURCES = [
    ("prores_ks", "yuva444p10le", "mov", {"profile": "4444"}),
    ("ffv1", "yuva420p", "mkv", {}),
    ("libvpx-vp9", "yuva420p", "webm", {"crf": "10", "b": "0"}),
    ("libvpx", "yuva420p", "webm", {"crf": "4", "b": "2M", "auto-alt-ref": "0"}),
    ("qtrle", "argb", "mov", {}),
    ("png", "rgba", "mov", {}),
]


@pytest.mark.parametrize(("codec", "pix_fmt", "suffix", "options"), SOURCES)
def test_alpha_of_every_source_is_seen(
    tmp_path: Path, codec: str, pix_fmt: str, suffix: str, options: dict[str, str]
) -> None:
    info = probe(write_transparent(tmp_path / f"in.{suffix}", codec, pix_fmt, **options))
    assert (info.video.has_alpha, info.video.is_transparent) == (True, True)
    assert info.video.unsupported == ()


@pytest.mark.parametrize(
    ("target", "codec"),
    [("out.mov", "prores"), ("out.mkv", "ffv1"), ("out.webm", "vp9"), ("o/%d.png", "png")],
)
@pytest.mark.parametrize("source", [SOURCES[4], SOURCES[2]])
def test_alpha_reaches_every_container_that_holds_it(
    tmp_path: Path, source: tuple[Any, ...], target: str, codec: str
) -> None:
    name, pix_fmt, suffix, options = source
    clip = write_transparent(tmp_path / f"in.{suffix}", name, pix_fmt, **options)
    out = tmp_path / target
    assert vsr("upscale", clip, out, *QUICK, "--segment-frames", 3) == 0
    if codec == "png":
        found = [alpha_in(path)[0] for path in sorted(out.parent.iterdir())]
    else:
        found = alpha_in(out)
        assert times_in(out) == times_in(clip)
        assert probe(out).video.codec == codec
    assert len(found) == 6
    for index, alpha in enumerate(found):
        left = 2 * (8 + 4 * index)
        assert alpha[64, left + 40] >= 250
        assert alpha[4, 4] <= 5
        assert 100 < alpha[64, left + 4] < 156


def test_no_hidden_colour_shines_through_at_the_edges(tmp_path: Path) -> None:
    """Under nothing lies green: where a pixel is visible at all, it must be red."""
    clip = write_transparent(tmp_path / "in.mov", "qtrle", "argb", frames=2)
    assert vsr("upscale", clip, tmp_path / "o/%d.png", *QUICK) == 0
    with av.open(str(tmp_path / "o/1.png")) as image:
        rgba = next(image.decode(video=0)).to_ndarray(format="rgba")
    visible = rgba[..., 3] > 8
    assert rgba[visible][:, 1].max() < 40
    assert rgba[visible][:, 0].min() > 160


def test_what_cannot_hold_alpha_says_so(tmp_path: Path, capsys) -> None:
    clip = write_transparent(tmp_path / "in.mov", "qtrle", "argb")
    assert vsr("upscale", clip, tmp_path / "out.mp4", *QUICK) == 3
    said = capsys.readouterr()
    assert "transparency is lost with h264 in mp4. Choose .mov" in said.err
    assert "loss: transparency is lost with h264 in mp4." in said.out
    assert vsr("upscale", clip, tmp_path / "no.mp4", *QUICK, "--strict") == 2


def test_an_opaque_channel_does_not_change_the_codec(tmp_path: Path, capsys) -> None:
    clip = tmp_path / "in.mov"
    with av.open(str(clip), "w") as output:
        stream = output.add_stream("qtrle", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "argb"
        frame = av.VideoFrame.from_ndarray(np.full((64, 96, 4), 255, np.uint8), format="rgba")
        output.mux(stream.encode(frame.reformat(format="argb")))
        output.mux(stream.encode(None))
    assert vsr("upscale", clip, tmp_path / "out.mkv", *QUICK) == 0
    assert probe(tmp_path / "out.mkv").video.codec == "h264"
    assert "alpha, opaque in the first frames, is lost" in capsys.readouterr().err
    assert vsr("upscale", clip, tmp_path / "all.mkv", *QUICK, "--codec", "ffv1") == 0
    assert probe(tmp_path / "all.mkv").video.has_alpha


def test_a_rate_chooses_a_codec_that_has_one(tmp_path: Path, capsys) -> None:
    clip = write_transparent(tmp_path / "in.mov", "qtrle", "argb")
    assert vsr("upscale", clip, tmp_path / "out.mkv", *QUICK, "--crf", 20) == 0
    assert (probe(tmp_path / "out.mkv").video.codec, alpha_in(tmp_path / "out.mkv")[0][4, 4]) == (
        "vp9", 0,
    )  # fmt: skip
    assert vsr("upscale", clip, tmp_path / "out.mov", *QUICK, "--crf", 20) == 3
    assert "transparency is lost with h264 in mov" in capsys.readouterr().err
    assert vsr("upscale", clip, tmp_path / "out.mp4", *QUICK, "--codec", "vp9") == 3
    assert "transparency is lost with vp9 in mp4" in capsys.readouterr().err
