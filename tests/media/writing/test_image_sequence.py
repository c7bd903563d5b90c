"""A film as numbered images: every frame one, exact to a code, and resumable like a film."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.cli.command import vsr
from tests.clips import Audio, index_of, write_clip
from vsr.colour import Colour, Range
from vsr.frames import HostFrame, Layout
from vsr.media.encoding.encoding import image_frame
from vsr.media.images.images import image_size
from vsr.values import Size

QUICK = ["--model", "bicubic", "-s", 2]


def shown(path: Path) -> int:
    """Return the index that the bar code of an image says."""
    with Image.open(path) as image:
        return index_of(np.asarray(image.convert("L")))


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_film_becomes_numbered_images(tmp_path: Path, capsys) -> None:
    clip = write_clip(tmp_path / "in.mp4", frames=20)
    target = tmp_path / "out" / "%03d.png"
    assert vsr("upscale", clip, target, *QUICK, "--segment-frames", 8) == 0
    assert names_in(tmp_path / "out") == [f"{number:03d}.png" for number in range(1, 21)]
    images = sorted((tmp_path / "out").iterdir())
    assert [shown(path) for path in images] == list(range(20))
    assert image_size(images[0]) == Size(192, 128)
    assert "images hold no times: the frame rate is 25 a second." in capsys.readouterr().err


def test_images_come_back_as_the_same_film(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "in.mp4", frames=5)
    assert vsr("upscale", clip, tmp_path / "a/%d.png", *QUICK) == 0
    assert vsr("upscale", tmp_path / "a/%d.png", tmp_path / "b/f%04d.png", *QUICK) == 0
    assert names_in(tmp_path / "b") == [f"f{number:04d}.png" for number in range(1, 6)]
    assert [shown(path) for path in sorted((tmp_path / "b").iterdir())] == list(range(5))


@pytest.mark.parametrize("pix_fmt", ["yuv420p10le", "gray", "gray10le"])
def test_depth_is_kept(tmp_path: Path, pix_fmt: str) -> None:
    clip = write_clip(
        tmp_path / "in.mkv", frames=2, pix_fmt=pix_fmt, codec="ffv1", options={}, b_frames=0
    )
    assert vsr("upscale", clip, tmp_path / "o/%d.png", *QUICK) == 0
    with av.open(str(tmp_path / "o/1.png")) as image:
        found = image.streams.video[0].codec_context.pix_fmt
    assert found == {"yuv420p10le": "rgb48be", "gray": "gray", "gray10le": "gray16be"}[pix_fmt]


def test_colour_tags_are_written(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "in.mp4", frames=2, primaries=9, transfer=16, matrix=9)
    assert vsr("upscale", clip, tmp_path / "o/%d.png", *QUICK) == 0
    data = (tmp_path / "o/1.png").read_bytes()
    place = data.index(b"cICP")
    assert tuple(data[place + 4 : place + 8]) == (9, 16, 0, 1)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("color_range", [Range.LIMITED, Range.FULL])
def test_codes_are_those_of_swscale(tmp_path: Path, bits: int, color_range: Range) -> None:
    """Our matrix in float against FFmpeg's accurate path: two implementations."""
    rng = np.random.default_rng(3)
    rows = [rng.integers(100, 160, (8, 16)) for _ in range(3)]
    planes = tuple((row << 8).astype(np.uint16) for row in rows)
    colour = Colour(matrix=1, range=color_range)
    frame = HostFrame(planes=planes, pts=0, layout=Layout(16, 0, 0), colour=colour)
    got = image_frame(frame, "rgb24" if bits == 8 else "rgb48be", colour)
    eight = av.VideoFrame(16, 8, "yuv444p")
    for plane, row in zip(eight.planes, rows, strict=True):
        whole = np.frombuffer(memoryview(plane), np.uint8).reshape(8, -1)
        whole[:, :16] = row
    eight.colorspace, eight.color_range = 1, int(color_range)
    wanted = eight.reformat(format="gbrp", src_colorspace=1, src_color_range=int(color_range))
    codes = wanted.to_ndarray().astype(float)
    mine = got.to_ndarray().astype(float) / (1 if bits == 8 else 257)
    assert np.abs(mine - codes).max() <= 1.5


def test_existing_images_are_refused_kept_or_replaced(tmp_path: Path, capsys) -> None:
    long, short = (write_clip(tmp_path / f"{n}.mp4", frames=n) for n in (4, 2))
    target = tmp_path / "o/%d.png"
    assert vsr("upscale", long, target, *QUICK) == 0
    assert vsr("upscale", short, target, *QUICK) == 2
    assert "4 such images already exist. Add -y" in capsys.readouterr().err
    assert vsr("upscale", short, target, *QUICK, "-n") == 0
    assert len(names_in(tmp_path / "o")) == 4
    assert vsr("upscale", short, target, *QUICK, "-y") == 0
    assert names_in(tmp_path / "o") == ["1.png", "2.png"]


def test_sound_is_lost_and_said_unless_it_is_declined(tmp_path: Path, capsys) -> None:
    clip = write_clip(tmp_path / "in.mp4", frames=3, audio=[Audio()])
    assert vsr("upscale", clip, tmp_path / "o/%d.png", *QUICK) == 3
    assert "dropped: images hold only the frames" in capsys.readouterr().err
    assert vsr("upscale", clip, tmp_path / "p/%d.png", *QUICK, "--no-audio") == 0


def test_other_suffixes_are_refused(tmp_path: Path, capsys) -> None:
    clip = write_clip(tmp_path / "in.mp4", frames=3)
    assert vsr("upscale", clip, tmp_path / "o/%d.jpg", *QUICK) == 2
    assert "image sequences are written as .png alone" in capsys.readouterr().err
    assert vsr("upscale", clip, tmp_path / "o/%d.png", *QUICK, "--codec", "h264") == 2
    assert not (tmp_path / "o").exists()


def test_an_interrupted_run_goes_on(tmp_path: Path, capsys) -> None:
    clip = write_clip(tmp_path / "in.mp4", frames=20)
    target = tmp_path / "out" / "%03d.png"
    command = ["upscale", clip, target, *QUICK, "--segment-frames", 8]
    assert vsr(*command, "--keep-work") == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.png")}
    for path in (tmp_path / "out").glob("*.png"):
        path.unlink()
    assert vsr(*command) == 0
    assert "segments are already finished" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
