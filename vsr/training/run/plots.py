"""The plot of a run, as PNG: loss and PSNR over steps."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path

from vsr.disk.failures import writing
from vsr.disk.publishing import published
from vsr.metrics.plot import Panel, Point, draw_panels
from vsr.training.run.log import LogEntry

LOSS_COLOUR, PSNR_COLOUR = (196, 78, 40), (34, 102, 170)

WIDE = 100.0
"""Losses that differ by more than this factor are drawn on a logarithmic axis."""

Curves = dict[str, list[Point]]
"""The points of each stage, in order. A line between two stages would join unlike things."""


def write_plot(entries: Sequence[LogEntry], path: Path) -> None:
    """Draw the log of a run; stages follow one another. An empty log draws nothing."""
    losses, psnrs = _curves(entries)
    if not any(losses.values()):
        return
    panels = [_loss_panel(losses)]
    if any(psnrs.values()):
        title = "PSNR of luma, held-out patches, dB"
        panels.append(Panel(title=title, curves=psnrs, colour=PSNR_COLOUR))
    with writing(path), published(path) as part:
        draw_panels(panels).save(part, format="PNG")


def _loss_panel(losses: Curves) -> Panel:
    values = [loss for line in losses.values() for _, loss in line]
    is_logarithmic = min(values) > 0 and max(values) > WIDE * min(values)
    return Panel(
        title="loss (mean per log interval)" + ", logarithmic" * is_logarithmic,
        curves=losses,
        colour=LOSS_COLOUR,
        is_logarithmic=is_logarithmic,
    )


def _curves(entries: Sequence[LogEntry]) -> tuple[Curves, Curves]:
    """Return (step, loss) and (step, PSNR), the steps counted on from stage to stage."""
    losses: Curves = {}
    psnrs: Curves = {}
    offset, last_step = 0, 0
    for entry in entries:
        if entry.stage not in losses:
            offset += last_step
            losses[entry.stage], psnrs[entry.stage] = [], []
        last_step = entry.step
        if isfinite(entry.loss):
            losses[entry.stage].append((offset + entry.step, entry.loss))
        if entry.psnr is not None:
            psnrs[entry.stage].append((offset + entry.step, entry.psnr))
    return losses, psnrs
