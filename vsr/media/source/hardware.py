"""Decode on a GPU (NVDEC) where it decodes this file: tried, never assumed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import av
from av.codec.hwaccel import HWAccel
from av.container import InputContainer

from vsr.errors import MediaError
from vsr.media.source.opening import best_video, open_input
from vsr.specs import Hwaccel

FAILURES = (av.FFmpegError, OSError, ValueError, RuntimeError, MediaError)
"""What opening a missing device raises; without a driver it is a PermissionError."""

SHARED = {"primary_ctx": "1"}
"""Options of FFmpeg's CUDA device: decode in the context that torch and CuPy use too. FFmpeg
refuses where that is in use already and its host does not sleep while waiting
(`vsr.device.cuda.share_context`). PyAV 18.1 has ``flags`` for the same, and drops them when it
opens a decoder."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """What decodes a file.

    Attributes:
        hwaccel: what to open it with: ``cuda`` or ``none``.
        note: a remark for the user, if any.
        gpu: the number of the CUDA device that decodes.
        is_shared: in the context of torch's, not in one of its own.
    """

    hwaccel: Hwaccel = "none"
    note: str | None = None
    gpu: int = 0
    is_shared: bool = True


SOFTWARE = Decoding()


def choose_decoding(path: Path, wanted: Hwaccel, gpu: int = 0) -> Decoding:
    """Return what will decode, determined by decoding the first frame.

    Args:
        wanted: ``none`` is software; ``auto`` tries, and is silent if there is no hardware;
            ``cuda`` tries, and reports it.
        gpu: the number of the CUDA device: that of the network, so that none is used beside it.
    """
    if wanted == "none":
        return SOFTWARE
    problem = ""
    for is_shared in (True, False):
        tried = Decoding("cuda", "decoded by the GPU (NVDEC).", gpu, is_shared)
        problem = _problem(path, tried)
        if not problem:
            return tried
    if wanted == "auto":
        return SOFTWARE
    return replace(SOFTWARE, note=f"--hwaccel cuda: {problem}; decoding in software.")


def open_decoding(path: Path, decoding: Decoding) -> InputContainer:
    """Open a file for the chosen decoder, or for software if that is no longer available.

    Raises:
        MediaError: the file cannot be opened.
    """
    if decoding.hwaccel != "none":
        with suppress(*FAILURES):
            return open_on_hardware(path, decoding)
    return open_input(path)


def open_on_hardware(path: Path, decoding: Decoding) -> InputContainer:
    """Open a file for decoding on the GPU, if possible; FFmpeg's own fallback does the rest.

    Raises:
        one of `FAILURES`: there is no such device.
    """
    options: dict[str, object] | None = dict(SHARED) if decoding.is_shared else None
    device = str(decoding.gpu)
    return open_input(
        path, HWAccel("cuda", device=device, allow_software_fallback=True, options=options)
    )


def _problem(path: Path, decoding: Decoding) -> str:
    """Return why the GPU cannot decode a file, or nothing."""
    try:
        with open_on_hardware(path, decoding) as container:
            stream = best_video(container, path)
            next(container.decode(stream), None)
            if stream.codec_context.is_hwaccel:
                return ""
            return f"the GPU does not decode this {stream.codec_context.name}"
    except FAILURES as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return f"that decoder is not available here ({reason})"
