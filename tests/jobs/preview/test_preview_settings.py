"""Several settings on one page: their commands, frames, sizes and remarks."""

import shlex
from pathlib import Path

import pytest

from tests.cli.command import vsr
from tests.clips import write_clip
from tests.flavoured import natural
from tests.jobs.preview.pages import previewed, read_page
from vsr.cli.preview import settings_of
from vsr.cli.shared.command import completed, parsed
from vsr.cli.shared.options import spec_from


def test_each_command_means_the_setting_that_is_shown(clip: Path):
    typed = parsed(
        ["--model", "bicubic", "-s", "2", "--start", "1:15", "--no-subs", "--crf", "21.5",
         "-e", "tune=film", "-e", "x264-params=a b", "--gpu-id", "cpu"]
    )  # fmt: skip
    tries = ("lite, crf=30,faststart", "preset=4k strength=0", "faithful,4k")
    settings = settings_of(clip, typed, tries)
    for setting in settings:
        program, command, source, _, *arguments = shlex.split(setting.command)
        assert (program, command, source) == ("vsr", "upscale", str(clip))
        assert spec_from(completed(parsed(arguments))) == setting.spec
    assert [setting.name for setting in settings] == ["bicubic", *tries]
    assert settings[1].spec.is_faststart
    assert settings[1].spec.encode.crf == 30


def test_a_look_is_tried_in_any_case_and_by_its_file(clip: Path, tmp_path: Path):
    own = tmp_path / "own.toml"
    own.write_text('description = "Mine."\nsharpness = 0.25\n')
    typed = parsed(["--model", "fast", "-s", "2"])
    plain, named, tried = settings_of(clip, typed, ("Faithful", str(own)))
    assert (named.spec.strength, tried.spec.sharpness) == (0, 0.25)
    assert "--look" in tried.command
    assert plain.spec.sharpness == "auto"


def test_the_table_names_time_size_and_command_of_each_setting(clip: Path):
    page = previewed(clip)
    heads = [text for text in page.texts["th"] if text]
    assert {"Seconds per frame", "Whole video", "File size", "Command"} <= set(heads)
    commands = page.texts["code"]
    assert [shlex.split(one)[:2] for one in commands] == [["vsr", "upscale"]] * 2
    assert "--crf 30" in commands[1]
    assert "about" in "".join(page.texts["td"])


def test_a_setting_may_have_more_frames_than_another(tmp_path: Path):
    clip = write_clip(tmp_path / "a.mkv", frames=8, is_interlaced=True)
    page = previewed(clip, "--try", "deinterlace=bob", "--try", "deinterlace=off")
    assert len(page.all("video")) == 1


def test_a_remark_on_one_of_several_settings_names_it(clip: Path):
    notes = previewed(clip, "--try", "preset=1080p").texts["li"]
    assert any(note.endswith("the output stays untagged.") for note in notes)
    of_colour = [note.split(" is not tagged")[0] for note in notes if "is not tagged" in note]
    assert of_colour == [
        "bicubic, crf=30: the colour matrix",
        "preset=1080p: the colour matrix",
    ]
    shared = previewed(clip).texts["li"]
    assert [note[:23] for note in shared if "is not tagged" in note] == ["The colour matrix is no"]


def test_settings_of_two_sizes_share_a_page(clip: Path):
    page = previewed(clip, "--try", "scale=3", "--frames", 1)
    assert {picture.shape for picture in page.pictures.values()} == {(192, 288, 3)}
    assert len(page.pictures) == 4


def test_every_encoder_of_the_settings_is_named(clip: Path):
    summary = previewed(clip, "--try", "codec=hevc", "--frames", 1).texts["p"][0]
    assert "(libx264 or libx265); computed on cpu" in summary
    assert " or cpu" not in summary


@pytest.mark.parametrize(
    ("crf", "asked", "shown"),
    [
        (40, (), ["fast", "vivid", "lite"]),
        (12, (), ["fast", "lite"]),  # nothing is drawn on a clean source
        (40, ("--scale", "2"), ["fast", "lite"]),  # it draws by 4
        (40, ("--precision", "int8"), ["fast", "lite"]),  # it has no such form
    ],
    ids=str,
)
def test_what_draws_most_is_shown_where_the_setting_draws(tmp_path, crf, asked, shown):
    film = natural(tmp_path / "in.mp4", crf)
    assert vsr("preview", film, "--frames", "1", "--scale", "4", *asked, "-q") == 0
    page = read_page(tmp_path / "in-preview.html")
    assert page.texts["p"][0].count("cpu (") == 1  # once, with all its precisions
    found = page.data["variants"]
    assert [one["name"] for one in found] == ["Source (Lanczos)", *shown]
