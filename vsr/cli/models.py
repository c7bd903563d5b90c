"""``vsr models``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from vsr.cli.shared.report import echo_table, emit

if TYPE_CHECKING:
    from vsr.models.catalog import Description


@click.command(short_help="List the networks with their cost and scores.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line for each.")
def models(as_json: bool) -> None:
    """List the networks: size, cost, receptive field, and measured scores.

    MACs are multiply-accumulates per source pixel; the radius is how far, in source pixels, the
    receptive field reaches; dB is Y PSNR ×4 on Set5 under the standard protocol. Your own models
    are files named NAME_xSCALE.safetensors in $VSR_MODELS, $VSR_HOME/models or
    ~/.local/share/vsr/models, whichever comes first.
    """
    from vsr.models.catalog import describe

    rows = describe()
    if as_json:
        for row in rows:
            emit(asdict(row))
        return
    heads = ("name", "scales", "parameters", "MACs/pixel", "radius", "Set5 dB", "weights", "what")
    echo_table(
        heads,
        [
            (
                row.name,
                " ".join(f"×{scale}" for scale in row.scales) or None,
                row.parameters,
                row.macs_per_pixel,
                row.radius,
                row.scores.get("Set5", {}).get("psnr_y"),
                _origin(row),
                row.summary,
            )
            for row in rows
        ],
    )


def _origin(row: Description) -> str | None:
    if row.parameters == 0:
        return "needs none"
    return "shipped" if row.is_shipped else "yours" if row.scales else None
