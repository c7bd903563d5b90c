"""The table of adversarial flavours: what each brings and costs beside its pixel network."""

from __future__ import annotations

from typing import Any

HEAD = """\
Adversarial flavours against the network that each began as, ×4, Set14 and BSD100 under the standard
protocol (made by `make bench-video`). Two distances of MobileNetV2's features, at blocks that no
loss looked at: `cosine`, mean 1 - cos between the features of a position (LPIPS's formula with
every channel weighted equally, and another network: no LPIPS), and `relative`, mean |difference|
over mean |truth|. They and NIQE: lower is better. Grid: how far periods of 4 and 2 pixels stand out
in the spectrum, over the truth's. Flicker: static regions of twelve clips, x264 CRF 18, the truth's
own is 1.
"""

HEADS = (
    "network",
    "set",
    "PSNR, dB",
    "change",
    "NIQE",
    "was",
    "cosine",
    "change",
    "relative",
    "change",
    "grid",
    "was",
    "flicker",
    "was",
)


def table(found: dict[str, dict[str, Any]]) -> str:
    """Return a row for each network and set of pictures."""
    lines = [HEAD, _row(HEADS), _row(["---"] * len(HEADS))]
    for name, pair in found.items():
        own, base = pair["own"], pair["base"]
        for pictures in (key for key, value in own.items() if isinstance(value, dict)):
            mine, theirs = own[pictures], base[pictures]
            cells = [
                f"{name} (from {pair['base_name']})",
                pictures,
                f"{mine['psnr_y']:.2f}",
                f"{mine['psnr_y'] - theirs['psnr_y']:+.2f}",
                f"{mine['niqe']:.2f}",
                f"{theirs['niqe']:.2f}",
                f"{mine['cosine']:.3f}",
                f"{100 * (mine['cosine'] / theirs['cosine'] - 1):+.0f} %",
                f"{mine['relative']:.3f}",
                f"{100 * (mine['relative'] / theirs['relative'] - 1):+.0f} %",
                *(f"{one['grid_4']:.1f}, {one['grid_2']:.1f}" for one in (mine, theirs)),
                f"{own['flicker']:.2f}",
                f"{base['flicker']:.2f}",
            ]
            lines.append(_row(cells))
    return "\n".join(lines) + "\n"


def _row(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"
