"""A message for Python names keywords; the same one for the command line names flags."""

import pytest

from vsr.errors import OutputExists
from vsr.jobs.keywords import naming_keywords, with_keywords


@pytest.mark.parametrize(
    ("flags", "keywords"),
    [
        ("Choose .mov with --codec prores, .mkv", 'Choose .mov with codec="prores", .mkv'),
        ("Choose another --codec or --pix-fmt.", "Choose another codec or pix_fmt."),
        ("smaller tiles (--tile 128).", "smaller tiles (tile=128)."),
        ("as --scale 1.5.", "as scale=1.5."),
        ("--crop auto: no. Write --crop W:H:X:Y.", 'crop="auto": no. Write crop="W:H:X:Y".'),
        ("no frame between --start and --end.", "no frame between start and end."),
        ("--strict was given.", "is_strict=True was given."),
        ("as --fps is not given.", "as fps is not given."),
        ("or give --model a file.", "or give model a file."),
        ("Start over with --restart, or", "Start over with is_restart=True, or"),
        ("--no-audio", "keep_audio=False"),
        ("--crf 18 and -e qp=20 differ", 'crf=18 and encoder_options={"qp": "20"} differ'),
        ("-e x=a=b: none of x264's.", 'encoder_options={"x": "a=b"}: none of x264\'s.'),
        ("--model my net (1).pth: no net.", 'model="my net (1).pth": no net.'),
        ("Use --engine ray.", "Use --engine ray."),
        ("a -- b -yes", "a -- b -yes"),
    ],
)
def test_flags_become_keywords_with_their_values(flags: str, keywords: str):
    assert with_keywords(flags) == keywords


@pytest.mark.parametrize(
    "name", ["film--strict.mkv", "a --scale 2.mkv", "--fps.mp4", "b -e x=1.mp4", "Add -y.mp4"]
)
def test_a_file_keeps_its_name(name: str):
    assert with_keywords(f"{name}: omit --fps.") == f"{name}: omit fps."


def test_names_within_a_message_hold_no_flags():
    text = "a.mkv: encoded differently from film--strict.mkv (b--fps)."
    assert with_keywords(text) == text


def test_an_error_keeps_its_kind_and_place():
    with pytest.raises(OutputExists) as caught, naming_keywords():
        raise OutputExists("a.mkv: already exists. Add -y to overwrite it, or -n to skip it.")
    assert str(caught.value) == (
        'a.mkv: already exists. Give existing="overwrite" to overwrite it, or existing="skip" to '
        "skip it."
    )
