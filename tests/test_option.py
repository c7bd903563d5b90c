"""An option is declared once, at its field; everything else follows from it or agrees with it."""

import copy
import pickle
import shutil
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import pytest

import vsr
from vsr.api import Options, StrPath
from vsr.errors import InvalidOption, Refused, UnknownOption
from vsr.jobs.upscale.job import asked
from vsr.notation import Factor, Pixels, seconds_of
from vsr.option import options_of
from vsr.specs import UpscaleSpec
from vsr.values import TimeRange

LEAVES = {leaf.name: leaf for leaf in options_of(UpscaleSpec)}
WRITTEN = {
    "scale": Factor | str,
    "width": Pixels,
    "height": Pixels,
    "model": StrPath,
    "work_dir": StrPath,
    "encoder_options": Mapping[str, str | float],
}
"""Types of keywords that are written in more ways than a spec holds them."""

NO_OPTIONS = {"size", "steps", "encode", "time", "suggested", "asked"}
"""Specs within the spec, and what its preset decides."""


def test_every_field_declares_what_depends_on_it():
    assert {item.name for item in fields(UpscaleSpec)} - NO_OPTIONS <= set(LEAVES)


def test_the_typed_signature_of_the_python_api_is_that_of_the_fields():
    hints = get_type_hints(Options)
    assert set(hints) == {"preset", "look", "encode", "time"} | set(LEAVES)
    for name, leaf in LEAVES.items():
        expected = float | str if leaf.option.is_time else WRITTEN.get(name, leaf.kind)
        assert hints[name] in (expected, leaf.kind) or hints[name] | None == leaf.kind, name


def test_every_option_of_the_command_line_is_a_field_and_has_a_sentence():
    from vsr.cli.upscale import upscale

    parameters = {item.name: item for item in upscale.params}
    for name, leaf in LEAVES.items():
        if leaf.option.flags:
            assert parameters[name].help == leaf.option.help.rstrip()
            assert leaf.option.help.endswith("."), name


def test_the_fingerprint_holds_what_was_asked_and_nothing_else_of_the_rest():
    spec = vsr.spec_of(tile=64, start="1:30", deinterlace="off")
    assert asked(spec) == {
        "file size": None,
        "tile": 64,
        "start": 90.0,
        "end": None,
        "fps": None,
        "max frames": None,
        "deinterlace": "off",
    }


def test_options_of_the_encoder_and_the_time_are_keywords_too():
    spec = vsr.spec_of(crf=16, start="1:30", end=100, encoder_options={"tune": "film"})
    assert (spec.encode.crf, spec.encode.options) == (16, {"tune": "film"})
    assert spec.time == TimeRange(start_seconds=90, end_seconds=100)
    both = vsr.spec_of(encode=vsr.EncodeSpec(codec="hevc"), crf=16)
    assert (both.encode.codec, both.encode.crf) == ("hevc", 16)


def test_values_may_be_written_as_on_the_command_line():
    spec = vsr.spec_of(height="480p", end="1m", encoder_options={"g": 50, "bf": "2"})
    assert spec.size.height == 480
    assert spec.time.end_seconds == 60
    assert spec.encode.options == {"g": "50", "bf": "2"}


def test_none_is_as_if_left_out():
    """As callers pass on what they were not given."""
    nothing = dict.fromkeys(
        ("preset", "look", "scale", "width", "model", "strength", "grain", "encode", "device",
         "time", "start", "end", "is_strict", "tile", "crf"),
    )  # fmt: skip
    spec = vsr.spec_of(**nothing)  # type: ignore[typeddict-item] # they are not declared to be None
    assert spec == vsr.spec_of()
    assert vsr.spec_of(vsr.spec_of(tile=64, strength=0.5), **nothing).tile is None
    assert vsr.spec_of(vsr.spec_of(tile=64, strength=0.5), strength=None).strength == 0.5


def test_paths_are_texts_too(tmp_path: Path):
    shutil.copy(Path("presets/4k.toml"), tmp_path / "own.toml")
    spec = vsr.spec_of(preset=tmp_path / "own.toml", model=Path("own.pth"), work_dir=tmp_path)
    assert (spec.size.height, spec.model, spec.work_dir) == (2160, "own.pth", str(tmp_path))


def test_a_spec_is_a_value():
    """It goes to another process, is copied, and is a key; no caller changes it from without."""
    given = {"tune": "film"}
    for spec in (vsr.spec_of(), vsr.spec_of(scale=1.5, encoder_options=given, start="1:30")):
        for copied in (pickle.loads(pickle.dumps(spec)), copy.deepcopy(spec)):
            assert copied == spec
            assert hash(copied) == hash(spec)
    given["tune"] = "grain"
    assert spec.encode.options == {"tune": "film"}


def test_a_wrong_name_is_refused_with_the_closest():
    with pytest.raises(
        UnknownOption, match=r"sharpnes: no option .* Did you mean sharpness\?"
    ) as no:
        vsr.spec_of(sharpnes=1)
    assert isinstance(no.value, Refused)
    assert isinstance(no.value, TypeError)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90), ("1.5", 1.5), (".5", 0.5), ("1:30", 90), ("0:01:30.5", 90.5), ("75:30", 4530),
        ("00:01:30,250", 90.25), ("90s", 90), ("1m30s", 90), ("1h", 3600), ("1H02m3.5s", 3723.5),
    ],
)  # fmt: skip
def test_times_are_read_as_people_write_them(text: str, seconds: float):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "s", "1:99", "1:60:00", "1h75m", "1m75s", "-1", "1e3"])
def test_what_is_no_time_is_refused(text: str):
    with pytest.raises(InvalidOption, match="is not a time"):
        seconds_of(text)


def test_a_time_that_cannot_be_read_is_refused():
    with pytest.raises(InvalidOption, match="'soon' is not a time; write 90, 1:30 or 0:01:30.5"):
        vsr.spec_of(start="soon")
