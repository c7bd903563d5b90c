"""Blind pairs: two pictures side by side, in random order, without names; and their verdict.

Half of the pairs are stills, half strips of frames with a slice over time. Who reads them must
see neither the key nor this program's other output. What comes out is the share of these readers'
choices on these clips, not what "people prefer".
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from math import sqrt
from pathlib import Path

import numpy as np
from PIL import Image

from tests.benchmarks.looks.clips import Clip
from tests.benchmarks.looks.judge import shown
from tests.benchmarks.looks.methods import SLOW, Method
from tests.benchmarks.looks.planar import Rgb
from tests.benchmarks.looks.sheets import busiest, cut, over_time
from tests.benchmarks.looks.sheets import write as write_text

STILL, STRIP = (480, 400), (240, 200)
"""Columns and rows of a still, and of each of the four frames of a strip."""

PURPOSES = ("looks", "face", "text")
GAP, HEAD, SLICE_ROWS = 16, 28, 10
SHOWN = 6
"""The frame that a still shows."""

CONFIDENCE = 1.96
"""Standard deviations of a 95 % interval."""

SHARES = {"lanczos": 80, "default": 75, "unsharp": 70, "general-x4v3": 50}
"""Per cent of choices that `clear` must win against each."""


def write(
    clips: Sequence[Clip], every: Sequence[Method], candidate: str, typed: argparse.Namespace
) -> int:
    """Write a PNG for each pair into ``typed.folder`` and the key to ``typed.key``.

    Every clip gives a pair of the candidate against each other method: a still and a strip in
    turn, for each method too. Returns how many there are.
    """
    rng = np.random.default_rng(typed.seed)
    typed.folder.mkdir(parents=True, exist_ok=True)
    made = list(_pairs(clips, every, candidate))
    key = {}
    for number, place in enumerate(rng.permutation(len(made)), start=1):
        clip, rival, is_strip, mine, theirs = made[place]
        is_first = bool(rng.integers(2))
        both = (mine, theirs) if is_first else (theirs, mine)
        name = f"{number:03d}"
        _page(both).save(typed.folder / f"{name}.png")
        key[name] = {
            "clip": clip,
            "kind": "strip" if is_strip else "still",
            "A": candidate if is_first else rival,
            "B": rival if is_first else candidate,
        }
    typed.key.parent.mkdir(parents=True, exist_ok=True)
    typed.key.write_text(json.dumps({"candidate": candidate, "pairs": key}, indent=1) + "\n")
    return len(made)


def verdict(key_file: Path, answer_files: Sequence[Path]) -> str:
    """Return how often the candidate was chosen against each rival, with 95 % intervals.

    Answers are lines such as ``007 B``; ``=`` is half a choice for each.
    """
    key = json.loads(key_file.read_text())
    candidate = key["candidate"]
    won: dict[str, list[float]] = {}
    for file in answer_files:
        for name, answer in re.findall(r"^\s*(\d{3})\s+([AB=])", file.read_text(), re.MULTILINE):
            pair = key["pairs"][name]
            rival = pair["A"] if pair["B"] == candidate else pair["B"]
            value = 0.5 if answer == "=" else float(pair[answer] == candidate)
            won.setdefault(rival, []).append(value)
    lines = [
        "| against | chosen | 95 % interval | answers | must |",
        "| --- | --- | --- | --- | --- |",
    ]
    for rival, values in won.items():
        low, high = interval(sum(values), len(values))
        must = SHARES.get(rival.partition(" ")[0])
        share = 100 * sum(values) / len(values)
        cells = (f"{share:.0f} %", f"{100 * low:.0f}–{100 * high:.0f} %", str(len(values)))
        lines.append(f"| {rival} | {' | '.join(cells)} | {f'≥ {must} %' if must else ''} |")
    return "\n".join(lines)


def interval(won: float, count: int) -> tuple[float, float]:
    """Return Wilson's interval of a share (E. B. Wilson, JASA 1927)."""
    share, square = won / count, CONFIDENCE**2
    middle = (share + square / (2 * count)) / (1 + square / count)
    spread = share * (1 - share) / count + square / (4 * count**2)
    half = CONFIDENCE * sqrt(spread) / (1 + square / count)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _pairs(
    clips: Sequence[Clip], every: Sequence[Method], candidate: str
) -> Iterator[tuple[str, str, bool, Image.Image, Image.Image]]:
    shared = [clip for clip in clips if clip.purpose in PURPOSES]
    for first, clip in enumerate(shared):
        _, results = shown(clip, [one for one in every if one.name not in SLOW], candidate)
        results.pop("truth", None)
        base = results["lanczos"]
        rivals = [name for name in results if name != candidate]
        for turn, rival in enumerate(rivals, start=first):
            is_strip = turn % 2 == 1 and len(base) > 2
            draw = _strip if is_strip else _still
            place = busiest(base[0], STRIP if is_strip else STILL)
            mine, theirs = (draw(results[name], place) for name in (candidate, rival))
            yield clip.name, rival, is_strip, mine, theirs


def _still(frames: Rgb, place: tuple[int, int]) -> Image.Image:
    return Image.fromarray(cut(frames, place, STILL)[min(SHOWN, len(frames) - 1)])


def _strip(frames: Rgb, place: tuple[int, int]) -> Image.Image:
    """Return four frames that follow each other, and a row of the clip over time below."""
    crop = cut(frames, place, STRIP)
    rows, columns = crop.shape[1:3]
    page = Image.new("RGB", (2 * columns, 2 * rows + SLICE_ROWS * len(crop)))
    for index in range(4):
        frame = Image.fromarray(crop[index + 1])
        page.paste(frame, (index % 2 * columns, index // 2 * rows))
    page.paste(over_time(crop, SLICE_ROWS), (0, 2 * rows))
    return page


def _page(both: Sequence[Image.Image]) -> Image.Image:
    width, height = both[0].size
    page = Image.new("RGB", (2 * width + GAP, HEAD + height))
    for index, (name, one) in enumerate(zip("AB", both)):
        left = index * (width + GAP)
        page.paste(one, (left, HEAD))
        write_text(page, (left + 6, 4), name, 18)
    return page
