"""A chart of benchmark reports: milliseconds per frame, a bar for each stage.

Bars have neither axes nor ticks, so that nothing of `vsr.metrics.plot` serves here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PIL import Image, ImageDraw, ImageFont

from vsr.jobs.bench.bench_report import BenchReport

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
