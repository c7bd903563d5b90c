"""Numbered images are a film: every image one frame, in order, at an exact rate."""

import json
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.barcode import picture
from tests.cli.command import vsr
from tests.clips import indices_in, times_in, write_clip
from vsr.errors import NoSuchFile
from vsr.media.sequence import ImageSequence, find_images, is_sequence
from vsr.values import Size

QUICK = ["--model", "bicubic", "-s", 2, "--encoder-preset", "ultrafast"]


def write_images(folder: Path, numbers: Iterable[int], name: str = "{:05d}.png") -> Path:
    """Write an image for each number, which shows its place in the sequence."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, number in enumerate(numbers):
        luma = picture(index, Size(96, 64))[0]
        spread = np.clip((luma.astype(int) - 16) * 255 // 219, 0, 255).astype(np.uint8)
        Image.fromarray(spread).convert("RGB").save(folder / name.format(number))
    return folder


@pytest.mark.parametrize("place", ["frames/%05d.png", "frames", "frames/0*.png"])
def test_images_become_a_film_at_their_rate(tmp_path: Path, place: str, capsys) -> None:
    write_images(tmp_path / "frames", range(8, 32))
    target = tmp_path / "out.mp4"
    assert vsr("upscale", tmp_path / place, target, *QUICK, "--fps", "23.976") == 0
    assert indices_in(target) == list(range(24))
    assert times_in(target) == [index * Fraction(1001, 24000) for index in range(24)]
    assert "24 images, 00008.png to 00031.png" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["frames", "out.mp4"]


def test_gaps_in_the_numbers_are_said(tmp_path: Path, capsys) -> None:
    write_images(tmp_path / "frames", [1, 2, 5, 6, 8], "shot {}.png")
    assert vsr("upscale", tmp_path / "frames/shot %d.png", tmp_path / "out.mkv", *QUICK) == 0
    said = capsys.readouterr().err
    assert "5 images, shot 1.png to shot 8.png; numbers 3 to 4, 7 are missing and skipped" in said
    assert "25 frames per second, as --fps is not given" in said
    assert indices_in(tmp_path / "out.mkv") == list(range(5))


def test_several_named_images_and_a_video_are_a_sequence_too(tmp_path: Path) -> None:
    write_images(tmp_path / "frames", range(9, 12), "{}.png")
    images = sorted((tmp_path / "frames").iterdir())  # 10, 11, 9: as a shell expands *
    assert vsr("upscale", *images, tmp_path / "out.mp4", *QUICK) == 0
    assert indices_in(tmp_path / "out.mp4") == [0, 1, 2]


def test_images_of_sixteen_bits_give_a_deep_film(tmp_path: Path, capsys) -> None:
    (tmp_path / "f").mkdir()
    for index in range(3):
        frame = av.VideoFrame(96, 64, "rgb48be")
        with av.open(str(tmp_path / f"f/{index}.png"), "w", format="image2") as output:
            stream = output.add_stream("png", rate=25)
            stream.width, stream.height, stream.pix_fmt = 96, 64, "rgb48be"
            for packet in (*stream.encode(frame), *stream.encode(None)):
                output.mux(packet)
    assert vsr("upscale", tmp_path / "f", tmp_path / "out.mkv", *QUICK) == 3
    assert "loss: libx265 writes 12 bits instead of 16" in capsys.readouterr().out
    with av.open(str(tmp_path / "out.mkv")) as film:
        assert film.streams.video[0].codec_context.pix_fmt == "yuv420p12le"
    asked = ["--pix-fmt", "yuv420p12le"]
    assert vsr("upscale", tmp_path / "f", tmp_path / "asked.mkv", *QUICK, *asked) == 0


def test_a_run_resumes_only_with_the_same_images(tmp_path: Path, capsys) -> None:
    frames = write_images(tmp_path / "frames", range(20))
    command = ["upscale", frames, tmp_path / "out.mp4", *QUICK, "--segment-frames", 8]
    assert vsr(*command, "--keep-work") == 0
    (tmp_path / "out.mp4").unlink()
    assert vsr(*command) == 0
    assert "2 of 2 segments are already finished" in capsys.readouterr().err
    assert vsr(*command, "--keep-work", "-y") == 0
    Image.new("RGB", (96, 64)).save(frames / "00003.png")
    assert vsr(*command, "-y") == 2
    assert "its source has changed since an earlier run left" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("frames/%05d.png", "no image has such a name"),
        ("empty", "names a video"),
        ("frames/*.png", "no "),
    ],
)
def test_no_images_are_refused_in_one_line(tmp_path: Path, place: str, words: str, capsys) -> None:
    (tmp_path / "empty").mkdir()
    assert vsr("upscale", tmp_path / place, tmp_path / "out.mp4", *QUICK) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out.mp4").exists()


def test_a_film_keeps_its_own_rate(tmp_path: Path, capsys) -> None:
    clip = write_clip(tmp_path / "in.mp4", frames=3)
    assert vsr("upscale", clip, tmp_path / "out.mp4", *QUICK, "--fps", 30) == 2
    assert "vsr keeps the frame rate and every timestamp of the source" in capsys.readouterr().err


def test_a_name_with_a_percent_sign_that_exists_is_that_file(tmp_path: Path) -> None:
    write_images(tmp_path, [1], "50%d.png")
    assert not is_sequence(tmp_path / "50%d.png")
    with pytest.raises(NoSuchFile):
        find_images(tmp_path / "60%d.png")


def test_a_damaged_image_is_a_loss_and_a_broken_start_is_refused(tmp_path: Path, capsys) -> None:
    frames = write_images(tmp_path / "frames", range(6))
    (frames / "00003.png").write_bytes((frames / "00003.png").read_bytes()[:60])
    assert vsr("upscale", frames, tmp_path / "out.mp4", *QUICK) == 3
    assert indices_in(tmp_path / "out.mp4") == [0, 1, 2, 4, 5]
    capsys.readouterr()
    (frames / "00000.png").write_bytes(b"")
    assert vsr("upscale", frames, tmp_path / "no.mp4", *QUICK) == 2
    (*_, said) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"vsr: {frames / '00000.png'}: the file is empty.")
    assert not (tmp_path / "no.mp4").exists()


def test_a_sequence_can_be_looked_at(tmp_path: Path, capsys) -> None:
    write_images(tmp_path / "frames", range(6))
    assert vsr("probe", tmp_path / "frames/%05d.png") == 0
    assert "96×64" in capsys.readouterr().out


@pytest.mark.parametrize("place", ["frames/%05d.png", "frames", "frames/0*.png"])
def test_what_an_upscale_would_do_with_a_sequence_is_told_under_its_name(
    tmp_path: Path, monkeypatch, capsys, place: str
) -> None:
    monkeypatch.setenv("COLUMNS", "500")
    write_images(tmp_path / "frames", range(6))
    target = tmp_path / "out.mp4"
    words = [tmp_path / place, target, "--fps", "12", *QUICK]
    name = str(tmp_path / ("frames" if "*" in place else place))
    for command in (["upscale", *words, "--dry-run"], ["probe", *words]):
        assert vsr(*command) == 0
        shown = capsys.readouterr().out
        assert shown.startswith(f"file       {name}\nvideo      96×64, png, 12 frames a second")
        assert f"output     {target}: 192×128" in shown
        assert vsr(*command, "--json") == 0
        assert json.loads(capsys.readouterr().out)["format"]["filename"] == name
    assert not target.exists()


def test_workers_on_other_hosts_cannot_read_a_sequence(tmp_path: Path, capsys) -> None:
    write_images(tmp_path / "frames", range(3))
    target = tmp_path / "out.mp4"
    assert vsr("upscale", tmp_path / "frames", target, *QUICK, "--engine", "ray") == 2
    assert "which other hosts do not see. Omit --engine ray." in capsys.readouterr().err
    assert not target.exists()


def test_one_missing_image_is_spoken_of_as_one() -> None:
    images = ImageSequence("in", (Path("1.png"), Path("3.png")), ((2, 2),))
    assert str(images) == "in: 2 images, 1.png to 3.png; number 2 is missing and skipped"
    assert str(ImageSequence("in", (Path("1.png"),))) == "in: one image, 1.png"


@pytest.mark.parametrize("command", ["upscale", "preview"])
def test_a_picture_among_films_is_no_sequence(tmp_path: Path, capsys, command: str) -> None:
    """Such as the sheet of a preview."""
    write_images(tmp_path / "films", [1])
    write_clip(tmp_path / "films" / "a.mp4", frames=2)
    target = {"upscale": ["out.mp4"], "preview": []}[command]
    assert vsr(command, tmp_path / "films", *target, *QUICK) == 2
    answers = {"upscale": "out.mp4: names a video, but", "preview": "a preview shows one video"}
    assert answers[command] in capsys.readouterr().err
