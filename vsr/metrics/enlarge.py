"""Enlarge one image, in float, as metrics and validation need it: by a network, or bicubic."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vsr.colour import Matrix, rgb_from_yuv, yuv_from_rgb
from vsr.errors import InvalidOption
from vsr.kernels import imresize
from vsr.media.images.pictures import Picture

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from vsr.models.blocks import Generator
    from vsr.models.int8.network import IntegerPlain

Array = NDArray[np.float64]

Enlarge = Callable[[Array], Array]
"""(H, W, 3) R'G'B' in [0, 1] → (sH, sW, 3), not clamped."""

STRIP_PIXELS = 1 << 17
"""Low-resolution pixels that go through a network at once, which bounds its memory."""

SIZES = (1.0, 1.125, 1.25)
"""Relative input sizes of the ensemble over sizes."""


def bicubic(scale: int) -> Enlarge:
    """Return the standard protocol's own interpolation."""
    return lambda x: imresize(x, x.shape[0] * scale, x.shape[1] * scale)


def by_network(
    net: Generator | IntegerPlain, radius: int, device: torch.device | str = "cpu"
) -> Enlarge:
    """Return ``net`` as an `Enlarge`; a luma network gets bicubic chroma.

    Args:
        net: in eval mode, on ``device``.
        radius: how far an input reaches, in low-resolution pixels; strips overlap by it, so that
            the result is that of the whole image.
    """

    def enlarge(x: Array) -> Array:
        if net.colour == "rgb":
            return _in_strips(net, radius, device, x)
        yuv: Array = x @ np.array(yuv_from_rgb(Matrix.SMPTE170M)).T
        luma = _in_strips(net, radius, device, yuv[:, :, :1])
        chroma = imresize(yuv[:, :, 1:], *luma.shape[:2])
        large = np.concatenate((luma, chroma), axis=2)
        rgb: Array = large @ np.array(rgb_from_yuv(Matrix.SMPTE170M)).T
        return rgb

    return enlarge


def ensembled(enlarge: Enlarge, kind: str) -> Enlarge:
    """Average what ``enlarge`` makes of several versions of an image.

    ``flips``: the eight flips and quarter turns. ``sizes``: a few input sizes. ``none``: as it is.

    Raises:
        InvalidOption: another kind.
    """
    if kind == "none":
        return enlarge
    if kind == "flips":
        return lambda x: _mean_over_flips(enlarge, x)
    if kind == "sizes":
        return lambda x: _mean_over_sizes(enlarge, x)
    raise InvalidOption(f"--self-ensemble {kind}: choose none, flips or sizes.")


def to_codes(x: Array) -> Picture:
    """Round amplitudes in [0, 1] to 8-bit codes, clamping what lies outside."""
    return np.round(np.clip(x, 0.0, 1.0) * 255.0).astype(np.uint8)


def _mean_over_flips(enlarge: Enlarge, x: Array) -> Array:
    total: Array | None = None
    for turns in range(4):
        for is_flipped in (False, True):
            turned = np.rot90(x, turns)
            y = enlarge(np.ascontiguousarray(turned[:, ::-1] if is_flipped else turned))
            back = np.rot90(y[:, ::-1] if is_flipped else y, -turns)
            total = back.copy() if total is None else total + back
    assert total is not None
    return total / 8


def _mean_over_sizes(enlarge: Enlarge, x: Array) -> Array:
    rows, columns = x.shape[:2]
    same = enlarge(x)
    total = same.copy()
    for size in SIZES[1:]:
        y = enlarge(imresize(x, round(rows * size), round(columns * size)))
        total += imresize(y, *same.shape[:2])
    return total / len(SIZES)


def _in_strips(
    net: Generator | IntegerPlain, radius: int, device: torch.device | str, x: Array
) -> Array:
    """Send (H, W, C) through ``net``, some rows at a time."""
    import torch

    tensor = torch.from_numpy(np.moveaxis(x, 2, 0)[None].astype(np.float32)).to(device)
    rows, columns = x.shape[:2]
    traits = getattr(net, "traits", None)
    is_whole = traits is not None and traits.is_global
    height = rows if is_whole else _up(max(1, STRIP_PIXELS // columns), net.multiple)
    with torch.inference_mode():
        strips = [_strip(net, radius, tensor, top, height) for top in range(0, rows, height)]
    whole = torch.cat(strips, dim=2)[0].double().cpu().numpy()
    return np.ascontiguousarray(np.moveaxis(whole, 0, 2))


def _up(length: int, multiple: int) -> int:
    """Return the next whole multiple."""
    return -(-length // multiple) * multiple


def _strip(net: Generator | IntegerPlain, radius: int, x: Tensor, top: int, height: int) -> Tensor:
    bottom = min(top + height, x.shape[2])
    first, last = max(top - _up(radius, net.multiple), 0), min(bottom + radius, x.shape[2])
    y: Tensor = net(x[:, :, first:last])
    return y[:, :, (top - first) * net.scale : (bottom - first) * net.scale].float()
