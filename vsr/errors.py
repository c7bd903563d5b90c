"""Every error that vsr raises on purpose, one exit code per branch.

::

    VsrError
    ├── Refused                        2    nothing was started
    │   ├── InvalidOption              ValueError
    │   ├── UnknownName                LookupError
    │   ├── InvalidRecipe              ValueError
    │   ├── InvalidCheckpoint          ValueError
    │   ├── InvalidData                ValueError
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
    ├── Failed                         1    started, and could not be finished
    │   ├── DecodingFailed             OSError
    │   ├── EncodingFailed             OSError
    │   ├── NoSpace                    OSError
    │   ├── VerificationFailed         RuntimeError
    │   ├── OutOfDeviceMemory          MemoryError
    │   └── TrainingDiverged           ArithmeticError
    ├── FinishedWithLosses             3    done, but not whole; the losses are listed
    └── Interrupted                    130  by the user

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
    """An option, or a combination of options, that cannot be meant."""


class UnknownName(Refused, LookupError):
    """No preset, pipeline, model, step or codec has that name."""


class InvalidRecipe(Refused, ValueError):
    """A preset or pipeline file that cannot be read as one."""


class InvalidCheckpoint(Refused, ValueError):
    """A weights file that is none, is unsafe, or belongs to another network."""


class InvalidData(Refused, ValueError):
    """A data set that cannot be used: empty, too small, unreadable."""


class DeviceUnavailable(Refused, RuntimeError):
    """The device that was asked for is not there."""


class MediaError(Refused):
    """An input that cannot be opened."""


class NoSuchFile(MediaError, FileNotFoundError):
    """The input does not exist."""


class UnreadableMedia(MediaError, ValueError):
    """The input is no media file, or is damaged beyond opening."""


class NoVideo(MediaError, ValueError):
    """The input has no video stream to upscale."""


class OutputError(Refused):
    """An output that cannot be written as asked."""


class OutputExists(OutputError, FileExistsError):
    """The target is there already and overwriting was not asked for."""


class OutputBusy(OutputError, BlockingIOError):
    """Another run is writing this target."""


class UnwritableOutput(OutputError, OSError):
    """The target's folder is missing or cannot be written."""


class UnsuitableContainer(OutputError, ValueError):
    """The container is unknown, or cannot hold what it should."""


class EncoderUnavailable(OutputError, ValueError):
    """The encoder is unknown, does not open, or cannot take the size or format."""


class Failed(VsrError):
    """Started, and could not be finished. No file stands under the final name."""


class DecodingFailed(Failed, OSError):
    """The input could not be decoded any further."""


class EncodingFailed(Failed, OSError):
    """The encoder or the muxer gave up."""


class NoSpace(Failed, OSError):
    """The disk is full."""


class VerificationFailed(Failed, RuntimeError):
    """The finished file is not what it should be; it was not published."""


class OutOfDeviceMemory(Failed, MemoryError):
    """Not even the smallest tile fits the device."""


class TrainingDiverged(Failed, ArithmeticError):
    """A loss or a weight became non-finite."""


class FinishedWithLosses(VsrError):
    """Finished, with losses that the message lists."""

    exit_code = 3


class Interrupted(VsrError):
    """Stopped by the user."""

    exit_code = 130


def one_of(name: str, known: Iterable[str], what: str) -> str:
    """Return ``name`` if it is among ``known``.

    Raises:
        UnknownName: it is not; the message names the closest ones, else all.
    """
    names = list(known)
    if name in names:
        return name
    close = get_close_matches(name, names, n=3)
    hint = f"Did you mean {' or '.join(close)}?" if close else f"Choose from: {', '.join(names)}."
    raise UnknownName(f"{name}: no {what} of that name. {hint}")
