"""``vsr batch``, and the forecast of its dry run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vsr.batch.engine import EngineSpec
from vsr.batch.names import DEFAULT_TEMPLATE
from vsr.batch.plan import Selection, Sources, check_sources, named
from vsr.cli.shared.command import TypedCommand
from vsr.cli.shared.lines import echo_lines, say
from vsr.cli.shared.options import (
    DRY_RUN,
    engine_from,
    engine_options,
    existing_from,
    existing_options,
    label_of,
    output_options,
    place_options,
    spec_from,
    spec_options,
    with_segments,
)
from vsr.cli.shared.places import folder_of, places
from vsr.cli.shared.report import emit, leaving, report_for
from vsr.errors import Interrupted
from vsr.specs import UpscaleSpec
from vsr.wording import printable

if TYPE_CHECKING:
    from vsr.jobs.batch.batch import BatchSpec
    from vsr.jobs.batch.outcome import Outcome


@click.command(cls=TypedCommand, short_help="Upscale folders; bad files do not stop it.")
@place_options
@spec_options
@existing_options
@click.option(
    "--include", multiple=True, metavar="PATTERN", help="Take only matching files, such as '*.mkv'."
)
@click.option(
    "--exclude", multiple=True, metavar="PATTERN", help="Skip matching files, such as 'raw/*'."
)
@click.option(
    "--name",
    metavar="TEMPLATE",
    help="Output name without suffix: {stem} {name} {suffix} {model} {scale} {preset}.",
)
@DRY_RUN
@click.option("--watch", is_flag=True, help="Keep running and pick up new files, until Ctrl-C.")
@engine_options
@output_options
def batch(
    paths: tuple[str, ...],
    inputs: tuple[str, ...],
    output: str | None,
    overwrite: bool,
    no_clobber: bool,
    dry_run: bool,
    watch: bool,
    as_json: bool,
    verbose: bool,
    quiet: bool,
    **options: Any,
) -> int:
    """Upscale every video and image under IN to the same path under the folder OUT.

    IN may be several files and folders. Without OUT, the results are put next to the files, as
    NAME-1080p.mp4, or, of a folder, next to that: FOLDER-1080p. Files already done with the same
    settings are skipped, so repeating the command resumes where an earlier one stopped. A bad
    file does not stop the rest; the exit code is 3 if any failed.

    \b
      vsr batch in/ out/ --preset 4k --workers 2
      vsr batch in/ out/ --scale 2 --include '*.mkv' --name '{stem}_{scale}x'
    """  # noqa: D301 # \b tells click to keep the lines
    from vsr.jobs.upscale.choice import model_named

    label = label_of(options)
    found = places(paths, inputs, output, fewest=1)
    target, template = folder_of(found, label)
    engine = engine_from(options)
    spec = with_segments(spec_from(options, existing_from(overwrite, no_clobber)), options)
    selection = {name: options[name] for name in ("include", "exclude")}
    selection["name"] = options["name"] or template or DEFAULT_TEMPLATE
    values = {
        "model": Path(model_named(spec.model)).name,
        "scale": spec.size.label.removeprefix("x") if spec.size.scale else "",
        "preset": label,
    }
    return run_batch(
        found.sources,
        target,
        spec,
        engine=engine,
        selection={**selection, "values": values},
        is_dry_run=dry_run,
        is_watching=watch,
        as_json=as_json,
        quiet=quiet,
    )


def run_batch(
    sources: Sequence[Path],
    target: Path,
    spec: UpscaleSpec,
    *,
    engine: EngineSpec | None = None,
    selection: dict[str, Any] | None = None,
    is_dry_run: bool = False,
    is_watching: bool = False,
    as_json: bool,
    quiet: bool,
) -> int:
    """Run the job, print a line for each file and a total; return the exit code."""
    from vsr.models.catalog import check_named

    check_sources(sources, target)
    if spec.model != "auto":
        check_named(spec.model)
    from vsr.jobs.batch.batch import BatchSpec
    from vsr.media.images.images import RESULTS

    source = sources[0] if len(sources) == 1 else sources
    job = BatchSpec(
        upscale=spec,
        engine=engine or EngineSpec(),
        selection=Selection(
            pictures=RESULTS,
            container=spec.container,
            codec=spec.encode.codec,
            **(selection or {}),
        ),
    )
    if is_dry_run:
        return show_forecast(source, target, job, as_json=as_json)
    outcomes = _show(source, target, job, is_watching=is_watching, as_json=as_json, quiet=quiet)
    _show_total(outcomes, as_json=as_json, quiet=quiet)
    has_losses = any(one.has_losses for one in outcomes if one.state != "skipped")
    return 3 if has_losses else 0


def _show(
    source: Sources,
    target: Path,
    job: BatchSpec,
    *,
    is_watching: bool,
    as_json: bool,
    quiet: bool,
) -> list[Outcome]:
    """Run the job, and show each outcome as it comes; return all of them."""
    from vsr.jobs.batch.batch import batch as once
    from vsr.jobs.batch.batch import watch as forever
    from vsr.jobs.batch.outcome import interrupted
    from vsr.jobs.ending import heeding_interrupts
    from vsr.jobs.watchdog import Watchdog

    leave = leaving(as_json=as_json)
    outcomes: list[Outcome] = []
    with (
        heeding_interrupts(leave),
        report_for(named(source), as_json=as_json, is_quiet=quiet) as report,
    ):
        run = forever if is_watching else once
        jobs = run(
            source,
            target,
            job,
            on_progress=report.on_progress,
            note=report.note,
            watchdog=Watchdog(leave),
        )
        with closing(jobs) as found:
            try:
                for outcome in found:
                    outcomes.append(outcome)
                    if as_json:
                        emit({"event": "file", **outcome.as_dict()})
                    elif not quiet:
                        report.note(outcome.line())
                    elif outcome.has_losses and outcome.state != "skipped":
                        say(outcome.line())
            except KeyboardInterrupt as error:
                with suppress(KeyboardInterrupt):
                    found.throw(error)  # it says which films are not finished
                if not is_watching:
                    raise Interrupted(interrupted(outcomes)) from error
    return outcomes


def _show_total(outcomes: list[Outcome], *, as_json: bool, quiet: bool) -> None:
    """Show how many files ended in each state, and, unless JSON is printed, a table of all."""
    from vsr.cli.shared.lines import echo_table
    from vsr.jobs.batch.outcome import HEADS, counts

    total = counts(outcomes)
    if as_json:
        emit({"event": "done", **total})
    elif not quiet:
        echo_table(HEADS, [outcome.row() for outcome in outcomes])
        click.echo(", ".join(f"{count} {state}" for state, count in total.items()))


def show_forecast(source: Sources, target: Path, job: BatchSpec, *, as_json: bool) -> int:
    """Print a line for each file, remarks and a total; return 3 if any file would fail."""
    from vsr.jobs.batch.forecast import forecast, remarks, summary, totals

    found = []
    for one in forecast(source, target, job):
        found.append(one)
        if as_json:
            emit({"event": "file", **one.as_dict()})
        else:
            echo_lines(one.line())
    total = totals(found)
    told = remarks(source, target, job, found)
    if as_json:
        for text in told:
            emit({"event": "note", "message": printable(text)})
        emit({"event": "done", **total})
    else:
        for text in (*told, summary(found)):
            echo_lines(printable(text))
    return 3 if total["failed"] else 0
