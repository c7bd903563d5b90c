"""ONNX Runtime, imported so that it tells nobody what is done with it."""

from __future__ import annotations

import os
from types import ModuleType

SILENCED = "ORT_DISABLE_TELEMETRY"
"""Heeded when it is loaded; turned off later, it has made its folder in the cache already."""


def onnx_runtime() -> ModuleType:
    """Import ONNX Runtime without its telemetry, which its official builds send by default.

    Source: ``Privacy.md`` of onnxruntime.

    Raises:
        ImportError: it is not installed.
    """
    os.environ[SILENCED] = "1"
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # of versions that do not know the variable
    module: ModuleType = onnxruntime
    return module
