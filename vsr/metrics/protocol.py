"""The two protocols under which super-resolution is measured here.

``standard`` is what nearly every paper since 2014 reports. ``swift`` repeats the validation loop
of SwiftSRGAN's published code, for comparison with its own table and nothing else: its numbers are
of 96×96 crops, in R'G'B', not rounded, without a border cut, and pooled over the images, so
they are some 2 dB below those of the standard protocol for the very same output.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vsr.colour import Codes, Matrix, Range, luma_weights
from vsr.errors import InvalidData
from vsr.kernels import imresize
from vsr.media.images.images import image_size
from vsr.media.images.pictures import Picture, as_rgb, pictures_in, read_picture
from vsr.metrics.enlarge import Array, Enlarge, by_network, to_codes
from vsr.metrics.scores import CEILING_DB, WINDOW, mse, psnr, psnr_of_mse, ssim

if TYPE_CHECKING:
    import torch

    from vsr.models.blocks import Generator


SWIFT_CROP = 96


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A ground-truth image and the result from its low resolution, both 8-bit, with borders.

    Attributes:
        is_gray: the ground truth is gray: its codes are the luma.
    """

    truth: Picture
    result: Picture
    is_gray: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fidelity:
    """How close a result is to the truth: dB and SSIM of the luma, dB of R'G'B'."""

    psnr_y: float
    ssim_y: float
    psnr_rgb: float


def luma(rgb: Picture) -> Array:
    """Return the luma of 8-bit R'G'B' in limited-range codes, 16 to 235, not rounded.

    Source: ITU-R BT.601.
    """
    codes = Codes.of(8, Range.LIMITED)
    weights = np.array(luma_weights(Matrix.SMPTE170M)) * codes.luma_scale / 255.0
    return codes.luma_offset + _weighted(rgb, weights)


def _weighted(rgb: Picture, weights: Array) -> Array:
    total: Array = rgb.astype(np.float64) @ weights
    return total


def mod_cropped(picture: Picture, scale: int) -> Picture:
    """Cut the right and the bottom to a multiple of ``scale``."""
    rows, columns = picture.shape[:2]
    return picture[: rows - rows % scale, : columns - columns % scale]


