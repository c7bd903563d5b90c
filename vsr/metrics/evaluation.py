"""What was measured, as plain values for a table or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from vsr.metrics.flicker import Flicker


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
