"""Specs are checked at birth, for the command line and for Python alike."""

from fractions import Fraction
from math import nan
from typing import Any

import pytest

from vsr.batch.engine import EngineSpec
from vsr.errors import InvalidOption
from vsr.jobs.evaluate import EvaluateSpec
from vsr.specs import EncodeSpec, UpscaleSpec
from vsr.values import OutputSize, TimeRange


def upscale(**values: Any) -> UpscaleSpec:
    return UpscaleSpec(size=OutputSize(scale=2), steps=(), **values)


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (
            upscale,
            {"precision": "fp8"},
            "precision fp8: choose auto, fp16, autocast, bf16, fp32 or int8.",
        ),
        (upscale, {"hwaccel": "gpu"}, "hwaccel gpu: choose none, auto or cuda."),
        (
            upscale,
            {"deinterlace": "maybe"},
            "deinterlace maybe: choose auto, bob, film, off or refuse.",
        ),
        (upscale, {"existing": "eat"}, "existing eat: choose refuse, overwrite or skip."),
        (upscale, {"existing": ["eat"]}, r"existing \['eat'\]: choose"),
        (upscale, {"strength": "strong"}, "strength strong: give a number from 0 to 1, or auto."),
        (upscale, {"strength": 1.5}, "strength 1.5 must be between 0 and 1."),
        (upscale, {"sharpness": nan}, "sharpness nan must be between 0 and 1."),
        (upscale, {"strength": None}, "strength None: give a number from 0 to 1, or auto."),
        (upscale, {"strength": True}, "strength True is not a number"),
        (upscale, {"grain": None}, "grain None: give keep, remove, auto or a number"),
        (upscale, {"is_strict": "no"}, "is strict 'no': give True or False."),
        (upscale, {"keep_audio": None}, "keep audio None: give True or False."),
        (upscale, {"model": 5}, "model 5 is not a text; give a str."),
        (upscale, {"device": b"cpu"}, "device b'cpu' is not a text"),
        (upscale, {"encode": {"crf": 16}}, r"give it as vsr.EncodeSpec\(...\)."),
        (upscale, {"time": (0, 5)}, r"give it as vsr.TimeRange\(...\)."),
        (upscale, {"tile": 8}, "tile 8 must be at least 16 and a whole number."),
        (upscale, {"threads": 0}, "threads 0 must be at least 1"),
        (upscale, {"segment_frames": 0}, "segment frames 0 must be at least 1"),
        (EncodeSpec, {"crf": -5}, "crf -5 must be between 0 and 51."),
        (EncodeSpec, {"codec": 264}, "codec 264 is not a text"),
        (EncodeSpec, {"options": ["g=50"]}, "encoder options .*: give a dict"),
        (EncodeSpec, {"crf": nan}, "crf nan must be"),
        (EncodeSpec, {"crf": "good"}, "crf 'good' is not a number; give one between 0 and 51."),
        (OutputSize, {"height": "tall"}, "'tall' is not a number of pixels; write 1080 or 1080p."),
        (OutputSize, {}, "give either a scale, or a width, a height or both."),
        (OutputSize, {"scale": 2, "width": 9}, "give either"),
        (OutputSize, {"scale": 0}, "scale 0 must be at least 1."),
        (OutputSize, {"scale": nan}, "scale nan: give a number such as 2 or 1.5."),
        (TimeRange, {"start_seconds": 5, "end_seconds": 2}, "start, 5 s, .* before the end, 2 s."),
        (TimeRange, {"start_seconds": -1}, "must not be negative"),
        (TimeRange, {"start_seconds": [5]}, r"\[5\] is not a time; write 90, 1:30"),
        (TimeRange, {"max_frames": True}, "max frames True must be"),
        (TimeRange, {"max_frames": 0}, "max frames 0 must be at least 1"),
        (EngineSpec, {"name": "slurm"}, "name slurm: choose local or ray."),
        (EngineSpec, {"workers": 0}, "workers 0 must be at least 1"),
        (EvaluateSpec, {"data": "Set5", "protocol": "fast"}, "choose standard or swift."),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_value_that_cannot_be_meant_is_refused_in_words_that_fit_every_caller(
    kind: Any, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidOption, match=message) as refused:
        kind(**values)
    assert "--" not in str(refused.value)


@pytest.mark.parametrize(
    ("written", "exact", "label"),
    [
        (2, 2, "x2"),
        (1.5, Fraction(3, 2), "x1.5"),
        (1.1, Fraction(11, 10), "x1.1"),
        ("4x", 4, "x4"),
        ("×2.25", Fraction(9, 4), "x2.25"),
        ("4/3", Fraction(4, 3), "x1.33333"),
    ],
)
def test_a_scale_is_kept_exactly_however_it_is_written(written: Any, exact: Any, label: str):
    size = OutputSize(scale=written)
    assert (size.scale, type(size.scale), size.label) == (exact, Fraction, label)


def test_the_label_of_a_box_is_its_height():
    assert OutputSize(width=3840, height=2160).label == OutputSize(height=2160).label == "2160p"
    assert OutputSize(width=1280).label == "1280w"
