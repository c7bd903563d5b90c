"""Decoding on a GPU's own decoder (NVDEC): tried, never assumed.

Frames are returned as NV12 or P010, whose samples are those of the software decoder in another
order. Codecs that are defined bit for bit (H.264, HEVC, VP9, AV1) give the same frames.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import av
from av.codec.hwaccel import HWAccel
from av.container import InputContainer

from vsr.errors import MediaError
from vsr.media.source.opening import best_video, open_input
from vsr.specs import Hwaccel

FAILURES = (av.FFmpegError, OSError, ValueError, RuntimeError, MediaError)
"""What opening a missing device raises; without a driver it is a PermissionError."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """What decodes a file.

    Attributes:
        hwaccel: what to open it with: ``cuda`` or ``none``.
        note: a remark for the user, if any.
    """

    hwaccel: Hwaccel = "none"
    note: str | None = None


def choose_decoding(path: Path, wanted: Hwaccel) -> Decoding:
    """Return what will decode, determined by decoding the first frame.

    Args:
        wanted: ``none`` is software; ``auto`` tries, and is silent if there is no hardware;
            ``cuda`` tries, and reports it.
    """
    if wanted == "none":
        return Decoding()
    problem = _problem(path)
    if not problem:
        return Decoding("cuda", "decoded by the GPU (NVDEC).")
    if wanted == "auto":
        return Decoding()
    return Decoding(note=f"--hwaccel cuda: {problem}; decoding in software.")


def open_decoding(path: Path, hwaccel: Hwaccel) -> InputContainer:
    """Open a file for the chosen decoder, or for software if that is no longer available.

    Raises:
        MediaError: the file cannot be opened.
    """
    if hwaccel != "none":
        with suppress(*FAILURES):
            return open_on_hardware(path)
    return open_input(path)


def open_on_hardware(path: Path) -> InputContainer:
    """Open a file for decoding on the GPU, if possible; FFmpeg's own fallback does the rest.

    Raises:
        one of `FAILURES`: there is no such device.
    """
    return open_input(path, HWAccel("cuda", allow_software_fallback=True))


def _problem(path: Path) -> str:
    """Return why the GPU cannot decode a file, or nothing."""
    try:
        with open_on_hardware(path) as container:
            stream = best_video(container, path)
            next(container.decode(stream), None)
            if stream.codec_context.is_hwaccel:
                return ""
            return f"the GPU does not decode this {stream.codec_context.name}"
    except FAILURES as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return f"that decoder is not available here ({reason})"
