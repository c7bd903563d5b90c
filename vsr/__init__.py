"""Upscale real video with neural networks, without damaging anything.

>>> import vsr
>>> vsr.upscale("in.mp4", "out.mp4", preset="4k")  # doctest: +SKIP

Importing this is light: torch and PyAV are loaded by the first call that needs them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vsr.api import Result, probe, upscale
    from vsr.errors import VsrError
    from vsr.specs import EncodeSpec, Target, TimeRange, UpscaleSpec

__all__ = [
    "EncodeSpec",
    "Result",
    "Target",
    "TimeRange",
    "UpscaleSpec",
    "VsrError",
    "probe",
    "upscale",
]

_HOMES = {
    "EncodeSpec": "vsr.specs",
    "Result": "vsr.api",
    "Target": "vsr.specs",
    "TimeRange": "vsr.specs",
    "UpscaleSpec": "vsr.specs",
    "VsrError": "vsr.errors",
    "probe": "vsr.api",
    "upscale": "vsr.api",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'vsr' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
