"""The measures of looks, and what `clear` must reach in each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A column of the table.

    Attributes:
        title: what it is called.
        must: what `clear` must reach, in words.
        worst: picks the worst clip's value.
        passes: of mean and worst value, or None where nothing is demanded.
        is_ratio: the value is divided by Lanczos's of the clip.
    """

    name: str
    title: str
    must: str
    worst: Callable[[list[float]], float] = max
    passes: Callable[[float, float], bool] | None = None
    is_ratio: bool = False


def _below(limit: float) -> Callable[[float, float], bool]:
    return lambda mean, worst: mean <= limit


def _furthest(values: list[float]) -> float:
    return max(values, key=lambda value: abs(value - 1))


MEASURES = (
    Measure(
        name="acutance",
        title="acutance, sharp edges",
        must="mean ≥ 1.2",
        worst=min,
        passes=lambda mean, worst: mean >= 1.2,
    ),
    Measure(
        name="steepest_tenth",
        title="acutance, as look.py",
        must="mean ≥ 1.2",
        worst=min,
        passes=lambda mean, worst: mean >= 1.2,
    ),
    Measure(
        name="focus",
        title="slope out of focus",
        must="mean 0.95–1.10",
        worst=_furthest,
        passes=lambda mean, worst: 0.95 <= mean <= 1.10,
    ),
    Measure(
        name="overshoot",
        title="overshoot, codes",
        must="mean ≤ 0.5",
        passes=lambda mean, worst: mean <= 0.5,
    ),
    Measure(
        name="weak_texture",
        title="weak texture / truth",
        must="mean 0.85–1.15",
        worst=_furthest,
        passes=lambda mean, worst: 0.85 <= mean <= 1.15,
    ),
    Measure(
        name="kept_texture",
        title="the source's own weak texture kept (clean clips)",
        must="",
        worst=min,
    ),
    Measure(
        name="luma_shift",
        title="luma of 32 px, codes",
        must="each ≤ 0.7",
        passes=lambda mean, worst: worst <= 0.7,
    ),
    Measure(
        name="chroma_shift",
        title="chroma of 32 px, codes",
        must="each ≤ 0.5",
        passes=lambda mean, worst: worst <= 0.5,
    ),
    Measure(
        name="period_4",
        title="period 4 / Lanczos",
        must="each ≤ 1.4",
        passes=lambda mean, worst: worst <= 1.4,
    ),
    Measure(
        name="period_2",
        title="period 2 / Lanczos",
        must="each ≤ 1.4",
        passes=lambda mean, worst: worst <= 1.4,
    ),
    Measure(
        name="cells_luma",
        title="steps at the source's pixels / beside, luma / Lanczos",
        must="each ≤ 1.4",
        passes=lambda mean, worst: worst <= 1.4,
    ),
    Measure(
        name="cells_colour",
        title="the same, colour / Lanczos",
        must="each ≤ 1.4",
        passes=lambda mean, worst: worst <= 1.4,
    ),
    Measure(
        name="frame_edges",
        title="error at the edge of the frame / Lanczos",
        must="",
        is_ratio=True,
    ),
    Measure(
        name="gain",
        title="Y-PSNR − Lanczos, dB",
        must="each ≥ −0.3",
        worst=min,
        passes=lambda mean, worst: worst >= -0.3,
    ),
    Measure(name="colour_gain", title="PSNR of Cb and Cr − Lanczos, dB", must="", worst=min),
    Measure(
        name="boiling",
        title="error along the motion / Lanczos",
        must="mean ≤ 1.1",
        passes=_below(1.1),
        is_ratio=True,
    ),
    Measure(
        name="still",
        title="flicker where still / Lanczos",
        must="mean ≤ 1.0",
        passes=_below(1.0),
        is_ratio=True,
    ),
    Measure(
        name="pan_residual",
        title="still panned, coded frame by frame / Lanczos",
        must="mean ≤ 1.1",
        passes=_below(1.1),
        is_ratio=True,
    ),
    Measure(
        name="pulsing_luma",
        title="jump of luma at key frames / Lanczos",
        must="mean ≤ 1.1",
        passes=_below(1.1),
        is_ratio=True,
    ),
    Measure(
        name="pulsing_detail",
        title="jump of detail at key frames / Lanczos",
        must="mean ≤ 1.1",
        passes=_below(1.1),
        is_ratio=True,
    ),
    Measure(
        name="contours",
        title="contours after the encoder / Lanczos",
        must="mean ≤ 1.0",
        passes=_below(1.0),
        is_ratio=True,
    ),
    Measure(
        name="dark_contrast",
        title="faint detail after the encoder / Lanczos",
        must="each ≥ 0.8",
        worst=min,
        passes=lambda mean, worst: worst >= 0.8,
        is_ratio=True,
    ),
    Measure(
        name="wrong_characters",
        title="wrong characters, %",
        must="mean ≤ Lanczos",
    ),
    Measure(
        name="reading_margin",
        title="margin of the right character / Lanczos",
        must="",
        worst=min,
        is_ratio=True,
    ),
    Measure(name="cosine", title="MobileNet cosine", must=""),
    Measure(name="relative", title="MobileNet relative", must=""),
    Measure(name="niqe", title="NIQE", must=""),
    Measure(name="psnr_teacher", title="PSNR to the teacher, dB", must="", worst=min),
)
