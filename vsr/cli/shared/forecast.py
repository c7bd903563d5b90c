"""What ``vsr batch --dry-run`` prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsr.cli.shared.report import emit

if TYPE_CHECKING:
    from vsr.jobs.batch.batch import BatchSpec


def show_forecast(source: Path, target: Path, job: BatchSpec, *, as_json: bool) -> int:
    """Print a line for each file and a total; return 3 if any file would fail."""
    from vsr.jobs.batch.forecast import forecast, totals
    from vsr.jobs.result import counted

    found = []
    for one in forecast(source, target, job):
        found.append(one)
        if as_json:
            emit({"event": "file", **one.as_dict()})
        else:
            click.echo(one.line())
    total = totals(found)
    if as_json:
        emit({"event": "done", **total})
    else:
        click.echo(
            f"{total['todo']} to do ({counted(total['clips'], 'clip')}, "
            f"{counted(total['pictures'], 'picture')}, {counted(total['frames'])} in all), "
            f"{total['skipped']} skipped, {total['failed']} failed"
        )
    return 3 if total["failed"] else 0
