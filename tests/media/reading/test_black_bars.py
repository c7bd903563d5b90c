"""Frames are cut where that is asked for; black bars only where they are from end to end."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.cli.command import vsr
from tests.clips import Audio, indices_in, times_in, write_clip
from vsr.errors import InvalidOption
from vsr.media.images.images import image_size
from vsr.media.reading.black_bars import crop_note, cropped
from vsr.media.reading.probe import probe
from vsr.media.reading.reader import Reader
from vsr.values import Size

QUICK = ["--model", "bicubic", "-s", 2, "--encoder-preset", "ultrafast"]


def letterboxed(
    path: Path, bars: tuple[int, int, int, int], frames: int = 60, wide: range = range(0)
) -> Path:
    """Write noise between bars (top, bottom, left, right); ``wide`` frames are full of it."""

    rng = np.random.default_rng(5)
    top, bottom, left, right = bars
    with av.open(str(path), "w") as output:
        codec = "libx264" if path.suffix == ".mp4" else "ffv1"
        stream = output.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.options = {"preset": "ultrafast", "g": "25"} if codec == "libx264" else {}
        for index in range(frames):
            luma = np.full((96, 128), 16, np.uint8)
            noise = rng.integers(40, 200, (96, 128)).astype(np.uint8)
            inner = slice(top, 96 - bottom), slice(left, 128 - right)
            if index in wide:
                inner = slice(None), slice(None)
            luma[inner] = noise[inner]
            frame = av.VideoFrame(128, 96, "yuv420p")
            for plane, values in zip(frame.planes, (luma, *[np.full((48, 64), 128, np.uint8)] * 2)):
                rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, -1)
                rows[:, : plane.width] = values
            frame.pts, frame.time_base = index, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("bars", "found"),
    [
        ((12, 12, 0, 0), "128:72:0:12"),
        ((0, 0, 16, 20), "92:96:16:0"),
        ((13, 11, 0, 0), "128:74:0:12"),
        ((2, 3, 0, 0), "128:96:0:0"),
        ((0, 0, 0, 0), "128:96:0:0"),
    ],
)
def test_bars_are_found(tmp_path: Path, bars: tuple[int, int, int, int], found: str) -> None:
    info = cropped(probe(letterboxed(tmp_path / "in.mkv", bars)), "auto")
    assert str(info.video.crop) == found


def test_a_wide_scene_anywhere_keeps_everything(tmp_path: Path) -> None:
    info = probe(letterboxed(tmp_path / "in.mkv", (12, 12, 0, 0), frames=150, wide=range(70, 110)))
    assert cropped(info, "auto").video.size == Size(128, 96)


def test_a_black_film_is_not_cut(tmp_path: Path) -> None:
    info = cropped(probe(letterboxed(tmp_path / "in.mkv", (48, 48, 0, 0))), "auto")
    assert info.video.size == Size(128, 96)
    assert crop_note(info.video) == "no black bars were found: nothing is cut."


def test_the_part_is_exact_in_every_plane(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "in.mkv", frames=3, codec="ffv1", options={}, b_frames=0)
    whole, part = probe(clip), cropped(probe(clip), "32:20:16:8")
    with Reader.open(clip, whole) as all_of_it, Reader.open(clip, part) as some:
        for frame, cut in zip(all_of_it.frames(), some.frames(), strict=True):
            np.testing.assert_array_equal(cut.planes[0], frame.planes[0][8:28, 16:48])
            for index in (1, 2):
                np.testing.assert_array_equal(cut.planes[index], frame.planes[index][4:14, 8:24])


def test_a_cut_film_keeps_all_else_and_says_so(tmp_path: Path, capsys) -> None:
    source = letterboxed(tmp_path / "in.mp4", (12, 12, 0, 0))
    command = ["upscale", source, tmp_path / "out.mp4", *QUICK, "--crop", "auto"]
    assert vsr(*command, "--segment-frames", 25) == 0
    assert probe(tmp_path / "out.mp4").video.size == Size(256, 144)
    assert times_in(tmp_path / "out.mp4") == times_in(source)
    said = "each frame is cut to 128×72 of 128×96 (--crop 128:72:0:12)."
    assert said in capsys.readouterr().err


def test_what_is_in_the_part_is_what_was_there(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "in.mp4", frames=5, audio=[Audio()])
    assert vsr("upscale", clip, tmp_path / "out.mp4", *QUICK, "--crop", "96:64:0:0") == 0
    assert indices_in(tmp_path / "out.mp4") == list(range(5))


@pytest.mark.parametrize(
    ("crop", "words"),
    [
        ("96:64:2:0", "is not inside its frames of 96×64"),
        (
            "32:32:1:0",
            "X must be a multiple of 2 and Y of 2, as its chroma is 4:2:0. Choose 32:32:0:0",
        ),
        ("here", "crop here: write W:H:X:Y"),
        ("0:4:0:0", "at least 1"),
    ],
)
def test_a_part_that_is_none_is_refused(tmp_path: Path, crop: str, words: str, capsys) -> None:
    clip = write_clip(tmp_path / "in.mp4", frames=3)
    assert vsr("upscale", clip, tmp_path / "out.mp4", *QUICK, "--crop", crop) == 2
    assert words in capsys.readouterr().err
    with pytest.raises(InvalidOption):
        cropped(probe(clip), crop)


def test_an_image_is_cut_too(tmp_path: Path, capsys) -> None:
    Image.new("RGB", (40, 30), (9, 90, 200)).save(tmp_path / "in.png")
    done = ["upscale", tmp_path / "in.png", tmp_path / "out.png", "-m", "bicubic", "-s", 2]
    assert vsr(*done, "--crop", "11:7:3:5") == 0
    assert image_size(tmp_path / "out.png") == Size(22, 14)
    assert vsr(*done, "-y", "--crop", "auto") == 2
    assert "--crop auto is for videos" in capsys.readouterr().err