def low_resolution(truth: Picture, scale: int) -> Picture:
    """Return the standard protocol's input: bicubic, antialiased, rounded to 8 bits.

    Shape: sides that are multiples of ``scale``, divided by it.
    """
    rows, columns = truth.shape[:2]
    return to_codes(imresize(truth, rows // scale, columns // scale) / 255.0)


def standard_pair(picture: Picture, scale: int, enlarge: Enlarge) -> Pair:
    """Downscale an image and enlarge it again, as the standard protocol does.

    Raises:
        InvalidData: the image is too small to be measured.
    """
    if min(picture.shape[:2]) < WINDOW + 3 * scale:
        raise InvalidData(f"an image of shape {picture.shape} is too small to be measured.")
    truth = mod_cropped(picture, scale)
    low = as_rgb(low_resolution(truth, scale))
    result = to_codes(enlarge(low / 255.0))
    return Pair(truth=as_rgb(truth), result=result, is_gray=picture.ndim == 2)


def fidelity(pair: Pair, border: int) -> Fidelity:
    """Measure a pair without its outer ``border`` pixels (the scale, in the standard protocol).

    SSIM is of luma rounded to codes, for the published figures of bicubic are (unrounded it comes
    out 0.001 higher); PSNR is of luma as computed, as current papers have it (rounded it comes out
    0.01 dB lower at 28 dB, 0.03 dB at 31 dB).
    """
    inner = slice(border, -border or None)
    truth, result = pair.truth[inner, inner], pair.result[inner, inner]
    truth_y, result_y = (_luma_of(rgb, pair.is_gray) for rgb in (truth, result))
    return Fidelity(
        psnr_y=min(psnr(truth_y, result_y), CEILING_DB),
        ssim_y=ssim(np.round(truth_y), np.round(result_y)),
        psnr_rgb=min(psnr(truth, result), CEILING_DB),
    )


def psnr_y(result: Picture, truth: Picture, crop: int) -> float:
    """Return the PSNR in dB of the luma of two 8-bit R'G'B' pictures, without ``crop`` pixels.

    Raises:
        ValueError: the shapes differ.
    """
    inner = slice(crop, -crop or None)
    return min(psnr(luma(truth[inner, inner]), luma(result[inner, inner])), CEILING_DB)


def _luma_of(rgb: Picture, is_gray: bool) -> Array:
    if not is_gray:
        return luma(rgb)
    return _weighted(rgb, np.array(luma_weights(Matrix.SMPTE170M)))


def swift_pair(picture: Picture, scale: int, enlarge: Enlarge | None) -> tuple[Array, Array]:
    """Return (truth, result) in [0, 1] as SwiftSRGAN's validation loop has them.

    Args:
        enlarge: None for bicubic, which is Pillow's there.

    Raises:
        InvalidData: the image is smaller than 96×96.
    """
    from PIL import Image

    rows, columns = picture.shape[:2]
    side = SWIFT_CROP - SWIFT_CROP % scale
    if min(rows, columns) < side:
        raise InvalidData(f"an image of shape {picture.shape} is smaller than {side}×{side}.")
    top, left = round((rows - side) / 2), round((columns - side) / 2)
    truth = np.ascontiguousarray(as_rgb(picture)[top : top + side, left : left + side])
    small = (side // scale, side // scale)
    low = Image.fromarray(truth).resize(small, Image.Resampling.BICUBIC)
    if enlarge is None:
        result = np.asarray(low.resize((side, side), Image.Resampling.BICUBIC)) / 255.0
    else:
        result = enlarge(np.asarray(low) / 255.0)
    return truth / 255.0, result


def swift_scores(pairs: Iterable[tuple[Array, Array]]) -> tuple[float, float]:
    """Return (PSNR, SSIM) of pairs in [0, 1] as that loop computes them.

    The squared errors are averaged over all images before the logarithm, and the peak is the
    largest value of the last true crop.

    Raises:
        InvalidData: there is no pair.
    """
    errors: list[float] = []
    similarities: list[float] = []
    peak = 1.0
    for truth, result in pairs:
        errors.append(mse(truth, result))
        similarities.append(ssim(truth, result, 1.0, is_zero_padded=True))
        peak = float(truth.max())
    if not errors:
        raise InvalidData("there is no image to measure.")
    pooled = psnr_of_mse(float(np.mean(errors)), peak)
    return min(pooled, CEILING_DB), float(np.mean(similarities))


MeanScores = Mapping[str, Mapping[str, float]]
"""Data set → metric → mean over its pictures."""

PROTOCOL = "standard: bicubic reduction, 8-bit result, BT.601 luma, border of ×scale pixels cut"


def score(net: Generator, folders: tuple[Path, ...], device: torch.device) -> MeanScores:
    """Return mean PSNR and SSIM of luma and PSNR of R'G'B' for each folder, by its name.

    Folders of one name have that of the folder around them before it: ``Set5/HR``.

    Raises:
        NoSuchFile, InvalidData: a folder without pictures, or a picture that is too small.
        UnreadableMedia: a picture cannot be read.
    """
    from vsr.models.traits import traits_of

    net = net.to(device).eval()
    enlarge = by_network(net, traits_of(net).radius, device)
    scores = {}
    for folder in folders:
        measured = [_measured(path, net.scale, enlarge) for path in pictures_in(folder)]
        scores[_label(folder, folders)] = {
            name: round(sum(getattr(item, name) for item in measured) / len(measured), 4)
            for name in ("psnr_y", "ssim_y", "psnr_rgb")
        }
    return scores


def check_measurable(folder: Path, scale: int) -> None:
    """Refuse a folder with a picture that `score` could not measure, as far as headers tell.

    Raises:
        NoSuchFile, InvalidData, UnreadableMedia: as `score`.
    """
    for path in pictures_in(folder):
        size = image_size(path)
        if min(size.width, size.height) < WINDOW + 3 * scale:
            raise InvalidData(
                f"{path}: {size} is too small to be measured. Choose another folder, or leave it "
                "out."
            )


def _measured(path: Path, scale: int, enlarge: Enlarge) -> Fidelity:
    try:
        return fidelity(standard_pair(read_picture(path), scale, enlarge), scale)
    except InvalidData as error:
        raise InvalidData(f"{path}: {error} Choose another folder, or leave it out.") from error


def _label(folder: Path, folders: tuple[Path, ...]) -> str:
    """Return a folder's name, with as much of its path as no other folder ends in."""
    parts = folder.resolve().parts
    others = {path for each in folders if (path := each.resolve().parts) != parts}
    lengths = range(1, len(parts))
    unlike = (n for n in lengths if all(other[-n:] != parts[-n:] for other in others))
    return "/".join(parts[-next(unlike, len(parts) - 1) :])
