"""Upscale real video with neural networks, without damaging anything.

>>> import vsr
>>> vsr.upscale("in.mp4", "out.mp4", preset="4k")  # doctest: +SKIP

Importing this is light: torch and PyAV are loaded by the first call that needs them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vsr.version import __version__ as __version__

if TYPE_CHECKING:
    from vsr.api import (
        Outcome,
        Phase,
        Progress,
        Result,
        Upscaler,
        probe,
        spec_of,
        upscale,
        upscale_folder,
    )
    from vsr.errors import VsrError
    from vsr.media.source.info import MediaInfo
    from vsr.specs import EncodeSpec, UpscaleSpec
    from vsr.values import OutputSize, TimeRange

__all__ = [
    "EncodeSpec",
    "MediaInfo",
    "Outcome",
    "OutputSize",
    "Phase",
    "Progress",
    "Result",
    "TimeRange",
    "UpscaleSpec",
    "Upscaler",
    "VsrError",
    "probe",
    "spec_of",
    "upscale",
    "upscale_folder",
]

_HOMES = {
    "EncodeSpec": "vsr.specs",
    "MediaInfo": "vsr.media.source.info",
    "Outcome": "vsr.api",
    "OutputSize": "vsr.values",
    "Phase": "vsr.api",
    "Progress": "vsr.api",
    "Result": "vsr.api",
    "TimeRange": "vsr.values",
    "UpscaleSpec": "vsr.specs",
    "Upscaler": "vsr.api",
    "VsrError": "vsr.errors",
    "probe": "vsr.api",
    "spec_of": "vsr.api",
    "upscale": "vsr.api",
    "upscale_folder": "vsr.api",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'vsr' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
