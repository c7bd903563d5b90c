"""``vsr presets``."""

from __future__ import annotations

import click

from vsr.cli.report import emit
from vsr.cli.table import echo_table


@click.command(short_help="List the presets, yours among them.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line for each.")
def presets(as_json: bool) -> None:
    """List every preset that --preset finds by name: the shipped ones and your own.

    Your own are TOML files in $VSR_HOME/presets, else ~/.config/vsr/presets.
    """
    from vsr.recipes.preset import every_preset

    every = every_preset()
    if as_json:
        for name, preset in every.items():
            size = preset.size
            emit(
                {
                    "name": name,
                    "aliases": list(preset.aliases),
                    "description": preset.description,
                    "width": size.width,
                    "height": size.height,
                    "scale": size.scale,
                    "model": preset.model,
                    "pipeline": preset.pipeline,
                }
            )
        return
    heads = ("name", "also known as", "model", "what")
    echo_table(heads, [(n, ", ".join(p.aliases), p.model, p.description) for n, p in every.items()])
