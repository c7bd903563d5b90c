"""Pixel formats: where the samples of each lie, how they are read, and which one is written.

Planar YUV and gray of 8 to 16 bits are what the rest of vsr sees. Formats that hold the same
samples in another order (NV12, P010, YUYV, big-endian) are rearranged without loss; all others
(RGB, palettes, 4:1:1, ...) pass once through a filter graph.

Source: FFmpeg, libavutil/pixfmt.h and pixdesc.c, for the meaning of the names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import av

from vsr.frames import Layout


@dataclass(frozen=True, slots=True)
class Samples:
    """Where one component's samples are: plane, first sample and step, in samples of a row."""

    plane: int
    first: int = 0
    step: int = 1


PLANES = (Samples(0), Samples(1), Samples(2))
"""One component per plane, samples adjacent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How frames of one pixel format become planes.

    Attributes:
        layout: what is delivered.
        samples: where the components are, after the filter if there is one.
        alpha: where it is, after that filter; None if there is none.
        unused_low_bits: zero bits below the code (P010 keeps it in the high bits).
        is_big_endian: of samples of two bytes.
        filtered_as: the format that a filter graph must first convert to, if any.
        is_from_rgb: that filter applies a colour matrix (BT.709, limited range).
        is_lossy: more than the arrangement changes: low bits or RGB itself are lost.
        conversion: a remark for the user, if anything changes.
        coded_layout: what is stored, if chroma has fewer samples there, between those delivered.
    """

    layout: Layout
    samples: tuple[Samples, ...]
    alpha: Samples | None = None
    unused_low_bits: int = 0
    is_big_endian: bool = False
    filtered_as: str | None = None
    is_from_rgb: bool = False
    is_lossy: bool = False
    conversion: str | None = None
    coded_layout: Layout | None = None

    @property
    def is_view(self) -> bool:
        """Whether the stored samples are delivered without a copy."""
        return self.unused_low_bits == 0 and not self.is_big_endian and self.filtered_as is None


FILTERED_BITS = (8, 10, 12, 16)
"""The depths that a filter graph writes; what lies between gets the next one."""

SHIFTS = {"420": (1, 1), "422": (1, 0), "444": (0, 0)}
PLANAR = re.compile(r"yuv([ja]?)(420|422|444)p(9|10|12|14|16)?(le|be)?")
GRAY = re.compile(r"(gray|ya)(8|9|10|12|14|16)?(le|be)?")
SEMI_PLANAR = re.compile(r"(?:nv(12|16|21|24|42)|p([024])(10|12|16)(le|be))")
NV_CHROMA = {"12": "420", "21": "420", "16": "422", "24": "444", "42": "444"}
P_CHROMA = {"0": "420", "2": "422", "4": "444"}
YUYV = (Samples(0, 0, 2), Samples(0, 1, 4), Samples(0, 3, 4))
PACKED = {
    "yuyv422": YUYV,
    "yvyu422": (Samples(0, 0, 2), Samples(0, 3, 4), Samples(0, 1, 4)),
    "uyvy422": (Samples(0, 1, 2), Samples(0, 0, 4), Samples(0, 2, 4)),
}


def layout_of(pix_fmt: str) -> Layout | None:
    """Return the layout of a planar YUV or gray format of little-endian samples, else None."""
    if match := PLANAR.fullmatch(pix_fmt):
        variant, chroma, bits, endian = match.groups()
        if variant == "a" or endian == "be":
            return None
        return Layout(int(bits or 8), *SHIFTS[chroma])
    if (match := GRAY.fullmatch(pix_fmt)) and match[1] == "gray" and match[3] != "be":
        return Layout(int(match[2] or 8), 0, 0, is_gray=True)
    return None


def pix_fmt_of(layout: Layout) -> str:
    """Return the name of a layout's format. The range is a tag of its own, not part of the name."""
    suffix = "" if layout.bits == 8 else f"{layout.bits}le"
    if layout.is_gray:
        return f"gray{suffix}"
    chroma = {shifts: name for name, shifts in SHIFTS.items()}[layout.x_shift, layout.y_shift]
    return f"yuv{chroma}p{suffix}"


def alpha_pix_fmt(pix_fmt: str) -> str:
    """Return the format with alpha beside the same colours: ``yuva420p`` for ``yuv420p``."""
    images = {"rgb24": "rgba", "rgb48be": "rgba64be", "gray": "ya8", "gray16be": "ya16be"}
    return images.get(pix_fmt) or pix_fmt.replace("yuv", "yuva", 1)


