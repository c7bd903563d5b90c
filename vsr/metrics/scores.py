"""What was measured, as plain values for a table or JSON; and flicker, measured frame by frame.

Flicker is what a result adds to the changes of its reference from frame to frame. No optical flow:
both measures look at the same place in neighbouring frames.

Peak signal-to-noise ratio and structural similarity.

Source: Z. Wang et al., Image Quality Assessment: From Error Visibility to Structural Similarity
(IEEE TIP 2004), equation 13: an 11×11 Gaussian window of σ 1.5, K1 = 0.01, K2 = 0.03.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import inf, log10, sqrt
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

STATIC_CHANGE = 1.0
"""A place is static between two frames if its reference changes by less, in 8-bit codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flicker:
    """How much a result flickers, in 8-bit codes of luma.

    Attributes:
        static_std: standard deviation over time where the reference is static; None if nowhere.
        difference_error: mean |Δresult - Δreference| over all places and neighbouring frames.
        static_share: how much of the clip is static, 0 to 1.
        pairs: of neighbouring frames that were compared.
    """

    static_std: float | None
    difference_error: float
    static_share: float
    pairs: int


class FlickerMeter:
    """Take frames in order, keep only the last two, return a `Flicker` at any time.

    Two frames of one independent noise of standard deviation σ differ by √2·σ, so the variance
    over time is half the mean square of the differences between neighbours.
    """

    def __init__(self) -> None:
        self._last: tuple[Array, Array] | None = None
        self._pairs = self._places = self._static = 0
        self._static_squares = self._errors = 0.0

    def add(self, reference: Array, result: Array) -> None:
        """Take the next frames, (H, W) in 8-bit codes.

        Raises:
            ValueError: their shapes differ.
        """
        if reference.shape != result.shape:
            raise ValueError(f"pictures of shapes {reference.shape} and {result.shape}")
        if self._last is not None:
            change = reference - self._last[0]
            result_change = result - self._last[1]
            is_static = np.abs(change) < STATIC_CHANGE
            self._pairs += 1
            self._places += change.size
            self._static += int(is_static.sum())
            self._static_squares += float(np.square(result_change[is_static]).sum())
            self._errors += float(np.abs(result_change - change).sum())
        self._last = (reference, result)

    def flicker(self) -> Flicker | None:
        """Return what was measured so far; None before the second frame."""
        if not self._pairs:
            return None
        static = sqrt(self._static_squares / self._static / 2) if self._static else None
        return Flicker(
            static_std=static,
            difference_error=self._errors / self._places,
            static_share=self._static / self._places,
            pairs=self._pairs,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """One image, or the mean of many. None means not measured.

    Attributes:
        psnr_y: dB, of luma; identical images count as 100.
        ssim_y: of luma, up to 1.
        psnr_rgb: dB, of R'G'B'.
        ssim_rgb: of R'G'B', only under SwiftSRGAN's protocol.
        feature_distance: between MobileNetV2's features, from 0; not LPIPS.
        niqe: of the result alone, lower is better.
    """

    psnr_y: float | None = None
    ssim_y: float | None = None
    psnr_rgb: float | None = None
    ssim_rgb: float | None = None
    feature_distance: float | None = None
    niqe: float | None = None


METRICS = tuple(Scores.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class NamedScores:
    """The scores of one image of a folder, or of one frame of a video by its number."""

    name: str
    scores: Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A whole measurement.

    Attributes:
        about: what was measured and how, in reading order.
        mean: over the pictures (under SwiftSRGAN's protocol, PSNR of the pooled error).
        pictures: one by one.
        flicker: of a film.
        skipped: what could not be measured, and why.
    """

    about: dict[str, Any]
    mean: Scores
    pictures: tuple[NamedScores, ...]
    flicker: Flicker | None = None
    skipped: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return one object: what, the means by name, ``images`` with theirs, what was skipped."""
        flicker = {"flicker": asdict(self.flicker)} if self.flicker else {}
        return {
            **self.about,
            **asdict(self.mean),
            **flicker,
            "images": [{"name": item.name, **asdict(item.scores)} for item in self.pictures],
            "skipped": list(self.skipped),
        }


def mean_of(pictures: Sequence[Scores]) -> Scores:
    """Return the mean of each metric over the images that have it."""

    def mean(metric: str) -> float | None:
        values = [getattr(item, metric) for item in pictures]
        present = [value for value in values if value is not None]
        return fmean(present) if present else None

    return Scores(**{metric: mean(metric) for metric in METRICS})


PEAK = 255.0
"""Of 8-bit codes, the default of all metrics here."""

CEILING_DB = 100.0
"""What identical images count as in a report: a mean needs a number, JSON has no infinity."""


def mse(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Return the mean squared error of two arrays of one shape, computed in float64.

    Raises:
        ValueError: the shapes differ.
    """
    if a.shape != b.shape:
        raise ValueError(f"images of shapes {a.shape} and {b.shape} cannot be compared")
    return float(np.mean(np.square(a.astype(np.float64) - b.astype(np.float64))))


def psnr(a: NDArray[Any], b: NDArray[Any], peak: float = PEAK) -> float:
    """Return 10·log10(peak² / MSE) in dB; infinite for identical arrays.

    Raises:
        ValueError: the shapes differ.
    """
    return psnr_of_mse(mse(a, b), peak)


def psnr_of_mse(error: float, peak: float = PEAK) -> float:
    """Return the PSNR in dB that belongs to a mean squared error."""
    return 10 * log10(peak**2 / error) if error > 0 else inf


WINDOW = 11
SIGMA = 1.5
K1 = 0.01
K2 = 0.03


def gaussian(length: int, sigma: float) -> NDArray[np.float64]:
    """Return a Gaussian of ``length`` samples that sums to 1."""
    x = np.arange(length) - (length - 1) / 2
    weights = np.exp(-(x**2) / (2 * sigma**2))
    total: float = weights.sum()
    return np.asarray(weights / total)


def ssim(
    a: NDArray[Any], b: NDArray[Any], peak: float = PEAK, *, is_zero_padded: bool = False
) -> float:
    """Return the mean SSIM of two images (H, W) or (H, W, C); channels are averaged.

    Only windows that lie wholly inside count, unless ``is_zero_padded`` surrounds the image
    with zeros, as some training code does.

    Raises:
        ValueError: the shapes differ, or a side is shorter than the window.
    """
    if a.shape != b.shape:
        raise ValueError(f"images of shapes {a.shape} and {b.shape} cannot be compared")
    if min(a.shape[:2]) < WINDOW:
        raise ValueError(
            f"an image of shape {a.shape} is smaller than the {WINDOW}×{WINDOW} window"
        )
    x, y = a.astype(np.float64), b.astype(np.float64)
    if is_zero_padded:
        margin = [(WINDOW // 2, WINDOW // 2)] * 2 + [(0, 0)] * (x.ndim - 2)
        x, y = np.pad(x, margin), np.pad(y, margin)
    mu_x, mu_y = _blurred(x), _blurred(y)
    var_x = _blurred(x * x) - mu_x**2
    var_y = _blurred(y * y) - mu_y**2
    covariance = _blurred(x * y) - mu_x * mu_y
    c1, c2 = (K1 * peak) ** 2, (K2 * peak) ** 2
    luminance = (2 * mu_x * mu_y + c1) / (mu_x**2 + mu_y**2 + c1)
    structure = (2 * covariance + c2) / (var_x + var_y + c2)
    return float(np.mean(luminance * structure))


def _blurred(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Filter with the window where it fits: (H, W, …) → (H - 10, W - 10, …)."""
    weights = gaussian(WINDOW, SIGMA)
    rows, columns = x.shape[0] - WINDOW + 1, x.shape[1] - WINDOW + 1
    down = sum(weight * x[i : i + rows] for i, weight in enumerate(weights))
    assert isinstance(down, np.ndarray)
    across = sum(weight * down[:, i : i + columns] for i, weight in enumerate(weights))
    assert isinstance(across, np.ndarray)
    return across
