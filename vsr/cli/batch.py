"""``vsr batch``."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from vsr.cli.options import (
    existing_from,
    existing_options,
    output_options,
    spec_from,
    spec_options,
)
from vsr.cli.report import emit, report_for
from vsr.jobs.progress import Observer
from vsr.specs import UpscaleSpec


@click.command(short_help="Upscale a folder, past its bad files.")
@click.argument("source", metavar="IN_DIR", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT_DIR", type=click.Path(path_type=Path))
@spec_options
@existing_options
@output_options
def batch(
    source: Path,
    target: Path,
    overwrite: bool,
    no_clobber: bool,
    as_json: bool,
    verbose: bool,
    quiet: bool,
    **options: Any,
) -> int:
    """Upscale every clip below IN_DIR to the same place below OUT_DIR.

    Clips that are finished are skipped, so the same command goes on where an earlier one stopped;
    a bad clip does not stop the rest. Ends with 3 if some failed.
    """
    spec = spec_from(options, existing_from(overwrite, no_clobber))
    return run_batch(source, target, spec, as_json=as_json, quiet=quiet)


def run_batch(source: Path, target: Path, spec: UpscaleSpec, *, as_json: bool, quiet: bool) -> int:
    """Run the job, print a line for each file and one for all; return the exit code."""
    from vsr.jobs.batch import batch as run
    from vsr.jobs.program import settle

    settle()
    states: Counter[str] = Counter()
    has_losses = False
    with ExitStack() as bars:

        def observe(clip: Path) -> Observer:
            bars.close()  # the bar of the clip before
            report = report_for(clip.name, as_json=as_json, is_quiet=quiet)
            return bars.enter_context(report).observe

        for outcome in run(source, target, spec, observe=observe):
            bars.close()
            states[outcome.state] += 1
            has_losses = has_losses or bool(outcome.message)
            if as_json:
                emit({"event": "file", **outcome.as_dict()})
            elif not quiet or outcome.state == "failed":
                detail = f"  ({outcome.message})" if outcome.message else ""
                click.echo(f"{outcome.state:7}  {outcome.target}{detail}")
    counts = {state: states[state] for state in ("done", "skipped", "failed")}
    if as_json:
        emit({"event": "done", **counts})
    elif not quiet:
        click.echo(", ".join(f"{count} {state}" for state, count in counts.items()))
    return 3 if has_losses else 0
