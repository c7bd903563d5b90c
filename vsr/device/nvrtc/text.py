"""The text of a kernel for one format: its constants, then its parts.

What a format decides (depth, subsampling, siting, matrix) is a constant of the text, so that the
compiler sees it; sizes and strides are arguments. Every number comes from `vsr.colour` and
`vsr.device.yuv`, where torch has it from too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files

import torch

from vsr.colour import rgb_from_yuv, yuv_from_rgb
from vsr.device.yuv import HALF, YuvFormat
from vsr.frames import Layout

Row = Sequence[float]
Value = int | float | str | Row | Sequence[Row]
Constants = Mapping[str, Value]

PARTS = {
    "network_input": ("numbers", "planes", "network_input"),
    "folded_output": ("numbers", "planes", "codes", "folded_output"),
    "rgb_output": ("numbers", "planes", "codes", "rgb_output"),
}
"""Which files make up the text of each kernel, besides the first part."""

FORMATS = {torch.float32: "FP32", torch.float16: "FP16", torch.bfloat16: "BF16"}
"""What the texts call the dtype of a network's numbers."""


def part(name: str) -> str:
    """Return the text of a file of this folder."""
    return (files("vsr.device.nvrtc") / f"{name}.cu").read_text(encoding="utf-8")


def text_of(kernel: str, constants: Constants) -> str:
    """Return a kernel's text without the first part, which is ``cuda`` on a device."""
    lines = [_defined(name, value) for name, value in constants.items()]
    return "\n".join((*lines, *(part(name) for name in PARTS[kernel])))


def number_constants(dtype: torch.dtype) -> dict[str, Value]:
    """Return what ``numbers.cu`` needs."""
    return {"FORMAT": FORMATS[dtype]}


def source_constants(source: YuvFormat, *, has_chroma: bool) -> dict[str, Value]:
    """Return what ``planes.cu`` needs.

    Args:
        has_chroma: there are chroma planes, and they are read.
    """
    layout, codes = source.layout, source.codes
    constants: dict[str, Value] = {
        "SOURCE_CODE": _code_type(layout),
        "HAS_SOURCE_CHROMA": int(has_chroma),
        "LUMA_OFFSET": codes.luma_offset,
    }
    if has_chroma:
        right, down = source.offset
        constants |= {
            "X_SHIFT": layout.x_shift,
            "Y_SHIFT": layout.y_shift,
            "X_PHASES": _phases(layout.x_shift, right),
            "Y_PHASES": _phases(layout.y_shift, down),
            "CHROMA_OFFSET": codes.chroma_offset,
        }
    return constants


def target_constants(target: YuvFormat, *, is_cut: bool = True) -> dict[str, Value]:
    """Return what ``codes.cu`` needs, and how chroma without colour is written.

    Args:
        is_cut: numbers are cut to codes; else they are written as floats.
    """
    return {
        "TARGET_CODE": _code_type(target.layout) if is_cut else "float",
        "IS_CUT": int(is_cut),
        "PEAK": target.codes.peak,
        "NEUTRAL": int(target.codes.chroma_offset),
    }


def block_constants(target: YuvFormat, *, has_chroma: bool) -> dict[str, Value]:
    """Return how ``rgb_output.cu`` makes codes of RGB, and chroma samples of its pixels.

    Args:
        has_chroma: chroma is made of the pixels.
    """
    layout, codes = target.layout, target.codes
    right, down = target.offset
    scales = (codes.luma_scale, codes.chroma_scale, codes.chroma_scale)
    offsets = (codes.luma_offset, codes.chroma_offset, codes.chroma_offset)
    rows = zip(yuv_from_rgb(target.colour.matrix), scales, strict=True)
    constants: dict[str, Value] = {
        "TO_CODES": [[number * scale for number in row] for row, scale in rows],
        "CODE_OFFSETS": [offset + HALF for offset in offsets],
        "TARGET_X_SHIFT": layout.x_shift,
        "TARGET_Y_SHIFT": layout.y_shift,
    }
    if has_chroma:
        constants["TARGET_X_TAPS"] = _block_taps(layout.x_shift, right)
        constants["TARGET_Y_TAPS"] = _block_taps(layout.y_shift, down)
    return constants


def to_rgb(source: YuvFormat) -> list[list[float]]:
    """Return the matrix from code differences to RGB, nominally [0, 1]."""
    codes = source.codes
    units = (codes.luma_scale, codes.chroma_scale, codes.chroma_scale)
    rows = rgb_from_yuv(source.colour.matrix)
    return [[number / unit for number, unit in zip(row, units, strict=True)] for row in rows]


def to_luma(source: YuvFormat) -> list[list[float]]:
    """Return the matrix from code differences to the amplitude of luma."""
    return [[1.0 / source.codes.luma_scale, 0.0, 0.0]]


def to_differences(channels: int) -> list[list[float]]:
    """Return the matrix that leaves code differences as they are: of luma, or of all planes."""
    return [[float(row == column) for column in range(3)] for row in range(channels)]


def _code_type(layout: Layout) -> str:
    return "unsigned char" if layout.bits == 8 else "unsigned short"


def _phases(shift: int, offset: float) -> tuple[float, float]:
    """Return how far even and odd luma samples lie from the chroma sample of their index."""
    return (-offset / 2, (1 - offset) / 2) if shift else (0.0, 0.0)


def _block_taps(shift: int, offset: float) -> tuple[float, ...]:
    """Return the weights of the luma samples from one before a block to one after it."""
    if not shift:
        return (0.0, 1.0, 0.0, 0.0)
    return {
        0.0: (0.25, 0.5, 0.25, 0.0),
        0.5: (0.0, 0.5, 0.5, 0.0),
        1.0: (0.0, 0.25, 0.5, 0.25),
    }[offset]


def _defined(name: str, value: Value) -> str:
    """Return one constant in C: a macro, or an array of floats."""
    if isinstance(value, str | int):
        return f"#define {name} {value}"
    if isinstance(value, float):
        return f"#define {name} {_float(value)}"
    shape, rest = f"[{len(value)}]", value[0]
    if not isinstance(rest, float):
        shape += f"[{len(rest)}]"
    return f"CONSTANT const float {name}{shape} = {_braced(value)};"


def _braced(value: float | Row | Sequence[Row]) -> str:
    if isinstance(value, int | float):
        return _float(value)
    return "{" + ", ".join(_braced(item) for item in value) + "}"


def _float(value: float) -> str:
    """Return the float32 nearest to a number, by digits that give it back."""
    return f"{torch.tensor(value, dtype=torch.float32).item()!r}f"
