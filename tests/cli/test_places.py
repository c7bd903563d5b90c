"""Where inputs and results are, however the command is typed."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.command import QUICK, vsr
from tests.clips import indices_in, write_clip
from vsr.cli.root import with_command
from vsr.cli.shared.places import places


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with two short films in it."""
    folder = tmp_path / "here"
    folder.mkdir()
    write_clip(folder / "a.mp4", frames=2)
    write_clip(folder / "b.mkv", frames=2)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return folder


def made_in(folder: Path) -> list[str]:
    """Return the films in a folder other than the two sources."""
    paths = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in paths if name not in ("a.mp4", "b.mkv") and ".vsr-" not in name)


@pytest.mark.parametrize(
    ("typed", "made"),
    [
        (["a.mp4"], "a-x2.mp4"),
        (["a.mp4", "."], "a-x2.mp4"),
        (["a.mp4", "out.mkv"], "out.mkv"),
        (["a.mp4", "new/deep/out.mp4"], "new/deep/out.mp4"),
        (["a.mp4", "new/"], "new/a.mp4"),
        (["-i", "a.mp4", "-o", "out.mp4"], "out.mp4"),
        (["-i", "a.mp4", "out.mp4"], "out.mp4"),
        (["upscale", "-i", "a.mp4", "--output=new/"], "new/a.mp4"),
        (["upscale", "a.mp4", "--format", "mkv"], "a-x2.mkv"),
        (["a.m*"], "a-x2.mp4"),
        (["a.mp4", "~/out.mp4"], "../home/out.mp4"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_one_film_goes_where_it_is_meant_to(here: Path, typed: list[str], made: str):
    (here.parent / "home").mkdir()
    assert vsr(*typed, *QUICK, "-q") == 0
    assert indices_in(here / made) == [0, 1]
    assert len(made_in(here)) == (not made.startswith(".."))


@pytest.mark.parametrize(
    ("typed", "made"),
    [
        (["a.mp4", "b.mkv", "out/"], ["out/a.mp4", "out/b.mkv"]),
        (["*.m*", "-o", "new/out"], ["new/out/a.mp4", "new/out/b.mkv"]),
        (["*.m*"], ["a-x2.mp4", "b-x2.mkv"]),
        (["batch", "a.mp4", "b.mkv"], ["a-x2.mp4", "b-x2.mkv"]),
        (["batch", "a.mp4", "b.mkv", "."], ["a-x2.mp4", "b-x2.mkv"]),
        (["batch", ".", "../out"], []),
        (["a.mp4", "../more", "out/"], ["out/a.mp4", "out/more/c.mp4"]),
    ],
    ids=" ".join,
)
def test_several_films_are_a_batch(here: Path, typed: list[str], made: list[str]):
    more = here.parent / "more"
    more.mkdir()
    shutil.copy(here / "a.mp4", more / "c.mp4")
    assert vsr(*typed, *QUICK, "-q") == 0
    assert [name for name in made_in(here) if "report" not in name] == made
    assert vsr(*typed, *QUICK, "-q") == 0, "again: all of it is done, and no result is a source"
    assert [name for name in made_in(here) if "report" not in name] == made


@pytest.mark.parametrize("typed", [["shots"], ["shots/*.ppm"], ["shots/1.ppm", "shots/2.ppm"]])
def test_images_become_numbered_images(here: Path, typed: list[str]):
    (here / "shots").mkdir()
    for name in ("1.ppm", "2.ppm"):
        Image.new("RGB", (8, 8)).save(here / "shots" / name)
    assert vsr(*typed, "out/%03d.png", *QUICK[:4], "-q") == 0
    assert made_in(here / "out") == ["001.png", "002.png"]


def test_the_results_of_a_folder_are_put_beside_it(here: Path):
    assert vsr(here, *QUICK, "-q") == 0
    assert sorted(path.name for path in (here.parent / "here-x2").glob("*.m*")) == [
        "a.mp4",
        "b.mkv",
    ]


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        (
            ["none.mp4", "a.mp4"],
            "none.mp4: no such file, while a.mp4 exists. The input comes before the output: swap "
            "them, or check the path.",
        ),
        (["aa.mp4", "b.mkv"], "aa.mp4: no such file. Did you mean a.mp4?"),
        (["none.mp4"], "none.mp4: no such file. Check the path."),
        (["a.mp4", "a.mp4"], "a.mp4: the output is the input file. Choose another name."),
        (["no*.mp4"], "no*.mp4: no file matches. Check the pattern."),
        (
            ["a.mp4", "b.mkv", "out.mp4"],
            "out.mp4: names one video for 2 inputs. Name a folder.",
        ),
        (
            ["a.mp4", "b.mkv", "out/%03d.png"],
            "out/%03d.png: names one video for 2 inputs. Name a folder.",
        ),
        ([".", "%03d.png"], "%03d.png: names one video for a folder. Name a folder."),
        (
            ["https://example.org/a.mp4", "out.mp4"],
            "https://example.org/a.mp4: vsr reads files, not addresses. Download it first, or pipe "
            "it: curl -L ADDRESS | vsr upscale - out.mkv.",
        ),
        (["a.mp4", "4k"], "4k: a size, not a file name. Write --preset 4k."),
        (["a.mp4", "2x"], "2x: a size, not a file name. Write --scale 2x."),
        (["a.mp4", "1920x1080"], "1920x1080: a size, not a file name. Write --preset 1920x1080."),
        (["a.mp4", "b.mkv", "720p"], "720p: a size, not a file name. Write --preset 720p."),
        (["-o", "out.mp4", "a.mp4", "4k"], "4k: a size, not a file name. Write --preset 4k."),
        (["a.mp4", "--look", "4k"], "4k: is a size, not a look. Write --preset 4k."),
        (["a.mp4", "--preset", "tape"], "tape: is a look, not a size. Write --look tape."),
        (
            ["a.mp4", "out"],
            "out: no suffix to choose a container by; out/ is a folder. Choose one of .mp4, .mov, "
            ".mkv, .webm, .ts, .nut.",
        ),
        (["-"], "-: what comes from a pipe has no name. Name a file for its result."),
        (
            ["upscail"],
            "no command and no file 'upscail'. Did you mean 'upscale'? Try 'vsr --help'.",
        ),
        (
            ["upscale"],
            "Missing argument 'IN'. Name a video, an image or a folder. Try 'vsr upscale --help'.",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_not_there_is_said_of_the_input_first(here: Path, capsys, typed, answer: str):
    assert vsr(*typed) == 2
    assert capsys.readouterr().err == f"vsr: {answer}\n"
    assert made_in(here) == []


def test_a_folder_that_was_made_goes_again_with_what_is_refused(here: Path):
    assert vsr("a.mp4", "new/deep/out.mp4", *QUICK, "--codec", "prores") == 2
    assert vsr("a.mp4", "new/deep/out.mp4", *QUICK, "--dry-run") == 0
    assert not (here / "new").exists()


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        (["in.mp4"], ["upscale", "in.mp4"]),
        (["in.mp4", "train"], ["upscale", "in.mp4", "train"]),
        (["./train"], ["upscale", "./train"]),
        (["train"], ["train"]),
        (["-q", "in.mp4"], ["upscale", "-q", "in.mp4"]),
        (["-p", "4k", "in.mp4"], ["upscale", "-p", "4k", "in.mp4"]),
        (["-i", "in", "-o", "out"], ["upscale", "-i", "in", "-o", "out"]),
        (["-", "out.mkv"], ["upscale", "-", "out.mkv"]),
        ([], ["--help"]),
        (["help"], ["--help"]),
        (["help", "probe"], ["probe", "--help"]),
        (["help", "models", "add"], ["models", "add", "--help"]),
        (["probe", "help"], ["probe", "--help"]),
        (["in.mp4", "help"], ["upscale", "in.mp4", "help"]),
        (["--list-models"], ["upscale", "--list-models"]),
        (["--preset=4k"], ["upscale", "--preset=4k"]),
        (["version"], ["--version"]),
        (["-v"], ["--version"]),
        (["-v", "probe", "in.mp4"], ["probe", "-v", "in.mp4"]),
        (["probe", "-v", "in.mp4"], ["probe", "-v", "in.mp4"]),
        (["upscail"], ["upscail"]),
    ],
    ids=" ".join,
)
def test_a_word_that_is_a_command_is_one_and_a_file_is_upscaled(typed, command):
    assert with_command(typed) == command


def test_two_existing_files_are_an_input_and_an_output_and_three_are_inputs(here: Path):
    assert places(["a.mp4", "b.mkv"]).target == Path("b.mkv")
    assert places(["a.mp4", "b.mkv", "a.mp4"]).target is None
    assert places(["a.mp4", "b.mkv"], fewest=1).sources == (Path("a.mp4"), Path("b.mkv"))
    assert places(["a.mp4", "new"], fewest=1).target == Path("new")
    assert places([f"file://{here}/a.mp4"]).sources == (here / "a.mp4",)


def test_probe_of_two_files_shows_both(here: Path, capsys):
    """As ``vsr probe *`` names them; it took the second for the output."""
    assert vsr("probe", "a.mp4", "b.mkv") == 0
    told = capsys.readouterr().out
    assert "a.mp4, " in told
    assert "b.mkv, " in told
    assert "output" not in told
