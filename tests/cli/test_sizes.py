"""Sizes as people type them, in `vsr probe`'s words about a clip of 96×64."""

import json
from pathlib import Path

import pytest

from tests.cli.command import vsr
from vsr.recipes.preset import load_preset


@pytest.mark.parametrize(
    ("typed", "sizes"),
    [
        (["--scale", "1.5"], "96×64 → ×2 192×128 → resize 144×96"),
        (["--scale", "1,5"], "96×64 → ×2 192×128 → resize 144×96"),
        (["--scale", "4x"], "96×64 → ×4 384×256"),
        (["-s", "x2"], "96×64 → ×2 192×128"),
        (["--height", "120p"], "96×64 → ×2 192×128 → resize 180×120"),
        (["--width", "192px"], "96×64 → ×2 192×128"),
        (["--preset", "240p"], "96×64 → ×4 384×256 → resize 360×240"),
        (["--preset", "240"], "96×64 → ×4 384×256 → resize 360×240"),
        (["--preset", "720P"], "96×64 → ×8 768×512 → resize 1080×720"),
        (["--scale", "4k"], "96×64 → ×8 768×512 → resize 3240×2160"),
        (["-p", "8K"], "96×64 → ×8 768×512 → resize 6480×4320"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_size_is_understood_however_it_is_written(clip: Path, capsys, typed, sizes: str):
    assert vsr("probe", clip, "--model", "bicubic", *typed, "--json") == 0
    assert json.loads(capsys.readouterr().out)["upscale"]["sizes"].startswith(sizes)


@pytest.mark.parametrize(
    ("name", "width", "height"),
    [
        ("480p", 854, 480), ("720p", 1280, 720), ("1440p", 2560, 1440), ("2160P", 3840, 2160),
        ("4K", 3840, 2160), ("UHD", 3840, 2160), ("FullHD", 1920, 1080), ("4320p", 7680, 4320),
        ("FHD", 1920, 1080), ("2160", 3840, 2160), ("576", 1024, 576),
    ],
)  # fmt: skip
def test_the_usual_names_of_sizes_are_presets_in_any_case(name: str, width: int, height: int):
    size = load_preset(name).spec.size
    assert (size.width, size.height) == (width, height)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (["--scale", "big"], "'big' is not a factor; give a number such as 2 or 1.5, or a size"),
        (["--scale", "0.5"], "scale 0.5 must be at least 1."),
        (["--height", "tall"], "'tall' is not a number of pixels; write 1080 or 1080p."),
        (["--scale", "4k", "-p", "4k"], "choose one of --preset, --scale and --width/--height."),
        (["--preset", "00p"], "width 0 must be at least 1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_no_size_is_refused(clip: Path, capsys, typed, message: str):
    assert vsr("probe", clip, *typed) == 2
    assert message in capsys.readouterr().err
