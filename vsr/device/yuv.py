"""YUV planes ↔ RGB in torch, float32: the reference for every faster path.

Decoded codes become amplitudes, chroma is brought to the luma grid (bilinear, with its siting),
and a 3x3 matrix gives RGB. Nothing is clamped until codes are quantised, once, at the end.

Sources: H.273 clause 8.3 (matrices, codes), BT.601/709/2020 (siting of 4:2:0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from vsr.colour import Codes, Colour, Siting, rgb_from_yuv, yuv_from_rgb
from vsr.errors import InvalidOption
from vsr.frames import HostFrame, Layout, Plane


def mixed(picture: Tensor, matrix: Sequence[Sequence[float]]) -> Tensor:
    """Return the channels (N, 3, H, W) times a 3x3 matrix, kept out of any autocast."""
    if picture.is_cuda:
        return mixed_by_plane(picture, matrix)
    weight = torch.tensor(matrix, dtype=picture.dtype)
    with torch.autocast(picture.device.type, enabled=False):
        return F.conv2d(picture, weight[:, :, None, None])


def mixed_by_plane(picture: Tensor, matrix: Sequence[Sequence[float]]) -> Tensor:
    """Return the same with the numbers as arguments: a CUDA graph allows no copy from the host.

    Exact float32 too, where a convolution may round to TF32.
    """
    mixed = torch.empty_like(picture, memory_format=torch.contiguous_format)
    planes = picture.unbind(1)
    for row, own in zip(matrix, mixed.unbind(1), strict=True):
        torch.mul(planes[0], row[0], out=own)
        for factor, plane in zip(row[1:], planes[1:], strict=True):
            own.add_(plane, alpha=factor)
    return mixed


HALF = 0.5
"""Added before the fraction is cut off, to round."""


@dataclass(frozen=True, slots=True)
class YuvFormat:
    """What codes mean: bit depth and subsampling, with matrix, range and siting resolved."""

    layout: Layout
    colour: Colour

    def __post_init__(self) -> None:
        if self.layout.x_shift > 1 or self.layout.y_shift > 1:
            raise InvalidOption(
                f"chroma subsampling {self.layout.subsampling} is not supported; "
                "4:2:0, 4:2:2, 4:4:4 and gray are."
            )
        if self.colour.siting is Siting.UNSPECIFIED:
            raise InvalidOption("the chroma siting must be resolved before the maths.")

    @property
    def codes(self) -> Codes:
        """How codes and amplitudes map."""
        return Codes.of(self.layout.bits, self.colour.range)

    @property
    def offset(self) -> tuple[float, float]:
        """(right, down) of chroma from the first luma sample; 0 where not subsampled."""
        right, down = self.colour.siting.offset
        return (right if self.layout.x_shift else 0.0, down if self.layout.y_shift else 0.0)


def amplitudes(planes: Sequence[Tensor], source: YuvFormat) -> tuple[Tensor, Tensor | None]:
    """Return luma and chroma amplitudes of code planes.

    Args:
        planes: Y, or Y, U, V, each (rows, columns), uint8 or uint16.

    Returns:
        Luma (1, 1, H, W) float32, nominally [0, 1], and chroma (1, 2, h, w) in [-0.5, 0.5];
        None for gray.
    """
    codes = source.codes
    luma = (planes[0].float() - codes.luma_offset).mul_(1.0 / codes.luma_scale)
    if source.layout.is_gray:
        return luma[None, None], None
    chroma = torch.stack((planes[1], planes[2])).float()
    return luma[None, None], chroma.sub_(codes.chroma_offset).mul_(1.0 / codes.chroma_scale)[None]


def rgb_of(planes: Sequence[Tensor], source: YuvFormat) -> Tensor:
    """Return RGB (1, 3, H, W), float32, nominally [0, 1], not clamped."""
    luma, chroma = amplitudes(planes, source)
    if chroma is None:
        return luma.expand(1, 3, *luma.shape[2:])
    height, width = luma.shape[2:]
    yuv = torch.cat((luma, upsample_chroma(chroma, source, height, width)), dim=1)
    return mixed(yuv, rgb_from_yuv(source.colour.matrix))


def yuv_of(rgb: Tensor, matrix: int) -> Tensor:
    """Return Y, Cb, Cr amplitudes (N, 3, H, W) of RGB (N, 3, H, W), float32."""
    return mixed(rgb, yuv_from_rgb(matrix))


def planes_of(rgb: Tensor, target: YuvFormat) -> tuple[Tensor, ...]:
    """Return code planes of RGB (1, 3, H, W): rounded, clamped once."""
    yuv = yuv_of(rgb.float(), target.colour.matrix)
    if target.layout.is_gray:
        return quantised(yuv[:, :1], None, target)
    return quantised(yuv[:, :1], downsample_chroma(yuv[:, 1:], target), target)


def quantised(luma: Tensor | None, chroma: Tensor | None, target: YuvFormat) -> tuple[Tensor, ...]:
    """Return code planes of amplitudes (1, 1, H, W) and (1, 2, h, w), of those that are given.

    Codes are rounded half up and clamped to [0, peak]: the one clamp there is.
    """
    codes = target.codes
    planes = []
    if luma is not None:
        planes.append(_codes(luma[0, 0], codes.luma_scale, codes.luma_offset, codes.peak))
    if chroma is not None:
        for plane in chroma[0]:
            planes.append(_codes(plane, codes.chroma_scale, codes.chroma_offset, codes.peak))
    return tuple(planes)


def upsample_chroma(chroma: Tensor, source: YuvFormat, height: int, width: int) -> Tensor:
    """Return chroma (N, 2, h, w) on the luma grid (N, 2, height, width), bilinear, edges held."""
    right, down = source.offset
    if source.layout.y_shift:
        chroma = _doubled(chroma, down, dim=2)[:, :, :height]
    if source.layout.x_shift:
        chroma = _doubled(chroma, right, dim=3)[..., :width]
    return chroma


def downsample_chroma(chroma: Tensor, target: YuvFormat) -> Tensor:
    """Return chroma (N, 2, H, W) on the subsampled grid, edges held.

    A chroma sample on a luma sample takes [1 2 1]/4 around it, one between two luma samples takes
    their mean; for left-sited 4:2:0 that is [1 2 1]/4 across and a box down.
    """
    right, down = target.offset
    if target.layout.y_shift:  # whole rows first: half as many are left for the columns
        chroma = _halved(chroma, down, dim=2)
    if target.layout.x_shift:
        chroma = _halved(chroma, right, dim=3)
    return chroma


def _doubled(chroma: Tensor, offset: float, dim: int) -> Tensor:
    """Interpolate linearly to twice the samples along ``dim``.

    Luma sample 2i + p lies at i + (p - offset) / 2 of the chroma grid, within half a sample of
    the i-th, so three taps serve every siting.
    """
    before, after = _neighbours(chroma, dim)
    phases = []
    for parity in (0, 1):
        phase = (parity - offset) / 2
        neighbour = after if phase > 0 else before
        phases.append(torch.lerp(chroma, neighbour, abs(phase)) if phase else chroma)
    return torch.stack(phases, dim + 1).flatten(dim, dim + 1)


def _halved(chroma: Tensor, offset: float, dim: int) -> Tensor:
    """Average to half the samples (rounded up) along ``dim``."""
    size = chroma.shape[dim]
    if size % 2:
        chroma = torch.cat((chroma, chroma.narrow(dim, size - 1, 1)), dim)
        size += 1
    pairs = chroma.reshape(*chroma.shape[:dim], size // 2, 2, *chroma.shape[dim + 1 :])
    even, odd = pairs.unbind(dim + 1)
    if offset == 0.5:
        return torch.lerp(even, odd, 0.5)
    if offset == 0.0:
        before = torch.cat((even.narrow(dim, 0, 1), odd.narrow(dim, 0, size // 2 - 1)), dim)
        return torch.lerp(even, (before + odd).mul_(0.5), 0.5)
    after = torch.cat((even.narrow(dim, 1, size // 2 - 1), odd.narrow(dim, size // 2 - 1, 1)), dim)
    return torch.lerp(odd, (even + after).mul_(0.5), 0.5)


def _neighbours(values: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Return the samples before and after each one, edges held."""
    size = values.shape[dim]
    first, last = values.narrow(dim, 0, 1), values.narrow(dim, size - 1, 1)
    before = torch.cat((first, values.narrow(dim, 0, size - 1)), dim)
    after = torch.cat((values.narrow(dim, 1, size - 1), last), dim)
    return before, after


