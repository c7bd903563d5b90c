"""One encoder as vsr knows it, and how x264's presets and quality map to its own options.

``--crf`` is one scale, that of x264; between an encoder's anchor points the map is linear.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from vsr.errors import one_of
from vsr.specs import X264_PRESETS

Preset = dict[str, str]
"""The options that a preset name of x264 stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecEntry:
    """One encoder of FFmpeg.

    Attributes:
        name: FFmpeg's name of the encoder.
        codec: FFmpeg's name for the format it writes.
        aliases: other common names.
        pix_fmts: what it takes, in the order of preference.
        presets: the options for each name in `X264_PRESETS`.
        native_presets: (option, names of its own that are passed on).
        quality_option: the option that takes the quality, or None if it has none.
        quality: (x264's crf, this encoder's value) in rising order; empty is the same scale.
        params_option: the option that takes ``key=value:key=value`` of the library itself.
        is_hardware: it needs a device, so only encoding a frame shows whether it works.
        smallest_side: in pixels; the encoder is not used below it.
    """

    name: str
    codec: str
    aliases: tuple[str, ...]
    pix_fmts: tuple[str, ...]
    presets: tuple[Preset, ...] = ()
    native_presets: tuple[str, frozenset[str]] | None = None
    quality_option: str | None = "crf"
    quality: tuple[tuple[float, float], ...] = ()
    fixed: dict[str, str] = field(default_factory=dict)
    params_option: str | None = None
    is_hardware: bool = False
    smallest_side: int = 1

    def preset_options(self, preset: str) -> Preset:
        """Return the options that ``preset`` stands for.

        Raises:
            UnknownName: neither a preset of x264 nor one of this encoder's own.
        """
        if self.native_presets and preset in self.native_presets[1]:
            return {self.native_presets[0]: preset}
        one_of(preset, X264_PRESETS, "encoder preset")
        return self.presets[X264_PRESETS.index(preset)] if self.presets else {}

    def quality_options(self, crf: float) -> dict[str, str]:
        """Return the options for a quality on x264's scale, 0 to 51."""
        if self.quality_option is None:
            return {}
        value = _interpolated(crf, self.quality) if self.quality else crf
        is_whole = self.codec in ("av1", "vp9")
        return {self.quality_option: str(round(value)) if is_whole else f"{value:g}"}


def _interpolated(x: float, points: tuple[tuple[float, float], ...]) -> float:
    for (x0, y0), (x1, y1) in pairwise(points):
        if x <= x1:
            return round(y0 + (y1 - y0) * (x - x0) / (x1 - x0), 1)
    return points[-1][1]
