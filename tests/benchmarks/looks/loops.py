"""Loops: two seconds of every method side by side, to be looked at in motion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.benchmarks.looks.clips import Clip
from tests.benchmarks.looks.judge import shown
from tests.benchmarks.looks.methods import SLOW, Method
from tests.benchmarks.looks.planar import Rgb, planes_from_rgb
from tests.benchmarks.video_clips import encode_as

FRAMES = 50
"""Two seconds at 25 frames per second; a shorter clip is repeated."""

CROP = (80, 60)
"""Columns and rows of the source: fewer than on sheets, as there are more frames."""

PURPOSES = ("looks", "face")
PER_LINE = 3


def loop(clip: Clip, every: Sequence[Method], match: str, folder: Path) -> Path | None:
    """Write a clip's loop; None for a clip that is there for a single figure.

    The order, line by line, is that of the methods, then the unsharp mask and the truth; it is
    written beside it.
    """
    if clip.purpose not in PURPOSES:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{clip.half}_{clip.name.replace(' ', '_')}.mp4"
    longer = replace(clip, frames=FRAMES, crop=CROP)
    _, results = shown(longer, [one for one in every if one.name not in SLOW], match)
    names = list(results)
    page = tiled([results[name] for name in names])
    repeated = [page[index % len(page)] for index in range(FRAMES)]
    planes = [planes_from_rgb(frame) for frame in repeated]
    encode_as(path, planes, "libx264", {"crf": "14", "preset": "medium"})
    path.with_suffix(".txt").write_text("\n".join(names) + "\n")
    return path


def tiled(results: Sequence[Rgb]) -> Rgb:
    """Return frames of all results in lines of `PER_LINE`."""
    frames, rows, columns = results[0].shape[:3]
    lines = -(-len(results) // PER_LINE)
    page = np.zeros((frames, lines * rows, PER_LINE * columns, 3), np.uint8)
    for index, one in enumerate(results):
        top, left = index // PER_LINE * rows, index % PER_LINE * columns
        page[:, top : top + rows, left : left + columns] = one
    return page
