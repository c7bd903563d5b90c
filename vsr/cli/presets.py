"""``vsr presets``: list sizes and looks, and print the file of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from vsr.cli.shared.completion import complete_recipe
from vsr.cli.shared.lines import echo_table, echo_wrapped, name_broken
from vsr.cli.shared.report import emit

if TYPE_CHECKING:
    from vsr.recipes.preset import Look, Preset


@click.command(short_help="List the presets, including your own.")
@click.argument("name", required=False, shell_complete=complete_recipe("presets/looks"))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line for each.")
def presets(name: str | None, as_json: bool) -> int:
    """List every preset and look that --preset and --look find by name: the shipped and your own.

    With NAME, print the file of that one, to begin your own with.

    \b
      vsr presets phone > mine.toml
      vsr upscale in.mp4 --look mine.toml

    Your own are TOML files in $VSR_HOME/presets, or else ~/.config/vsr/presets, and looks in
    presets/looks. If one cannot be read, it is named on stderr and the exit code is 3.
    """  # noqa: D301 # \b tells click to keep the lines
    from vsr.recipes.preset import load_look, load_preset, text_of
    from vsr.recipes.read import readable

    if name is not None:
        click.echo(text_of(name), nl=False)
        return 0
    every, broken = readable("presets", load_preset)
    looks, broken_looks = readable("presets/looks", load_look)
    broken += broken_looks
    show = _emit if as_json else _show
    show(every, looks)
    return name_broken(broken)


def _emit(every: Mapping[str, Preset], looks: Mapping[str, Look]) -> None:
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


def _show(every: Mapping[str, Preset], looks: Mapping[str, Look]) -> None:
    echo_table(
        ("name", "also known as", "model", "what"),
        [(n, ", ".join(p.aliases), p.spec.model, p.description) for n, p in every.items()],
    )
    click.echo("")
    echo_wrapped("", "Any height with a p is a preset too, such as 480p, 720p or 1440p.")
    click.echo("\nLooks, for --look, with any size:\n")
    echo_table(("look", "what"), [(n, f"{look.description} ({look})") for n, look in looks.items()])
