"""What a benchmark measured: one value, as JSON, as lines for a person, and as a chart.

Bars have neither axes nor ticks, so that nothing of `vsr.metrics.plot` serves here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from vsr.wording import counted

FILM_MINUTES = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRate:
    """One stage, run alone.

    Attributes:
        fps: frames per second of wall time, with the threads that it has in the pipeline.
        cpu_ms: CPU time of one frame with a single thread; None where it was not measured.
    """

    fps: float
    cpu_ms: float | None = None

    @property
    def ms(self) -> float:
        """Wall time of one frame."""
        return 1000 / self.fps


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchReport:
    """One model on one device.

    Attributes:
        weights: first digits of the sha256 of the weights; empty for ``bicubic``.
        size: from what to what.
        encoder: its name and options; None if the frames were discarded.
        frames, repeats: of each measurement; the rates are medians.
        stages: ``decode``, ``network`` and ``encode``, each alone.
        whole_fps: of the whole pipeline, files opened and committed.
        core_use: single-thread CPU seconds of the stages ÷ (cores × wall of the whole); None on a
            GPU, where waiting costs CPU time.
        film_rate: frames per second of the clip.
    """

    model: str
    weights: str
    scale: int
    size: str
    device: str
    cores: int
    encoder: str | None
    frames: int
    repeats: int
    stages: Mapping[str, StageRate]
    whole_fps: float
    core_use: float | None
    film_rate: float
    versions: Mapping[str, str]

    @property
    def film_seconds(self) -> float:
        """How long a film of `FILM_MINUTES` takes, of the clip's size and frame rate."""
        return FILM_MINUTES * 60 * self.film_rate / self.whole_fps

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "model": self.model,
            "weights": self.weights,
            "scale": self.scale,
            "size": self.size,
            "device": self.device,
            "cores": self.cores,
            "encoder": self.encoder,
            "frames": self.frames,
            "repeats": self.repeats,
            "stages": {
                name: {
                    "fps": _rounded(stage.fps),
                    "ms": _rounded(stage.ms),
                    "cpu_ms": _rounded(stage.cpu_ms),
                }
                for name, stage in self.stages.items()
            },
            "whole_fps": _rounded(self.whole_fps),
            "core_use": _rounded(self.core_use),
            "film_seconds": _rounded(self.film_seconds),
            "versions": dict(self.versions),
        }

    def lines(self) -> list[str]:
        """Return the lines below the table of rates."""
        lines = []
        if self.core_use is not None:
            lines.append(f"core use {self.core_use:.2f} of {self.cores} cores")
        took = in_words(self.film_seconds)
        lines.append(f"a {FILM_MINUTES}-minute video like this takes about {took}")
        return lines


def in_words(seconds: float) -> str:
    """Return a time in words, to the minute below ten hours, else to the hour."""
    minutes = max(1, round(seconds / 60))
    hours, minutes = divmod(minutes, 60)
    if hours >= 10:
        hours, minutes = round(seconds / 3600), 0
    parts = [counted(hours, "hour")] * (hours > 0) + [counted(minutes, "minute")] * (minutes > 0)
    return " ".join(parts)


def _rounded(value: float | None) -> float | None:
    """Round to four significant digits: more would be noise."""
    return None if value is None else float(f"{value:.4g}")


WIDTH, MARGIN, LABEL, NUMBER = 900, 24, 130, 110
BAR, GAP, HEAD = 22, 8, 34

COLOURS = {
    "decode": "#7aa6c2",
    "network": "#d98032",
    "encode": "#7f9f5a",
    "whole": "#333333",
}


def draw_chart(reports: Sequence[BenchReport]) -> Image.Image:
    """Draw all reports below each other; each has its own scale."""
    blocks = [(report, list(_bars(report))) for report in reports]
    rows = sum(HEAD + len(bars) * (BAR + GAP) + MARGIN for _, bars in blocks)
    page = Image.new("RGB", (WIDTH, rows + MARGIN), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(size=16)
    top = MARGIN
    for report, bars in blocks:
        draw.text((MARGIN, top), _title(report), fill="black", font=font)
        top += HEAD
        longest = max(ms for _, ms in bars)
        for name, ms in bars:
            left = MARGIN + LABEL
            length = round((WIDTH - left - MARGIN - NUMBER) * ms / longest)
            draw.text((MARGIN, top + 1), name, fill="black", font=font)
            draw.rectangle((left, top, left + length, top + BAR), fill=COLOURS[name])
            draw.text((left + length + 8, top + 1), f"{ms:.3g} ms", fill="black", font=font)
            top += BAR + GAP
        top += MARGIN
    return page


def _bars(report: BenchReport) -> Iterator[tuple[str, float]]:
    for name, stage in report.stages.items():
        yield name, stage.ms
    yield "whole", 1000 / report.whole_fps


def _title(report: BenchReport) -> str:
    written = report.encoder.split()[0] if report.encoder else "output discarded"
    title = f"{report.model} ×{report.scale}, {report.size}, {written}, {report.device}"
    return title.replace("×", "x").replace("→", "to")  # Pillow's own font lacks both
