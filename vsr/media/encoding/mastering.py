"""HDR10 metadata as parameters of the encoders that can write it.

FFmpeg's wrappers read it from a field that PyAV does not expose, so it is passed as text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from types import MappingProxyType

from vsr.media.encoding.codecs import Encoder
from vsr.media.encoding.parameters import with_parameters
from vsr.media.frames.hdr import HdrMetadata, MasteringDisplay, Point

CHROMATICITY_UNITS = 50_000
LUMINANCE_UNITS = 10_000
"""x264 and x265 take integers in the units of the SEI message (H.265 D.3.28)."""


def with_mastering(encoder: Encoder, hdr: HdrMetadata | None) -> Encoder:
    """Return the encoder with ``hdr`` among its parameters, if it can write it.

    The user's values for the same parameters come last and win.
    """
    if hdr is None or encoder.params_option is None or encoder.name not in PARAMETERS:
        return encoder
    parameters = PARAMETERS[encoder.name](hdr)
    options = with_parameters(encoder.options, encoder.params_option, parameters)
    return replace(encoder, options=MappingProxyType(options))


def can_write_mastering(encoder: Encoder) -> bool:
    """Return whether HDR10 metadata reaches the file through this encoder."""
    return encoder.name in PARAMETERS


def _x264(hdr: HdrMetadata) -> list[str]:
    parts = [f"mastering-display={_integers(hdr.mastering)}"] if hdr.mastering else []
    if hdr.light:
        parts.append(f"cll={hdr.light.max_content},{hdr.light.max_frame_average}")
    return parts


def _x265(hdr: HdrMetadata) -> list[str]:
    parts = ["hdr10=1", "repeat-headers=1"]
    if hdr.mastering:
        parts.append(f"master-display={_integers(hdr.mastering)}")
    if hdr.light:
        parts.append(f"max-cll={hdr.light.max_content},{hdr.light.max_frame_average}")
    return parts


def _svtav1(hdr: HdrMetadata) -> list[str]:
    parts = [f"mastering-display={_decimals(hdr.mastering)}"] if hdr.mastering else []
    if hdr.light:
        parts.append(f"content-light={hdr.light.max_content},{hdr.light.max_frame_average}")
    return parts


PARAMETERS: dict[str, Callable[[HdrMetadata], list[str]]] = {
    "libx264": _x264,
    "libx265": _x265,
    "libsvtav1": _svtav1,
}


def _integers(display: MasteringDisplay) -> str:
    def point(xy: Point) -> str:
        return f"({round(xy[0] * CHROMATICITY_UNITS)},{round(xy[1] * CHROMATICITY_UNITS)})"

    def luminance(value: Fraction) -> int:
        return round(value * LUMINANCE_UNITS)

    return (
        f"G{point(display.green)}B{point(display.blue)}R{point(display.red)}"
        f"WP{point(display.white)}"
        f"L({luminance(display.max_luminance)},{luminance(display.min_luminance)})"
    )


def _decimals(display: MasteringDisplay) -> str:
    def point(xy: Point) -> str:
        return f"({float(xy[0]):.5f},{float(xy[1]):.5f})"

    return (
        f"G{point(display.green)}B{point(display.blue)}R{point(display.red)}"
        f"WP{point(display.white)}"
        f"L({float(display.max_luminance):.4f},{float(display.min_luminance):.4f})"
    )