def reading_of(pix_fmt: str) -> Reading | None:
    """Return how a decoded format is read, or None if it cannot be (hardware surfaces)."""
    for known in (_planar, _gray, _semi_planar, _packed, _filtered):
        reading = known(pix_fmt)
        if reading is not None:
            return reading
    return None


def _planar(pix_fmt: str) -> Reading | None:
    match = PLANAR.fullmatch(pix_fmt)
    if match is None:
        return None
    variant, chroma, depth, endian = match.groups()
    return Reading(
        layout=Layout(int(depth or 8), *SHIFTS[chroma]),
        samples=PLANES,
        alpha=Samples(3) if variant == "a" else None,
        is_big_endian=endian == "be",
    )


def _gray(pix_fmt: str) -> Reading | None:
    match = GRAY.fullmatch(pix_fmt)
    if match is None:
        return None
    name, depth, endian = match.groups()
    has_alpha = name == "ya"
    return Reading(
        layout=Layout(int(depth or 8), 0, 0, is_gray=True),
        samples=(Samples(0, 0, 2 if has_alpha else 1),),
        alpha=Samples(0, 1, 2) if has_alpha else None,
        is_big_endian=endian == "be",
    )


def _semi_planar(pix_fmt: str) -> Reading | None:
    match = SEMI_PLANAR.fullmatch(pix_fmt)
    if match is None:
        return None
    nv, p_chroma, p_bits, endian = match.groups()
    bits = int(p_bits or 8)
    chroma = NV_CHROMA[nv] if nv else P_CHROMA[p_chroma]
    first, second = (1, 0) if nv in ("21", "42") else (0, 1)
    return Reading(
        layout=Layout(bits, *SHIFTS[chroma]),
        samples=(Samples(0), Samples(1, first, 2), Samples(1, second, 2)),
        unused_low_bits=0 if nv else 16 - bits,
        is_big_endian=endian == "be",
        conversion=_conversion(pix_fmt, ["as planes"]),
    )


def _packed(pix_fmt: str) -> Reading | None:
    if pix_fmt == "y210le":
        layout, samples = Layout(10, 1, 0), YUYV
    elif pix_fmt in PACKED:
        layout, samples = Layout(8, 1, 0), PACKED[pix_fmt]
    else:
        return None
    return Reading(
        layout=layout,
        samples=samples,
        unused_low_bits=6 if layout.bits == 10 else 0,
        conversion=_conversion(pix_fmt, ["as planes"]),
    )


def _filtered(pix_fmt: str) -> Reading | None:
    """Return the closest layout for anything else that the scaler can read."""
    try:
        described = av.VideoFormat(pix_fmt, 16, 16)
    except ValueError:
        return None
    components = [item for item in described.components if not item.is_alpha]
    if not components:
        return None
    deepest = max(item.bits for item in components)
    bits = next((depth for depth in FILTERED_BITS if depth >= deepest), FILTERED_BITS[-1])
    notes, coded = [], None
    is_rgb = described.is_rgb or described.has_palette or described.is_bayer or "xyz" in pix_fmt
    if is_rgb:
        layout = Layout(bits, 0, 0)
        notes = ["with the BT.709 matrix"]
    elif len(components) == 1:
        layout = Layout(bits, 0, 0, is_gray=True)
    else:
        width, height = components[1].width, components[1].height
        layout = Layout(bits, *_nearest_shifts(width, height))
        if (width, height) == (16, 8):  # 4:4:0
            coded = Layout(bits, 0, 1)
    has_alpha = any(item.is_alpha for item in described.components)
    if has_alpha and layout.is_gray:
        layout = Layout(bits, 0, 0)
    filtered_as = alpha_pix_fmt(pix_fmt_of(layout)) if has_alpha else pix_fmt_of(layout)
    return Reading(
        layout=layout,
        samples=PLANES[: 1 if layout.is_gray else 3],
        alpha=Samples(3) if has_alpha else None,
        filtered_as=filtered_as,
        is_from_rgb=is_rgb,
        is_lossy=bool(notes) or deepest > bits,
        conversion=" ".join([f"{pix_fmt} is converted to {filtered_as}", *notes]),
        coded_layout=coded,
    )


def _nearest_shifts(chroma_width: int, chroma_height: int) -> tuple[int, int]:
    """Return the subsampling that keeps all chroma of a 16×16 frame: 4:1:1 becomes 4:2:2."""
    if chroma_width == 16:
        return 0, 0
    return (1, 0) if chroma_height == 16 else (1, 1)


def _conversion(pix_fmt: str, changes: list[str]) -> str | None:
    """Return what changes; nothing does for planes in native order."""
    return f"{pix_fmt} is read {' and '.join(changes)}" if changes else None
