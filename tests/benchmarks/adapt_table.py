"""The table of the benchmark of adapting a network to one film."""

from __future__ import annotations

from statistics import fmean
from typing import Any

HEAD = """\
A network adapted to one film, beside `auto` (strength auto, sharpness 0), from which it began, and
the default look (sharpness auto too). dB of luma PSNR towards the truth; gradients as shares of the
truth's; flicker is the deviation over time where the scene stands still, in codes. Own gain is what
the adapted network gains on the film's own reduced pictures, which is all that a user could
measure. Seconds of one core, bf16. Made by `python -m tests.benchmarks.adapt`.

| film | size | strength | auto | default | adapted | gain | own gain | gradients | flicker | s |
|---|---|---|---|---|---|---|---|---|---|---|
"""

WAYS = ("auto", "default", "adapted")


def table(found: dict[str, dict[str, Any]]) -> str:
    """Return a row for each film, and the means of those kept out and of the others."""
    lines = []
    for is_tuned, kind in ((False, "kept out"), (True, "seen while settings were chosen")):
        rows = {name: row for name, row in found.items() if row["is_tuned"] is is_tuned}
        lines += [_line(name, row) for name, row in sorted(rows.items(), key=_place)]
        for scale in ("×2", "×4"):
            gains = [_gain(row) for name, row in rows.items() if scale in name]
            if gains:
                lines.append(
                    f"| **mean, {kind}, {scale}** | | | | | | {fmean(gains):+.2f} | | | | |"
                )
    return HEAD + "\n".join(lines) + "\n"


def _place(item: tuple[str, Any]) -> tuple[str, str]:
    name, _, rest = item[0].partition(" ")
    return rest, name


def _line(name: str, row: dict[str, Any]) -> str:
    dbs = " | ".join(f"{row[way]['psnr_y']:.2f}" for way in WAYS)
    gradients = " / ".join(f"{row[way]['gradients']:.2f}" for way in WAYS)
    flickers = " / ".join(_number(row[way]["flicker"]) for way in WAYS)
    cells = (
        f"{name} ({row['what']})", row["film"], f"{row['strength']:g}", dbs, f"{_gain(row):+.2f}",
        f"{row['own_gain']:+.2f}", gradients, f"{flickers}, truth {_number(row['truth_flicker'])}",
        str(row["seconds"]),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _gain(row: dict[str, Any]) -> float:
    gain: float = row["adapted"]["psnr_y"] - row["auto"]["psnr_y"]
    return gain
