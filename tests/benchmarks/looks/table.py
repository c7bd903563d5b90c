"""The table of looks: means and worst clips of every measure, and whether `clear` may ship."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean
from typing import Any

from tests.benchmarks.looks.measures import MEASURES, Measure

TEACHER = "general-x4v3"
Found = dict[str, Any]
Row = dict[str, Any]


GAINS = {"gain": "psnr_y", "colour_gain": "psnr_c"}
"""What is shown as a difference from Lanczos's."""

HEAD = """\
How enlarged clips look, ×{scale} (made by `python -m tests.benchmarks.looks`, whose modules say how
each figure is taken). Each cell: mean over clips, then the worst clip; **bold** misses what `clear`
must. `unsharp = NAME` is Lanczos with an unsharp mask that gives each clip NAME's acutance. The
MobileNet distances (blocks 2, 5, 10, 15) are not LPIPS; lower is better.
"""

TITLES = {"choose": "Clips to choose by", "report": "Clips only to report"}


def table(found: Found) -> str:
    """Return the text: one table for each half, and the flat fields."""
    lines = [HEAD.format(scale=found["scale"])]
    for half, title in TITLES.items():
        rows = [row["scores"] for row in found["clips"].values() if row["half"] == half]
        if rows:
            lines += [f"## {title} ({len(rows)})", "", *_half(rows), ""]
    lines += ["## Flat fields, and cost", "", *_flat(found["flat"])]
    return "\n".join(lines) + "\n"


def _half(rows: list[Row]) -> Iterator[str]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    yield _line(["measure", "`clear` must", *names])
    yield _line(["---"] * (2 + len(names)))
    for measure in MEASURES:
        yield _line([measure.title, measure.must, *(_cell(rows, name, measure) for name in names)])
    yield _line(
        ["way from Lanczos to the teacher, cosine", "≥ 60 %", *(_way(rows, name) for name in names)]
    )


def _cell(rows: list[Row], name: str, measure: Measure) -> str:
    values = [value for row in rows if (value := _shown(row, name, measure)) is not None]
    if not values:
        return "–"
    mean, worst = fmean(values), measure.worst(values)
    text = f"{mean:.2f}; {worst:.2f}"
    failed = measure.passes is not None and not measure.passes(mean, worst)
    if measure.name == "wrong_characters":
        base = [
            _shown(row, "lanczos", measure)
            for row in rows
            if _shown(row, name, measure) is not None
        ]
        failed = mean > fmean(one for one in base if one is not None)
    return f"**{text}**" if failed else text


def _shown(row: Row, name: str, measure: Measure) -> float | None:
    """Return a method's value on a clip, over Lanczos's if that is asked for."""
    own = _value(row, name, measure.name)
    if own is None or not measure.is_ratio:
        return own
    base = _value(row, "lanczos", measure.name)
    return own / base if base else None


def _value(row: Row, name: str, measure: str) -> float | None:
    if name not in row:
        return None
    if measure in GAINS:
        own, base = (row[one].get(GAINS[measure]) for one in (name, "lanczos"))
        return None if own is None else own - base
    value: float | None = row[name].get(measure)
    if value is not None and measure == "wrong_characters":
        return 100 * value
    return value


def _way(rows: list[Row], name: str) -> str:
    """Return how much of the distance between Lanczos and the teacher a method covers."""
    known = [row for row in rows if _value(row, name, "cosine") is not None]
    if not known or any(TEACHER not in row for row in known):
        return "–"
    own, base, goal = (
        fmean(row[one]["cosine"] for row in known) for one in (name, "lanczos", TEACHER)
    )
    if goal >= base:
        return "teacher is no nearer"
    return f"{100 * (base - own) / (base - goal):.0f} %"


def _flat(flat: dict[str, Any]) -> Iterator[str]:
    heads = ["method", "worst deviation, codes (≤ 0.5)", "black and white exact"]
    yield _line([*heads, "multiply-adds a source pixel", "of the teacher's"])
    yield _line(["---"] * 5)
    teacher = flat.get(TEACHER, {}).get("operations")
    for name, one in flat.items():
        worst = f"{one['worst']:.2f}" if one["worst"] <= 0.5 else f"**{one['worst']:.2f}**"
        cost = one["operations"]
        share = f"{100 * cost / teacher:.0f} %" if teacher and cost else "–"
        exact = "yes" if one["is_exact"] else "**no**"
        yield _line([name, worst, exact, f"{cost / 1000:,.0f} k" if cost else "–", share])


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
