"""An encoder that has been chosen: all its FFmpeg settings, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from vsr.frames import Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """An encoder that has been opened once at this size and format.

    Attributes:
        name: FFmpeg's name, such as ``libx264``.
        codec: what it writes, such as ``h264``.
        pix_fmt: FFmpeg's name for what it encodes.
        layout: what the upscaler is to deliver. Gray stays gray even if ``pix_fmt`` has chroma.
        options: all options passed to FFmpeg.
        threads: fixed, as the bytes of the output can depend on it.
        params_option: the option for the parameters of the library itself, if it has one.
        notes: remarks for the user, one sentence each.
        losses: what its format cannot hold of the source, likewise.
    """

    name: str
    codec: str
    pix_fmt: str
    layout: Layout
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    threads: int = 1
    params_option: str | None = None
    notes: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
