"""What a benchmark measured: one value, as JSON, as lines for a person, and as a chart.

Bars have neither axes nor ticks, so that nothing of `vsr.metrics.plot` serves here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw, ImageFont


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
class Roofline:
    """The least time that the network's convolutions need for one frame.

    Attributes:
        operations: for one frame; a multiply-accumulate is two.
        bytes_moved: for one frame, each convolution reading its input and writing its output.
        operations_per_second: what this device reached in a large matrix product.
        bytes_per_second: what it reached in a large copy.
        ms: the sum over the convolutions of the longer of computing and moving.
    """

    operations: float
    bytes_moved: float
    operations_per_second: float
    bytes_per_second: float
    ms: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "operations": round(self.operations),
            "bytes": round(self.bytes_moved),
            "operations_per_second": round(self.operations_per_second),
            "bytes_per_second": round(self.bytes_per_second),
            "ms": _rounded(self.ms),
        }

    def __str__(self) -> str:
        return (
            f"{self.ms:.2f} ms: {self.operations / 1e9:.1f} GFLOP at "
            f"{self.operations_per_second / 1e9:.0f} GFLOP/s, "
            f"{self.bytes_moved / 1e6:.0f} MB at {self.bytes_per_second / 1e9:.0f} GB/s"
        )


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
        plain_loop_fps: of a plain PyTorch loop with the same encoder; None if it was not run.
        peak_host_mb: the largest resident set while the whole ran.
        peak_device_mb: the peak of allocated device memory; None on the CPU.
        roofline: None without a network.
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
    plain_loop_fps: float | None
    peak_host_mb: float | None
    peak_device_mb: float | None
    roofline: Roofline | None
    versions: Mapping[str, str]

    @property
    def overlap_efficiency(self) -> float:
        """The whole ÷ the slowest stage alone: 1 where all others hide behind it."""
        return self.whole_fps / min(stage.fps for stage in self.stages.values())

    @property
    def network_share(self) -> float:
        """The whole ÷ the network alone."""
        return self.whole_fps / self.stages["network"].fps

    @property
    def speedup(self) -> float | None:
        """The whole ÷ the plain loop."""
        return self.whole_fps / self.plain_loop_fps if self.plain_loop_fps else None

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
            "overlap_efficiency": _rounded(self.overlap_efficiency),
            "network_share": _rounded(self.network_share),
            "core_use": _rounded(self.core_use),
            "plain_loop_fps": _rounded(self.plain_loop_fps),
            "speedup": _rounded(self.speedup),
            "peak_host_mb": _rounded(self.peak_host_mb),
            "peak_device_mb": _rounded(self.peak_device_mb),
            "roofline": self.roofline.as_dict() if self.roofline else None,
            "versions": dict(self.versions),
        }

    def lines(self) -> list[str]:
        """Return the lines below the table of rates."""
        lines = [
            f"overlap efficiency {self.overlap_efficiency:.2f} (whole ÷ slowest stage alone), "
            f"{self.network_share:.2f} of the network alone"
        ]
        if self.core_use is not None:
            lines.append(f"core use {self.core_use:.2f} of {self.cores} cores")
        if self.speedup is not None:
            lines.append(f"{self.speedup:.2f} × the plain loop")
        if self.peak_host_mb is not None:
            device = f", device {self.peak_device_mb:.0f} MB" if self.peak_device_mb else ""
            lines.append(f"peak memory {self.peak_host_mb:.0f} MB{device}")
        if self.roofline is not None:
            network = self.stages["network"]
            lines.append(f"network {network.ms:.2f} ms a frame, roofline {self.roofline}")
        return lines


def _rounded(value: float | None) -> float | None:
    """Round to four significant digits: more would be noise."""
    return None if value is None else float(f"{value:.4g}")


WIDTH, MARGIN, LABEL, NUMBER = 900, 24, 130, 110
BAR, GAP, HEAD = 22, 8, 34

COLOURS = {
    "decode": "#7aa6c2",
    "network": "#d98032",
    "encode": "#7f9f5a",
    "roofline": "#c9c9c9",
    "whole": "#333333",
    "plain loop": "#a05252",
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
    if report.roofline is not None:
        yield "roofline", report.roofline.ms
    yield "whole", 1000 / report.whole_fps
    if report.plain_loop_fps:
        yield "plain loop", 1000 / report.plain_loop_fps


def _title(report: BenchReport) -> str:
    written = report.encoder.split()[0] if report.encoder else "output discarded"
    title = f"{report.model} ×{report.scale}, {report.size}, {written}, {report.device}"
    return title.replace("×", "x").replace("→", "to")  # Pillow's own font lacks both
