"""``vsr probe``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from vsr.cli.shared.options import spec_from, spec_options
from vsr.cli.shared.report import emit
from vsr.specs import UpscaleSpec


@click.command(short_help="Show what is in a file, and what an upscale would do.")
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="[OUT]", required=False, type=click.Path(path_type=Path))
@spec_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def probe(source: Path, target: Path | None, as_json: bool, **options: Any) -> int:
    """Show what is in IN, and what an upscale would do with it.

    With OUT, a look or a size (--preset, --scale, ...), show exactly what an upscale would do:
    sizes, network, colour, encoder, and what happens to every stream. Nothing is written.
    """
    wants_plan = target is not None or any(
        options[name] is not None for name in ("preset", "look", "scale", "width", "height")
    )
    if wants_plan:
        from vsr.jobs.probe.look_ahead import look_ahead
        from vsr.jobs.process_setup import settle
        from vsr.media.images.images import is_image

        settle()
        suffix = source.suffix if is_image(source) else ".mkv"
        place = target or source.with_name(f"{source.stem}-upscaled{suffix}")
        _show(look_ahead(source, place, spec_from(options)), as_json=as_json)
        return 0
    from vsr.jobs.probe.look import look

    _show(look(source), as_json=as_json)
    return 0


def show_plan(source: Path, target: Path, spec: UpscaleSpec, *, as_json: bool) -> int:
    """Print what is in the file and what an upscale would do; refuse whatever it would."""
    from vsr.jobs.probe.look_ahead import rehearse
    from vsr.jobs.process_setup import settle

    settle()
    _show(rehearse(source, target, spec), as_json=as_json)
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
