"""The table of the video benchmark: what each method gains over Lanczos."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean
from typing import Any

Found = dict[str, dict[str, Any]]

REFERENCE = "lanczos"

HEAD = """\
Gain over Lanczos in dB of luma PSNR; clips reduced {scale} times (bicubic), x264 preset medium,
4:2:0, enlarged ×{scale} by `vsr` from file to planes (made by `make bench-video`). Settings were
chosen on the first six clips alone.
"""


def table(found: Found, scale: int) -> str:
    """Return both tables: gain by clip and quality, and the means of every measure."""
    names = _methods(found)
    heads = ["clip", "crf", "Lanczos, dB", *(name for name in names if name != REFERENCE)]
    lines = [HEAD.format(scale=scale), _row(heads), _row(["---"] * len(heads))]
    for is_tuned in (True, False):
        group = {clip: row for clip, row in found.items() if row["is_tuned"] is is_tuned}
        for clip, row in group.items():
            for crf, scores in _qualities(row):
                gains = _gains(scores, names)
                base = f"{scores[REFERENCE]['psnr_y']:.2f}"
                lines.append(_row([f"{clip} ({row['what']})", crf, base, *gains]))
        kind = "tuned on" if is_tuned else "held out"
        means = [_mean_gain(group, name) for name in names if name != REFERENCE]
        lines.append(_row([f"**mean, {kind}**", "", "", *means]))
    lines += ["", *_measures(found, names)]
    return "\n".join(lines) + "\n"


def _measures(found: Found, names: list[str]) -> Iterator[str]:
    """Yield the means of the other measures over all clips and qualities, a row for each method."""
    heads = ["method", "gain, dB", "worst, dB", "SSIM", "feature distance", "NIQE", "flicker"]
    yield "Means over all clips; flicker in static regions against the truth's own (1 is equal)."
    yield "The feature distance is MobileNetV2's and no LPIPS; it and NIQE: lower is better."
    yield ""
    yield _row(heads)
    yield _row(["---"] * len(heads))
    for name in names:
        gains = list(_all_gains(found, name))
        cells = [f"{fmean(gains):+.2f}", f"{min(gains):+.2f}"] if gains else ["–", "–"]
        for metric in ("ssim_y", "feature_distance", "niqe", "flicker"):
            values = [
                scores[name][metric]
                for row in found.values()
                for _, scores in _qualities(row)
                if scores.get(name, {}).get(metric) is not None
            ]
            cells.append(f"{fmean(values):.3f}" if values else "–")
        yield _row([name, *cells])


def _methods(found: Found) -> list[str]:
    rows = [scores for row in found.values() for _, scores in _qualities(row)]
    return list(dict.fromkeys(name for scores in rows for name in scores))


def _qualities(row: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, scores in row.items():
        if key.startswith("crf "):
            yield key.removeprefix("crf "), scores


def _gains(scores: dict[str, Any], names: list[str]) -> list[str]:
    base = scores[REFERENCE]["psnr_y"]
    return [
        f"{scores[name]['psnr_y'] - base:+.2f}" if name in scores else "–"
        for name in names
        if name != REFERENCE
    ]


def _all_gains(found: Found, name: str) -> Iterator[float]:
    for row in found.values():
        for _, scores in _qualities(row):
            if name in scores:
                yield scores[name]["psnr_y"] - scores[REFERENCE]["psnr_y"]


def _mean_gain(found: Found, name: str) -> str:
    gains = list(_all_gains(found, name))
    return f"**{fmean(gains):+.2f}**" if gains else "–"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
