"""``vsr upscale photo.png out.png``, and pictures among the films of a folder."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.clips import write_clip
from vsr.cli import run
from vsr.jobs.progress import Progress
from vsr.jobs.workers.upscale import upscale
from vsr.specs import UpscaleSpec
from vsr.values import OutputSize

RNG = np.random.default_rng(5)
QUICK = ["--model", "bicubic", "--scale", "2"]


def vsr(*arguments: object) -> int:
    return run([str(argument) for argument in arguments])


def photo(path: Path, mode: str = "RGB", size: tuple[int, int] = (33, 21)) -> Path:
    columns, rows = size
    small = RNG.integers(0, 256, (3, 4, len(mode)), dtype=np.uint8)
    image = Image.fromarray(small[..., 0] if mode == "L" else small)
    image.resize((columns, rows), Image.Resampling.BICUBIC).save(path)
    return path


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_a_picture_is_enlarged_as_it_is(tmp_path: Path, mode: str):
    source = photo(tmp_path / "in.png", mode)
    assert vsr("upscale", source, tmp_path / "out.png", *QUICK, "-q") == 0
    with Image.open(source) as before, Image.open(tmp_path / "out.png") as after:
        assert after.mode == mode
        assert after.size == (66, 42)  # odd sides stay what they are times two
        back = np.asarray(after.resize(before.size, Image.Resampling.BOX)).astype(int)
        assert np.abs(back - np.asarray(before)).mean() < 4


def test_a_dry_run_of_a_picture_says_what_would_be_made_of_it(tmp_path: Path, capsys):
    source, target = photo(tmp_path / "in.png", "RGBA"), tmp_path / "out.jpg"
    for command in (["upscale", source, target, "--dry-run"], ["probe", source, target]):
        assert vsr(*command, *QUICK) == 0
        shown = capsys.readouterr().out
        assert "33×21, 8 bit, transparent" in shown
        assert " 66×42" in shown
        assert ".jpg cannot store alpha, which is lost" in shown
    assert not target.exists()
    target.touch()
    assert vsr("upscale", source, target, "--dry-run", *QUICK) == 2
    assert vsr("upscale", source, target, "--dry-run", "-n", *QUICK) == 0
    shown = " ".join(capsys.readouterr().out.split())  # a long row goes on in the next line
    assert "already exists, and is kept" in shown


def test_a_dry_run_of_a_picture_says_what_the_run_says(tmp_path: Path, capsys):
    source, target = photo(tmp_path / "in.png"), tmp_path / "out.png"
    words = [source, target, "--scale", 1, "--model", "fast"]
    assert vsr("upscale", *words) == 0
    said = capsys.readouterr().err
    for command in (["upscale", *words, "-y", "--dry-run"], ["probe", *words]):
        assert vsr(*command, "--json") == 0
        (note,) = json.loads(capsys.readouterr().out)["upscale"]["notes"]
        assert note.startswith("the network enlarges ×4")
        assert note in said
        assert vsr(*command) == 0
        assert note in " ".join(capsys.readouterr().out.split())


def test_what_chose_the_network_of_a_picture_is_told_in_words(tmp_path: Path, capsys):
    source = tmp_path / "in.jpg"
    photo(tmp_path / "in.png").replace(source)
    with Image.open(source) as image:
        image.convert("RGB").save(source, quality=20)
    words = ["probe", source, "--scale", 2, "--model", "fast"]
    assert vsr(*words) == 0
    assert "blockiness" not in capsys.readouterr().out
    assert vsr(*words, "-v") == 0
    assert "blockiness" in capsys.readouterr().out


@pytest.mark.parametrize(
    "options",
    [
        ["--codec", "bogus"],
        ["--format", "mp4"],
        ["-e", "tune=film"],
        ["--pix-fmt", "yuv420p10le"],
        ["--crf", "20"],
        ["--encoder-preset", "slow"],
        ["--start", "5"],
        ["--audio", "copy"],
        ["--deinterlace", "bob"],
        ["--grain", "keep"],
        ["--restart"],
        ["--keep-work"],
        ["--work-dir", "."],
        ["--segment-frames", "9"],
    ],
    ids=lambda options: options[0],
)
def test_what_only_a_film_has_is_refused_for_a_picture(tmp_path: Path, capsys, options: list[str]):
    source, target = photo(tmp_path / "in.png"), tmp_path / "out.png"
    for more in ([], ["--dry-run"]):
        assert vsr("upscale", source, target, *QUICK, *options, *more) == 2
        said = capsys.readouterr().err
        assert "in.png: is an image. Omit what only videos have: --" in said
    assert not target.exists()


def test_a_batch_says_once_what_it_ignores_for_pictures(tmp_path: Path, capsys):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    write_clip(folder / "a.mp4", frames=2)
    photo(folder / "b.png")
    photo(folder / "c.png")
    command = ["batch", folder, out, *QUICK, "--crf", "20", "--encoder-preset", "ultrafast"]
    command += ["--segment-frames", "9"]
    assert vsr(*command, "--dry-run") == 0
    assert (
        "Ignored for 2 images: --crf, --encoder-preset, --segment-frames."
        in capsys.readouterr().out
    )
    assert vsr(*command) == 0
    told = capsys.readouterr()
    assert (told.out + told.err).count("Ignored for 2 images: --crf") == 1
    assert sorted(path.name for path in out.glob("[a-c]*")) == ["a.mp4", "b.png", "c.png"]


def test_what_a_preset_says_of_films_is_no_fault_of_a_picture(tmp_path: Path):
    source = photo(tmp_path / "in.png")
    assert vsr("upscale", source, tmp_path / "out.png", "-m", "bicubic", "--look", "tape") == 0


def test_a_network_enlarges_a_picture_into_a_box(tmp_path: Path):
    source = photo(tmp_path / "in.jpg", size=(48, 32))
    assert vsr("upscale", source, tmp_path / "out.webp", "--width", 180, "-q") == 0
    with Image.open(tmp_path / "out.webp") as after:
        assert after.size == (180, 120)


def test_the_progress_counts_the_time_of_the_work(tmp_path: Path):
    seen: list[Progress] = []
    spec = UpscaleSpec(size=OutputSize(scale=2), steps=("upscale", "fit"), model="bicubic")
    result = upscale(photo(tmp_path / "a.png"), tmp_path / "b.png", spec, on_progress=seen.append)
    assert [progress.frames for progress in seen] == [1]
    assert seen[0].elapsed_seconds > result.elapsed_seconds / 2


def test_what_a_format_cannot_hold_is_a_loss(tmp_path: Path, capsys):
    source = photo(tmp_path / "in.png", "RGBA")
    assert vsr("upscale", source, tmp_path / "out.jpg", *QUICK) == 3
    assert "cannot store alpha" in capsys.readouterr().out


def test_a_picture_of_inks_is_said_to_be_converted(tmp_path: Path, capsys):
    Image.new("CMYK", (8, 8), (255, 0, 0, 0)).save(tmp_path / "in.jpg")
    assert vsr("upscale", tmp_path / "in.jpg", tmp_path / "out.png", *QUICK) == 0
    said = "CMYK is converted to R'G'B', not by a colour profile."
    assert said in capsys.readouterr().err
    assert vsr("upscale", tmp_path / "in.jpg", tmp_path / "no.png", *QUICK, "--strict") == 2
    assert said in capsys.readouterr().err


def test_alpha_that_hides_nothing_is_no_loss_of_content(tmp_path: Path, capsys):
    Image.new("RGBA", (33, 21), (9, 8, 7, 255)).save(tmp_path / "in.png")
    assert vsr("upscale", tmp_path / "in.png", tmp_path / "out.jpg", *QUICK) == 0
    assert ".jpg cannot store alpha; it is opaque everywhere." in capsys.readouterr().err


@pytest.mark.parametrize("more", [[], ["--dry-run"]], ids=["run", "dry-run"])
def test_strict_refuses_what_a_format_cannot_hold(tmp_path: Path, capsys, more: list[str]):
    source, target = photo(tmp_path / "in.png", "RGBA"), tmp_path / "out.jpg"
    assert vsr("upscale", source, target, *QUICK, "--strict", *more) == 2
    assert ".jpg cannot store alpha, which is lost" in capsys.readouterr().err
    assert not target.exists()
    folder = tmp_path / "deep"
    folder.mkdir()
    Image.fromarray(RNG.integers(0, 65536, (8, 8), dtype=np.uint16)).save(folder / "gray.tif")
    photo(folder / "plain.tif")
    assert vsr("batch", folder, tmp_path / "out", *QUICK, "--strict", "--json", *more) == 3
    states = [json.loads(line).get("state") for line in capsys.readouterr().out.splitlines()]
    assert states.count("failed") == 1


@pytest.mark.parametrize(
    ("target", "message"), [("out.mp4", "Name it with one of"), ("in.png", "the input file")]
)
def test_a_target_that_cannot_be_is_refused(tmp_path: Path, capsys, target: str, message: str):
    source = photo(tmp_path / "in.png")
    assert vsr("upscale", source, tmp_path / target, *QUICK, "-y") == 2
    assert message in capsys.readouterr().err


def test_an_existing_picture_is_refused_or_kept(tmp_path: Path):
    source = photo(tmp_path / "in.png")
    (tmp_path / "out.png").write_bytes(b"mine")
    assert vsr("upscale", source, tmp_path / "out.png", *QUICK) == 2
    assert vsr("upscale", source, tmp_path / "out.png", *QUICK, "-n") == 0
    assert (tmp_path / "out.png").read_bytes() == b"mine"


def test_a_folder_of_films_and_pictures(tmp_path: Path, capsys):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    photo(folder / "a.png")
    photo(folder / "b.jpeg")
    (folder / "bad.png").write_bytes(b"no picture")
    write_clip(folder / "c.mp4", frames=3)
    assert vsr("batch", folder, out, *QUICK, "--json", "--name", "{stem}_{scale}x") == 3
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events[-1] == {"event": "done", "done": 3, "skipped": 0, "failed": 1}
    made = {path.name for path in out.iterdir() if not path.name.startswith(".")}
    assert made == {"a_2x.png", "b_2x.jpeg", "c_2x.mp4", "vsr-report.json"}
    report = json.loads((out / "vsr-report.json").read_text())
    assert {entry["state"] for entry in report["files"]} == {"done", "failed"}
    assert report["done"] == 3
    assert (
        vsr("batch", folder, out, *QUICK, "--name", "{stem}_{scale}x", "--include", "*.jpeg") == 0
    )
    assert "0 done, 1 skipped, 0 failed" in capsys.readouterr().out


@pytest.mark.parametrize("first", [0, 3])
def test_the_halved_colours_of_a_jpeg_end_where_things_end(tmp_path: Path, first: int):
    """The same pixels in a PNG do not tell that their colours were halved."""
    down, right = np.mgrid[:192, :256] / 4
    bright = ((right + down / 4) // 3 % 2)[..., None]
    truth = (bright * [230, 210, 150] + (1 - bright) * [60, 25, 60]).astype(np.uint8)
    small = Image.fromarray(truth).reduce(4)
    small.save(tmp_path / "in.jpg", quality=90, subsampling="4:2:0")
    Image.open(tmp_path / "in.jpg").save(tmp_path / "in.png")
    options = ["-y", "--scale", "4", "--strength", "0", "--sharpness", "0"]
    options += ["--crop", f"56:40:{first}:{first}"]
    kept = truth[4 * first : 4 * (first + 40), 4 * first : 4 * (first + 56)]
    wanted = Image.fromarray(kept).convert("YCbCr")
    errors = []
    for name in ("in.jpg", "in.png"):
        assert vsr("upscale", tmp_path / name, tmp_path / "out.png", *options) == 0
        made = Image.open(tmp_path / "out.png").convert("YCbCr")
        apart = np.asarray(made, float)[..., 1:] - np.asarray(wanted, float)[..., 1:]
        errors.append(np.square(apart).mean())
    assert errors[0] < 0.8 * errors[1], errors
