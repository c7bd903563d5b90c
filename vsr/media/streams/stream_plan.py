"""What happens to each stream of a source, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from vsr.media.source.info import StreamInfo

FORMATS = {"libopus": "opus"}
"""What users call the format of an encoder, where FFmpeg's encoder has another name."""


def format_named(encoder: str) -> str:
    """Return what users call the format of an encoder."""
    return FORMATS.get(encoder, encoder)


class Fate(Enum):
    """What happens to a stream."""

    COPY = "copied"
    CONVERT = "converted"
    DROP = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFate:
    """What happens to one stream, and why.

    Attributes:
        stream: as in the source.
        fate: what happens to it.
        target_codec: FFmpeg's name of what a text subtitle is converted to, or of the encoder that
            sound is converted with.
        reason: why it is converted or dropped; empty for a copy.
        is_loss: dropped, or converted with loss, although the user did not ask for it.
        is_acm: copied into Matroska as ``A_MS/ACM`` (`vsr.media.streams.copy_streams.open_muxer`).
    """

    stream: StreamInfo
    fate: Fate
    target_codec: str | None = None
    reason: str = ""
    is_loss: bool = False
    is_acm: bool = False

    def __str__(self) -> str:
        language = f", {self.stream.language}" if self.stream.language else ""
        name = f"{self.stream.kind} stream {self.stream.index} ({self.stream.codec}{language})"
        target = f" to {format_named(self.target_codec)}" if self.target_codec else ""
        target += ", with loss" if self.is_loss and self.fate is Fate.CONVERT else ""
        return f"{name}: {self.fate.value}{target}{': ' if self.reason else ''}{self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPlan:
    """What happens to every stream but the upscaled one, in the source's order."""

    container: str
    fates: tuple[StreamFate, ...] = ()

    @property
    def carried(self) -> tuple[StreamFate, ...]:
        """Those that reach the output."""
        return tuple(fate for fate in self.fates if fate.fate is not Fate.DROP)

    @property
    def is_acm(self) -> bool:
        """Whether Matroska is to hold a codec that it has no name for."""
        return any(fate.is_acm for fate in self.fates)

    @property
    def shows_subtitles(self) -> bool:
        """Whether subtitles that reach the output are the source's default."""
        return any(
            fate.stream.is_default for fate in self.carried if fate.stream.kind == "subtitle"
        )

    @property
    def converted(self) -> tuple[StreamFate, ...]:
        """Those that are converted."""
        return tuple(fate for fate in self.fates if fate.fate is Fate.CONVERT)

    @property
    def losses(self) -> tuple[StreamFate, ...]:
        """Those dropped, or converted with loss, unasked for; reported before the start."""
        return tuple(fate for fate in self.fates if fate.is_loss)
