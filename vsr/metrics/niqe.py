"""NIQE: how far the statistics of an image are from those of pristine ones. Lower is better.

Source: A. Mittal, R. Soundararajan and A. C. Bovik, Making a "Completely Blind" Image Quality
Analyzer (IEEE SPL 2013). Blocks of 96×96 at two scales, every block counted, as the field reports
it. The user provides the parameters of the pristine model.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gamma, sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vsr.errors import InvalidCheckpoint, InvalidData, NoSuchFile
from vsr.kernels import imresize
from vsr.metrics.scores import gaussian

Array = NDArray[np.float64]

BLOCK = 96
WINDOW = 7
SIGMA = 7 / 6
FEATURES = 36
NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""(rows, columns) from a pixel to the neighbour it is multiplied by."""

SHAPES = np.arange(0.2, 10.001, 0.001)
"""The candidate shape parameters."""

RATIOS = np.array([gamma(2 / a) ** 2 / (gamma(1 / a) * gamma(3 / a)) for a in SHAPES])
"""(E|x|)² / E[x²] of a generalised Gaussian of each shape: equation 8 of the paper's AGGD."""


@dataclass(frozen=True, slots=True, eq=False)
class Pristine:
    """Mean (36,) and covariance (36, 36) of the features of pristine images."""

    mean: Array
    covariance: Array

    @classmethod
    def open(cls, path: Path) -> Pristine:
        """Read ``mu_pris_param`` and ``cov_pris_param`` of an ``.npz`` file.

        Raises:
            NoSuchFile: there is none.
            InvalidCheckpoint: they are not in it.
        """
        if not path.exists():
            raise NoSuchFile(f"{path}: no such NIQE parameter file. Check the path.")
        try:
            with np.load(path, allow_pickle=False) as arrays:
                mean = arrays["mu_pris_param"].astype(np.float64).reshape(FEATURES)
                covariance = arrays["cov_pris_param"].astype(np.float64)
                return cls(mean, covariance.reshape(FEATURES, FEATURES))
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise InvalidCheckpoint(
                f"{path}: not a NIQE parameter file. Give niqe_pris_params.npz."
            ) from error


def niqe(luma: Array, pristine: Pristine) -> float:
    """Return the NIQE of a luma plane (H, W) in 8-bit codes, 16 to 235.

    Raises:
        InvalidData: it holds fewer than two blocks of 96×96 that are not flat.
    """
    rows, columns = luma.shape[0] // BLOCK, luma.shape[1] // BLOCK
    if rows * columns < 2:
        raise InvalidData(f"an image of shape {luma.shape} is too small for NIQE.")
    plane = np.round(luma[: rows * BLOCK, : columns * BLOCK])
    half = imresize(plane, plane.shape[0] // 2, plane.shape[1] // 2)
    whole_size = block_features(contrast_normalised(plane), BLOCK)
    half_size = block_features(contrast_normalised(half), BLOCK // 2)
    features = np.concatenate((whole_size, half_size), axis=1)
    textured = features[~np.isnan(features).any(axis=1)]
    if len(textured) < 2:
        raise InvalidData(f"an image of shape {luma.shape} is too flat for NIQE.")
    mean = np.nanmean(features, axis=0)
    covariance = np.cov(textured, rowvar=False)
    difference = pristine.mean - mean
    inverse = np.linalg.pinv((pristine.covariance + covariance) / 2)
    return sqrt(float(difference @ inverse @ difference))


def contrast_normalised(plane: Array) -> Array:
    """Return (x - μ) / (σ + 1), μ and σ over a 7×7 Gaussian window, the border repeated."""
    mean = _blurred(plane)
    variance = np.abs(_blurred(plane**2) - mean**2)
    normalised: Array = (plane - mean) / (np.sqrt(variance) + 1)
    return normalised


def block_features(plane: Array, side: int) -> Array:
    """Return the 18 features of each ``side``×``side`` block: (blocks, 18)."""
    rows, columns = plane.shape[0] // side, plane.shape[1] // side
    blocks = plane.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(-1, side, side)
    return np.array([_features(block) for block in blocks])


def asymmetric_gaussian(x: Array) -> tuple[float, float, float]:
    """Fit an asymmetric generalised Gaussian by moments: (shape, left and right scale).

    Source: N. Lasmar et al., ICIP 2009; not-a-number where one side has no sample.
    """
    left, right = x[x < 0], x[x > 0]
    if not left.size or not right.size:
        return float("nan"), float("nan"), float("nan")
    left_std, right_std = sqrt(np.mean(left**2)), sqrt(np.mean(right**2))
    ratio = left_std / right_std
    observed = np.mean(np.abs(x)) ** 2 / np.mean(x**2)
    observed *= (ratio**3 + 1) * (ratio + 1) / (ratio**2 + 1) ** 2
    shape = float(SHAPES[np.argmin((RATIOS - observed) ** 2)])
    spread = sqrt(gamma(1 / shape) / gamma(3 / shape))
    return shape, left_std * spread, right_std * spread


def _features(block: Array) -> list[float]:
    shape, left, right = asymmetric_gaussian(block)
    features = [shape, (left + right) / 2]
    for shift in NEIGHBOURS:
        product = block * np.roll(block, shift, axis=(0, 1))
        shape, left, right = asymmetric_gaussian(product)
        mean = (right - left) * (gamma(2 / shape) / gamma(1 / shape))
        features += [shape, mean, left, right]
    return features


def _blurred(plane: Array) -> Array:
    weights = gaussian(WINDOW, SIGMA)
    padded = np.pad(plane, WINDOW // 2, mode="edge")
    rows, columns = plane.shape
    down = np.zeros((rows, columns + WINDOW - 1))
    for i, weight in enumerate(weights):
        down += weight * padded[i : i + rows]
    across = np.zeros(plane.shape)
    for i, weight in enumerate(weights):
        across += weight * down[:, i : i + columns]
    return across
