"""``vsr doctor``: what this machine can do, and why."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from vsr.errors import VsrError

LITTLE_DISK_BYTES = 2 * 10**9


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was examined.

    Attributes:
        is_good: it works.
        is_needed: upscaling does not work without it.
    """

    what: str
    is_good: bool
    detail: str
    is_needed: bool = False


def examine() -> list[Finding]:
    """Examine everything that an upscale depends on; never raise for what is merely absent."""
    return [
        Finding("python", sys.version_info >= (3, 11), platform.python_version(), True),
        *(_package(name, is_needed=True) for name in ("torch", "av", "numpy")),
        _device(),
        *_gpu(),
        _integers(),
        *_pinned(),
        *_encoders(),
        _weights(),
        _others(),
        _onnx(),
        _disk(Path.cwd()),
    ]


def _package(name: str, *, is_needed: bool) -> Finding:
    try:
        return Finding(name, True, version(name), is_needed)
    except PackageNotFoundError:
        return Finding(name, False, "not installed", is_needed)


def _device() -> Finding:
    from vsr.device.select import select

    try:
        device = select()
    except VsrError as error:
        return Finding("device", False, str(error), True)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Finding("device", True, f"{device}: {device.why}; {cores} processor cores", True)


def _gpu() -> list[Finding]:
    """Return why the GPU is not computed on, where there is one."""
    from vsr.device.cuda import unused_gpu

    problem = unused_gpu()
    return [] if problem is None else [Finding("gpu", False, problem)]


def _integers() -> Finding:
    """Return whether networks on the CPU can run in 8-bit integers."""
    from vsr.models.int8.convolution import refusal

    reason = refusal()
    how = "exact; --precision auto takes it for 8-bit video and weights tuned for it"
    return Finding("int8 on the CPU", reason is None, reason or how)


def _pinned() -> list[Finding]:
    """Return where the CUDA path would get its pinned memory; the CPU path needs none."""
    from vsr.device.cuda import cuda_count
    from vsr.device.memory import pinned_by

    if not cuda_count():
        return []
    library = pinned_by()
    extra = "pip install 'vsr-cli[cuda]', or 'vsr-cli[cuda13]' with CUDA 13"
    better = "" if library == "cupy" else f" ({extra}, for CuPy's pool)"
    return [Finding("pinned memory", library == "cupy", f"from {library}{better}")]


def _encoders() -> list[Finding]:
    from vsr.media.encoding.encoder_trial import openings

    return [
        Finding(f"encoder {name}", reason is None, reason or "opens", name == "libx264")
        for name, reason in openings()
    ]


def _weights() -> Finding:
    from vsr.models.catalog import load

    try:
        model = load("fast", 4)
    except (VsrError, OSError) as error:
        return Finding("weights", False, str(error), True)
    return Finding("weights", True, f"fast ×4, sha256 {(model.sha256 or '')[:12]}", True)


def _others() -> Finding:
    """Return whether networks of other architectures can be run, and whose torchvision is used."""
    from vsr.models.foreign.library import library

    found = library()
    return Finding("networks of others", found.module is not None, found.detail)


def _onnx() -> Finding:
    """Return which providers of ONNX Runtime are here."""
    from vsr.device.select import providers_here

    here = providers_here()
    if not here:
        return Finding("onnx", False, "not installed (pip install 'vsr-cli[onnx]')")
    tried = [f"{name}{'' if name == 'cpu' else ' (never run by this project)'}" for name in here]
    return Finding("onnx", True, f"onnxruntime {version('onnxruntime')}: {', '.join(tried)}")


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    return Finding("disk", free > LITTLE_DISK_BYTES, f"{free / 1e9:.1f} GB free here")
