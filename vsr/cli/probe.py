"""``vsr probe``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from vsr.cli.shared.command import TypedCommand
from vsr.cli.shared.options import label_of, place_options, spec_from, spec_options
from vsr.cli.shared.places import places, target_of
from vsr.cli.shared.report import emit, looking
from vsr.specs import UpscaleSpec


@click.command(cls=TypedCommand, short_help="Show what is in a file, and what an upscale would do.")
@place_options
@spec_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each file.")
def probe(
    paths: tuple[str, ...],
    inputs: tuple[str, ...],
    output: str | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Show what is in IN, and what an upscale would do with it.

    With OUT, a look or a size (--preset, --scale, ...), show exactly what an upscale would do:
    sizes, network, colour, encoder, and what happens to every stream. Nothing is written.

    \b
      vsr probe in.mp4
      vsr probe in.mp4 --preset 4k
    """  # noqa: D301 # \b tells click to keep the lines
    found, label = places(paths, inputs, output), label_of(options)
    wants_plan = found.target is not None or any(
        options[name] is not None for name in ("preset", "look", "scale", "width", "height")
    )
    for source in found.sources:
        if wants_plan:
            from vsr.jobs.probe.look_ahead import look_ahead
            from vsr.jobs.process_setup import settle

            settle()
            with looking(source.name, is_quiet=as_json):
                spec = spec_from(options)
                place = target_of(replace(found, sources=(source,)), label, spec.container)
                told = look_ahead(source, place, spec)
            _show(told, as_json=as_json)
        else:
            from vsr.jobs.probe.look import look

            _show(look(source), as_json=as_json)
    return 0


def show_plan(
    source: Path | tuple[Path, ...], target: Path, spec: UpscaleSpec, *, as_json: bool
) -> int:
    """Print what is in the file and what an upscale would do; refuse whatever it would."""
    from vsr.jobs.probe.look_ahead import rehearse
    from vsr.jobs.process_setup import settle

    settle()
    name = source.name if isinstance(source, Path) else source[0].parent.name
    with looking(name, is_quiet=as_json):
        told = rehearse(source, target, spec)
    _show(told, as_json=as_json)
    return 0


def _show(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        emit(found)
        return
    for key, value in found.items():
        lines = value if isinstance(value, list) else [value]
        for index, line in enumerate(line for line in lines if line is not None):
            head = "" if index else key.replace("_", " ")
            click.echo(f"{head:<13}  {line}")
