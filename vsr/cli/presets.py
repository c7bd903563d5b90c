"""``vsr presets``."""

from __future__ import annotations

import click

from vsr.cli.shared.report import echo_table, emit, name_broken


@click.command(short_help="List the presets, including your own.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line for each.")
def presets(as_json: bool) -> int:
    """List every preset that --preset finds by name: the shipped ones and your own.

    Your own are TOML files in $VSR_HOME/presets, or else ~/.config/vsr/presets. If one cannot
    be read, it is named on stderr and the exit code is 3.
    """
    from vsr.recipes.find import readable
    from vsr.recipes.preset import load_preset

    every, broken = readable("presets", load_preset)
    if as_json:
        for name, preset in every.items():
            size = preset.spec.target
            emit(
                {
                    "name": name,
                    "aliases": list(preset.aliases),
                    "description": preset.description,
                    "width": size.width,
                    "height": size.height,
                    "scale": None if size.scale is None else float(size.scale),
                    "model": preset.spec.model,
                    "pipeline": preset.pipeline,
                }
            )
        return name_broken(broken)
    heads = ("name", "also known as", "model", "what")
    echo_table(
        heads, [(n, ", ".join(p.aliases), p.spec.model, p.description) for n, p in every.items()]
    )
    click.echo("\nAny height with a p, such as 480p, 720p or 1440p, is a size as well.")
    return name_broken(broken)
