"""Every error that vsr raises on purpose, one exit code per branch.

::

    VsrError
    ├── Refused                        2    nothing was started
    │   ├── InvalidOption              ValueError
    │   ├── UnknownOption              TypeError
    │   ├── UnknownName                LookupError
    │   ├── InvalidRecipe              ValueError
    │   ├── InvalidCheckpoint          ValueError
    │   ├── InvalidData                ValueError
    │   ├── InvalidArray               ValueError
    │   ├── DeviceUnavailable          RuntimeError
    │   ├── MediaError
    │   │   ├── NoSuchFile             FileNotFoundError
    │   │   ├── UnreadableMedia        ValueError
    │   │   └── NoVideo                ValueError
    │   └── OutputError
    │       ├── OutputExists           FileExistsError
    │       ├── OutputBusy             BlockingIOError
    │       ├── UnwritableOutput       OSError
    │       ├── UnsuitableContainer    ValueError
    │       └── EncoderUnavailable     ValueError
    ├── Failed                         1    started, but not finished
    │   ├── DecodingFailed             OSError
    │   ├── EncodingFailed             OSError
    │   ├── NoSpace                    OSError
    │   ├── VerificationFailed         RuntimeError
    │   ├── OutOfDeviceMemory          MemoryError
    │   ├── DeviceLost                 RuntimeError
    │   └── TrainingDiverged           ArithmeticError
    ├── FinishedWithLosses             3    finished with losses, which are listed
    └── Interrupted                    130  by the user; 143 by SIGTERM, 129 by SIGHUP

A message says what, where, and what to do, on one line:
``clip.mkv: no video stream (2 audio, 1 subtitle). Choose another file.``
Foreign errors are wrapped once, at the edge where they arise, with their cause.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class VsrError(Exception):
    """The root of the tree. ``exit_code`` is what the command line returns for it."""

    exit_code = 1


class Refused(VsrError):
    """Refused before the start: nothing was written."""

    exit_code = 2


class InvalidOption(Refused, ValueError):
    """An invalid option or combination of options."""


class UnknownOption(Refused, TypeError):
    """There is no option of that name."""


class UnknownName(Refused, LookupError):
    """There is no preset, pipeline, model, step or codec of that name."""


class InvalidRecipe(Refused, ValueError):
    """A preset or pipeline file that cannot be read as one."""


class InvalidCheckpoint(Refused, ValueError):
    """A weights file that is invalid, unsafe, or belongs to another network."""


class InvalidData(Refused, ValueError):
    """A data set that cannot be used: empty, too small, unreadable."""


class InvalidArray(Refused, ValueError):
    """An array in memory that is not a frame: its type, shape, dtype or range."""


class DeviceUnavailable(Refused, RuntimeError):
    """The requested device is not available."""


class MediaError(Refused):
    """An input that cannot be opened."""


class NoSuchFile(MediaError, FileNotFoundError):
    """The input does not exist."""


class UnreadableMedia(MediaError, ValueError):
    """The input is not a media file, or is too damaged to open."""


class NoVideo(MediaError, ValueError):
    """The input has no video stream to upscale."""


class OutputError(Refused):
    """An output that cannot be written as asked."""


class OutputExists(OutputError, FileExistsError):
    """The target already exists and overwriting was not requested."""


class OutputBusy(OutputError, BlockingIOError):
    """Another run is writing this target."""


class UnwritableOutput(OutputError, OSError):
    """The target's folder is missing or cannot be written."""


class UnsuitableContainer(OutputError, ValueError):
    """The container is unknown, or cannot hold the streams."""


class EncoderUnavailable(OutputError, ValueError):
    """The encoder is unknown, does not open, or cannot take the size or format."""


class Failed(VsrError):
    """Started, but not finished. No file is left under the final name."""


class DecodingFailed(Failed, OSError):
    """The input could not be decoded any further."""


class EncodingFailed(Failed, OSError):
    """The encoder or the muxer gave up."""


class NoSpace(Failed, OSError):
    """The disk is full."""


class VerificationFailed(Failed, RuntimeError):
    """The finished file failed verification; it was not published."""


class OutOfDeviceMemory(Failed, MemoryError):
    """Not even the smallest tile fits the device."""


class DeviceLost(Failed, RuntimeError):
    """The device reported an error, and computes nothing more in this process."""


class TrainingDiverged(Failed, ArithmeticError):
    """A loss or a weight became non-finite."""


class FinishedWithLosses(VsrError):
    """Finished, with losses that the message lists."""

    exit_code = 3


class Interrupted(VsrError):
    """Stopped by the user; or by a signal, with the code of that."""

    exit_code = 130


def code_of_signal(number: int) -> int:
    """Return the exit code of what a signal ended, as shells say it: 130, 143 or 129."""
    return 128 + number


def one_of(name: str, known: Iterable[str], what: str, also: str = "") -> str:
    """Return ``name`` if it is among ``known``.

    Args:
        also: a sentence for the end of the message.

    Raises:
        UnknownName: it is not; the message names the closest ones, else all.
    """
    names = list(known)
    if name in names:
        return name
    raise UnknownName(f"{name}: no {what} of that name. {closest(name, names)} {also}".rstrip())


def closest(name: str, known: Iterable[str]) -> str:
    """Return a sentence with the known names that are closest, whatever their case; else all."""
    names = {one.lower(): one for one in known}
    close = [names[one] for one in get_close_matches(name.lower(), names, n=3)]
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"Choose from: {', '.join(names.values())}."
