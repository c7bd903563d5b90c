"""``vsr upscale``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from vsr.batch.engine import EngineSpec
from vsr.cli.shared.options import (
    engine_from,
    engine_options,
    existing_from,
    existing_options,
    output_options,
    spec_from,
    spec_options,
    with_segments,
)
from vsr.cli.shared.report import emit, report_for
from vsr.specs import UpscaleSpec


@click.command(short_help="Upscale a video, or every video in a folder.")
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@spec_options
@existing_options
@click.option("--dry-run", is_flag=True, help="Print what would be done; write nothing.")
@engine_options
@output_options
def upscale(
    source: Path,
    target: Path,
    overwrite: bool,
    no_clobber: bool,
    dry_run: bool,
    as_json: bool,
    verbose: bool,
    quiet: bool,
    **options: Any,
) -> int:
    """Upscale IN to OUT, frame by frame, keeping all audio, subtitles and timestamps.

    Without a size, the preset is 1080p. IN and OUT may both be folders (see vsr batch). Either may
    be - for a pipe; a piped OUT needs --format.

    \b
      vsr upscale in.mp4 out.mp4 --preset 4k
      vsr upscale in.mkv out.mkv --scale 2 --crf 16 --encoder-preset slow
    """  # noqa: D301 # \b tells click to keep the lines
    engine = engine_from(options)
    spec = with_segments(spec_from(options, existing_from(overwrite, no_clobber)), options)
    if source.is_dir():
        from vsr.cli.batch import run_batch

        return run_batch(
            source,
            target,
            spec,
            engine=engine,
            is_dry_run=dry_run,
            as_json=as_json,
            quiet=quiet,
        )
    if dry_run:
        from vsr.cli.probe import show_plan

        return show_plan(source, target, spec, as_json=as_json)
    return _run(source, target, spec, engine, as_json=as_json, quiet=quiet)


def _run(
    source: Path,
    target: Path,
    spec: UpscaleSpec,
    engine: EngineSpec,
    *,
    as_json: bool,
    quiet: bool,
) -> int:
    """Run the job on one clip, print a summary line; return the exit code."""
    from vsr.jobs.process_setup import settle
    from vsr.jobs.workers.upscale import upscale as run

    settle()
    pool = None if engine.is_inline else engine
    is_pipe = target == Path("-")
    with report_for(source.name, as_json=as_json, is_quiet=quiet, to_stderr=is_pipe) as report:
        result = run(
            source, target, spec, engine=pool, on_progress=report.on_progress, note=report.note
        )
    if as_json:
        emit({"event": "done", **result.as_dict()}, to_stderr=is_pipe)
    elif not quiet:
        click.echo(result.summary(), err=is_pipe)
    return result.exit_code
