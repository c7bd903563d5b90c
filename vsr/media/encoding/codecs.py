"""The encoders that vsr knows, as one table: names, pixel formats, presets and quality scales.

``--crf`` is one scale, that of x264; between an encoder's anchor points the map is linear. Each
software encoder but x264 has anchor points at which it reaches the luma PSNR of x264 at preset
medium, as ``tests/benchmarks/quality_scale.py`` measures it. The ends and NVENC (the same scale)
are not measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Literal

from vsr.errors import UnknownName, one_of
from vsr.frames import Layout
from vsr.specs import X264_PRESETS


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
        has_alpha: it encodes alpha beside the colours.
        bit_rate: the average to reach, in bits per second, if it was asked for.
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
    has_alpha: bool = False
    bit_rate: int | None = None
    notes: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()


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
        alpha_pix_fmts: those of its formats that take alpha, without the alpha.
        rate: the options that take an average rate, as multiples of it; none if it has no such.
        rate_params: parameters of the library itself that go with them.
        rate_fixed: options that do.
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
    alpha_pix_fmts: tuple[str, ...] = ()
    rate: dict[str, float] = field(default_factory=dict)
    rate_params: str = ""
    rate_fixed: dict[str, str] = field(default_factory=dict)
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

    def rate_options(self, bit_rate: int) -> dict[str, str]:
        """Return the options for an average rate in bits per second.

        They hold it over some ten seconds, as each segment is encoded for itself. The defaults of
        x264 and x265 reach no more than half of it in so short a time.
        """
        options = dict(self.rate_fixed)
        if self.params_option is not None and self.rate_params:
            options[self.params_option] = self.rate_params
        return options | {key: str(round(bit_rate * times)) for key, times in self.rate.items()}


def _interpolated(x: float, points: tuple[tuple[float, float], ...]) -> float:
    for (x0, y0), (x1, y1) in pairwise(points):
        if x <= x1:
            return round(y0 + (y1 - y0) * (x - x0) / (x1 - x0), 1)
    return points[-1][1]


YUV_8_AND_10 = (
    "yuv420p",
    "yuv422p",
    "yuv444p",
    "yuv420p10le",
    "yuv422p10le",
    "yuv444p10le",
)
GRAY_8_AND_10 = ("gray", "gray10le")
OF_ANY_DEPTH = (
    *YUV_8_AND_10,
    *(f"yuv{chroma}p{bits}le" for bits in (12, 16) for chroma in (420, 422, 444)),
    *(*GRAY_8_AND_10, "gray12le", "gray16le"),
)
NVENC_PRESETS = ("p1", "p1", "p2", "p3", "p3", "p4", "p5", "p6", "p7", "p7")

X265_SMALLEST_SIDE = 64
"""x265 4.2 writes out of bounds for frames up to 48 wide, at every preset (found with
MALLOC_CHECK_=3; 50 and wider are clean). It is not used at all below its largest block size.
"""

SVT_SMALLEST_SIDE = 64
"""SVT-AV1 never returns from its last packet if one side is below 26 and the other above 64 (tried
from 4 to 3000, at preset 10). It is not used below its superblock.
"""

X265_DELAY = 2
"""x265 4.2 returns uninitialised decoding times if a stream has no more frames than it would hold
back for reordering: at most two, with a pyramid of B-frames.
"""


def _named(option: str, values: tuple[str, ...]) -> tuple[Preset, ...]:
    return tuple({option: value} for value in values)


def _numbers(first: int, last: int) -> frozenset[str]:
    return frozenset(str(number) for number in range(first, last + 1))


def _nvenc(codec: Literal["h264", "hevc", "av1"], *pix_fmts: str) -> CodecEntry:
    return CodecEntry(
        name=f"{codec}_nvenc",
        codec=codec,
        aliases=(f"nvenc_{codec}",),
        pix_fmts=pix_fmts,
        presets=_named("preset", NVENC_PRESETS),
        native_presets=("preset", frozenset(f"p{number}" for number in range(1, 8))),
        quality_option="cq",
        fixed={"rc": "vbr", "b": "0"},
        rate={"b": 1, "maxrate": 1.5, "bufsize": 2},
        is_hardware=True,
    )


CODECS: tuple[CodecEntry, ...] = (
    CodecEntry(
        name="libx264",
        codec="h264",
        aliases=("h264", "x264", "avc"),
        pix_fmts=(*YUV_8_AND_10, *GRAY_8_AND_10),
        presets=_named("preset", X264_PRESETS),
        params_option="x264-params",
        rate={"b": 1},
        rate_params="ratetol=0.1",
    ),
    CodecEntry(
        name="libx265",
        codec="hevc",
        aliases=("hevc", "h265", "x265"),
        pix_fmts=tuple(name for name in OF_ANY_DEPTH if "16" not in name),
        presets=_named("preset", X264_PRESETS),
        quality=((0, 0), (8, 8), (13, 14), (18, 19.5), (23, 25), (28, 30), (34, 36), (51, 51)),
        params_option="x265-params",
        rate={"b": 1, "maxrate": 1, "bufsize": 1},
        rate_params="strict-cbr=1:info=0",  # its header would differ from segment to segment
        smallest_side=X265_SMALLEST_SIDE,
    ),
    CodecEntry(
        name="libsvtav1",
        codec="av1",
        aliases=("av1", "svtav1", "svt-av1"),
        pix_fmts=("yuv420p", "yuv420p10le"),
        presets=_named("preset", ("10", "10", "9", "8", "7", "6", "5", "4", "3", "2")),
        native_presets=("preset", _numbers(0, 13)),
        quality=((0, 1), (8, 6), (13, 12), (18, 26), (23, 38), (28, 50), (34, 59), (51, 63)),
        params_option="svtav1-params",
        rate={"b": 1},
        rate_params="rc=1:undershoot-pct=5:overshoot-pct=5",
        smallest_side=SVT_SMALLEST_SIDE,
    ),
    CodecEntry(
        name="libvpx-vp9",
        codec="vp9",
        aliases=("vp9", "vpx-vp9"),
        pix_fmts=("yuv420p", "yuv422p", "yuv444p"),
        presets=tuple(
            {"deadline": deadline, "cpu-used": speed, "row-mt": "1"}
            for deadline, speed in (
                *(("realtime", "8"), ("realtime", "7"), ("realtime", "6"), ("good", "5")),
                *(("good", "4"), ("good", "3"), ("good", "2"), ("good", "1")),
                *(("good", "0"), ("best", "0")),
            )
        ),
        native_presets=("cpu-used", _numbers(0, 8)),
        quality=((0, 0), (8, 8), (13, 17), (18, 29), (23, 39), (28, 48), (34, 59), (51, 63)),
        fixed={"b": "0"},
        alpha_pix_fmts=("yuv420p",),
        rate={"b": 1, "minrate": 1, "maxrate": 1, "bufsize": 0.5},
        rate_fixed={"undershoot-pct": "0", "overshoot-pct": "0"},
    ),
    CodecEntry(
        name="ffv1",
        codec="ffv1",
        aliases=(),
        pix_fmts=OF_ANY_DEPTH,
        quality_option=None,
        alpha_pix_fmts=tuple(name for name in OF_ANY_DEPTH if "yuv" in name and "12" not in name),
        fixed={"level": "3", "g": "1", "slicecrc": "1"},
    ),
    CodecEntry(
        name="prores_ks",
        codec="prores",
        aliases=("prores",),
        pix_fmts=("yuv422p10le", "yuv444p10le"),
        alpha_pix_fmts=("yuv444p10le",),
        quality_option=None,
        fixed={"vendor": "apl0"},
    ),
    CodecEntry(
        name="rawvideo",
        codec="rawvideo",
        aliases=("raw",),
        pix_fmts=OF_ANY_DEPTH,
        quality_option=None,
    ),
    CodecEntry(
        name="png",
        codec="png",
        aliases=(),
        pix_fmts=("gray", "rgb24", "gray16be", "rgb48be"),
        alpha_pix_fmts=("gray", "rgb24", "gray16be", "rgb48be"),
        quality_option=None,
        fixed={"pred": "up"},
    ),
    _nvenc("h264", "yuv420p", "yuv444p"),
    _nvenc("hevc", "yuv420p", "yuv444p"),
    _nvenc("av1", "yuv420p"),
)


def codec_named(name: str) -> CodecEntry:
    """Return the encoder that a user asks for: FFmpeg's name, the format's name or an alias.

    Raises:
        UnknownName: there is none; the message names the closest.
    """
    wanted = name.lower()
    for entry in CODECS:
        if wanted == entry.name or wanted in entry.aliases:
            return entry
    known = [alias for entry in CODECS for alias in (entry.name, *entry.aliases)]
    try:
        one_of(wanted, [*known, "auto"], "codec")
    except UnknownName as error:
        raise UnknownName(f"--codec {error}") from None
    raise AssertionError(f"{name} is auto, which is chosen, not looked up")