def _codes(amplitude: Tensor, scale: float, offset: float, peak: int) -> Tensor:
    return cut_codes((amplitude * scale).add_(offset + HALF), peak)


def cut_codes(values: Tensor, peak: int) -> Tensor:
    """Return code values plus one half, their fraction cut off, clamped to [0, peak].

    Through int32: faster than float → uint8 on a CPU, and what is negative is clamped, not wrapped.

    Returns:
        uint8 up to a peak of 255, else uint16.
    """
    codes = values.to(torch.int32).clamp_(0, peak)
    return codes.to(torch.uint8 if peak <= 255 else torch.uint16)


def picture_of(frame: HostFrame) -> NDArray[np.uint8]:
    """Return a frame as (H, W, 3) 8-bit R'G'B'; an untagged colour is guessed from its size."""
    planes = [torch.from_numpy(np.ascontiguousarray(plane)) for plane in frame.planes]
    rgb = rgb_of(planes, YuvFormat(frame.layout, frame.resolved_colour))[0].clamp(0, 1)
    return (rgb.permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()


def tensor_of(plane: Plane) -> Tensor:
    """Return a plane as a tensor of the same memory, or of a copy if it cannot be shared."""
    if not plane.flags.writeable or any(stride < 0 for stride in plane.strides):
        plane = plane.copy()  # torch shares neither read-only memory nor negative strides
    return torch.from_numpy(plane)
