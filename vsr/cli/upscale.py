"""``vsr upscale``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from vsr.cli.engines import engine_from, engine_options, with_segments
from vsr.cli.options import (
    existing_from,
    existing_options,
    output_options,
    spec_from,
    spec_options,
)
from vsr.cli.report import emit, report_for


@click.command(short_help="Upscale a clip, or every clip of a folder.")
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@spec_options
@existing_options
@click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
@engine_options
@output_options
def upscale(
    source: str,
    target: str,
    overwrite: bool,
    no_clobber: bool,
    dry_run: bool,
    as_json: bool,
    verbose: bool,
    quiet: bool,
    **options: Any,
) -> int:
    """Upscale IN into OUT: picture by picture, with all sound, subtitles and times kept.

    Without a size the preset is 1080p. IN and OUT may both be folders (see vsr batch); either may
    be - for a pipe, an output then with --format.

    \b
      vsr upscale in.mp4 out.mp4 --preset 4k
      vsr upscale in.mkv out.mkv --scale 2 --crf 16 --encoder-preset slow
    """  # noqa: D301 # \b is click's mark of lines to keep
    engine = engine_from(options)
    spec = with_segments(spec_from(options, existing_from(overwrite, no_clobber)), options)
    if Path(source).is_dir():
        from vsr.cli.batch import run_batch

        return run_batch(
            Path(source),
            Path(target),
            spec,
            engine=engine,
            is_dry_run=dry_run,
            as_json=as_json,
            quiet=quiet,
        )
    if dry_run:
        from vsr.cli.probe import show_plan

        return show_plan(Path(source), Path(target), spec, as_json=as_json)
    from vsr.jobs.program import settle
    from vsr.jobs.spread import upscale_spread
    from vsr.jobs.upscale import upscale as run

    settle()
    if not engine.is_inline:
        run = partial(upscale_spread, engine=engine)
    is_pipe = target == "-"
    with report_for(
        Path(source).name, as_json=as_json, is_quiet=quiet, to_stderr=is_pipe
    ) as report:
        result = run(Path(source), Path(target), spec, observe=report.observe, note=report.note)
    if as_json:
        emit({"event": "done", **result.as_dict()}, to_stderr=is_pipe)
    elif not quiet:
        click.echo(result.summary(), err=is_pipe)
    return 3 if result.losses else 0
