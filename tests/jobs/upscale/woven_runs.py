"""Upscales of interlaced and telecined clips, as the tests of them ask for."""

from dataclasses import replace
from typing import Any

from vsr.jobs.upscale.preset_spec import spec_of_preset
from vsr.specs import EncodeSpec, UpscaleSpec
from vsr.values import OutputSize

LOSSLESS = EncodeSpec(codec="ffv1", options={"g": "1"})
"""Every frame is coded alone: the file shows no segments."""


class Stop(Exception):
    """A power cut."""


def stop(progress: Any) -> None:
    """Let the power fail at the thirtieth frame."""
    if progress.frames == 30:
        raise Stop


def bob_spec(**changes: Any) -> UpscaleSpec:
    encode = EncodeSpec(encoder_preset="ultrafast")
    values = {"model": "bicubic", "encode": encode, "deinterlace": "bob", **changes}
    return replace(spec_of_preset("1080p", OutputSize(scale=2)), **values)


def film_spec(**changes: Any) -> UpscaleSpec:
    return bob_spec(deinterlace="film", **changes)
