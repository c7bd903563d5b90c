"""``vsr presets``."""

from __future__ import annotations

import click

from vsr.cli.shared.report import echo_table, emit, name_broken


@click.command(short_help="List the presets, including your own.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line for each.")
def presets(as_json: bool) -> int:
    """List every preset and look that --preset and --look find by name: the shipped and your own.

    Your own are TOML files in $VSR_HOME/presets, or else ~/.config/vsr/presets, and looks in
    presets/looks. If one cannot be read, it is named on stderr and the exit code is 3.
    """
    from vsr.recipes.preset import load_look, load_preset
    from vsr.recipes.read import readable

    every, broken = readable("presets", load_preset)
    looks, broken_looks = readable("presets/looks", load_look)
    broken += broken_looks
    if as_json:
        for name, preset in every.items():
            size = preset.spec.size
            emit(
                {
                    "kind": "preset",
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
        for name, look in looks.items():
            values = dict(look.values)
            emit({"kind": "look", "name": name, "description": look.description, "values": values})
        return name_broken(broken)
    heads = ("name", "also known as", "model", "what")
    echo_table(
        heads, [(n, ", ".join(p.aliases), p.spec.model, p.description) for n, p in every.items()]
    )
    click.echo("\nAny height with a p, such as 480p, 720p or 1440p, is a size as well.")
    click.echo("\nLooks, for --look, with any size:\n")
    echo_table(("look", "what"), [(n, f"{look.description} ({look})") for n, look in looks.items()])
    return name_broken(broken)
