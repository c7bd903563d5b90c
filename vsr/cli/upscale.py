"""``vsr upscale``, and ``vsr probe``, which says what is in a file and what an upscale would do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vsr.batch.engine import EngineSpec
from vsr.cli.shared.command import TypedCommand, typed_in
from vsr.cli.shared.lines import echo_lines, echo_wrapped, name_broken, say
from vsr.cli.shared.options import (
    DRY_RUN,
    engine_from,
    engine_options,
    existing_from,
    existing_options,
    label_of,
    output_options,
    place_options,
    planning_options,
    spec_from,
    spec_options,
    with_segments,
)
from vsr.cli.shared.places import Film, Places, folder_of, name_of, places, target_of
from vsr.cli.shared.report import emit, leaving, looking, report_for
from vsr.errors import Refused
from vsr.specs import UpscaleSpec
from vsr.wording import printable

if TYPE_CHECKING:
    from vsr.jobs.probe.look import FileReport


@click.command(cls=TypedCommand, short_help="Upscale a video, an image, or folders of them.")
@place_options
@spec_options
@existing_options
@DRY_RUN
@engine_options
@output_options
def upscale(
    paths: tuple[str, ...],
    inputs: tuple[str, ...],
    output: str | None,
    overwrite: bool,
    no_clobber: bool,
    dry_run: bool,
    as_json: bool,
    verbose: bool,
    quiet: bool,
    **options: Any,
) -> int:
    """Upscale IN to OUT, frame by frame, keeping all audio, subtitles and timestamps.

    Without OUT, the result is put next to IN: in-1080p.mp4. OUT may be a folder, and several files
    or a folder as IN are a batch (see vsr batch). Without a size it is 1080p. IN and OUT may be -
    for a pipe; a piped OUT needs --format. The word "upscale" may be omitted.

    \b
      vsr in.mp4
      vsr upscale in.mp4 out.mp4 --preset 4k
      vsr upscale in.mkv out.mkv --scale 2 --crf 16 --encoder-preset slow
      vsr upscale *.mp4 out/ --model lite
    """  # noqa: D301 # \b tells click to keep the lines
    found, label = places(paths, inputs, output), label_of(options)
    engine, existing = engine_from(options), existing_from(overwrite, no_clobber)
    with looking(found.sources[0].name, is_quiet=quiet or as_json):
        spec = with_segments(spec_from(options, existing), options)
    if not (found.is_one_file or found.is_sequence):
        from vsr.cli.batch import run_batch

        folder, template = folder_of(found, label)
        return run_batch(
            found.sources,
            folder,
            spec,
            engine=engine,
            selection={"name": template} if template else None,
            is_dry_run=dry_run,
            as_json=as_json,
            quiet=quiet,
        )
    source = found.film
    chosen = spec.container, spec.encode.codec
    target = found.target if found.is_sequence else target_of(found, label, *chosen)
    assert target is not None  # of a sequence
    _check_beforehand(source, target, spec)
    if dry_run:
        return show_plan(source, target, spec, as_json=as_json, is_verbose=verbose)
    return _run(source, target, spec, engine, as_json=as_json, quiet=quiet)


def _check_beforehand(source: Film, target: Path | None, spec: UpscaleSpec) -> None:
    from vsr.jobs.upscale.beforehand import check_beforehand

    check_beforehand(source, target, spec)


def _run(
    source: Film,
    target: Path,
    spec: UpscaleSpec,
    engine: EngineSpec,
    *,
    as_json: bool,
    quiet: bool,
) -> int:
    """Run the job on one clip, print a summary line; return the exit code."""
    from vsr.jobs.ending import heeding_interrupts
    from vsr.jobs.watchdog import Watchdog

    name = name_of(source)
    with looking(name, is_quiet=quiet or as_json):
        from vsr.jobs.workers.upscale import upscale as run

    pool = None if engine.is_inline else engine
    is_pipe = target == Path("-")
    leave = leaving(as_json=as_json, to_stderr=is_pipe)
    with (
        heeding_interrupts(leave),
        report_for(name, as_json=as_json, is_quiet=quiet, to_stderr=is_pipe) as report,
    ):
        result = run(
            source,
            target,
            spec,
            engine=pool,
            on_progress=report.on_progress,
            note=report.note,
            watchdog=Watchdog(leave),
        )
    if as_json:
        emit({"event": "done", **result.as_dict()}, to_stderr=is_pipe)
    elif not quiet:
        echo_lines(result.summary(), to_stderr=is_pipe)
    else:  # but for what is lost
        for loss in result.losses:
            say(f"loss: {loss}")
    return result.exit_code


@click.command(cls=TypedCommand, short_help="Show what is in a file, and what an upscale would do.")
@place_options
@planning_options
@click.option(
    "-v", "--verbose", is_flag=True, help="Say more: formats, clocks, tags and every option."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object, with ffprobe's names.")
@click.pass_context
def probe(
    context: click.Context,
    /,
    paths: tuple[str, ...],
    inputs: tuple[str, ...],
    output: str | None,
    verbose: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Show what is in IN, and what an upscale would do with it.

    With OUT or an option of an upscale (--preset, --model, ...), show exactly what it would do:
    sizes, network, colour, encoder, and what happens to every stream. Nothing is written.

    \b
      vsr probe in.mp4
      vsr probe in.mp4 --preset 4k
    """  # noqa: D301 # \b tells click to keep the lines
    fewest = 2 if typed_in(context) else 1  # what is asked of an upscale has an OUT, there or not
    found, label = places(paths, inputs, output, fewest=fewest), label_of(options)
    each = [replace(found, sources=(source,)) for source in found.sources]
    several = [found] if found.is_sequence else each
    spec = None
    if found.target is not None or typed_in(context):
        with looking(name_of(found.film), is_quiet=as_json):
            spec = spec_from(options)
            if len(several) > 1:
                from vsr.jobs.upscale.shared_options import check_shared

                check_shared(spec)
    broken: list[Refused] = []
    for one in several:
        try:
            report = _report_on(one, label, spec, as_json=as_json)
            _show(report, as_json=as_json, is_verbose=verbose)
        except Refused as error:
            if len(several) == 1:
                raise
            if as_json:
                emit({"event": "error", "code": error.exit_code, "message": str(error)})
            broken.append(error)
    return name_broken(broken)


def _report_on(found: Places, label: str, spec: UpscaleSpec | None, *, as_json: bool) -> FileReport:
    """Return what is in a file or a sequence, and with a spec what an upscale would do with it."""
    if spec is None:
        from vsr.jobs.probe.look import look

        return look(found.sources[0])
    _check_beforehand(found.film, None, spec)
    from vsr.jobs.probe.look_ahead import look_ahead

    with looking(name_of(found.film), is_quiet=as_json):
        target = found.target if found.is_sequence else None
        place = target or target_of(found, label, spec.container, spec.encode.codec, of_pipe="out")
        return look_ahead(found.film, place, spec)


def show_plan(
    source: Film,
    target: Path,
    spec: UpscaleSpec,
    *,
    as_json: bool,
    is_verbose: bool,
) -> int:
    """Print what is in the file and what an upscale would do; refuse whatever it would."""
    from vsr.jobs.probe.look_ahead import rehearse

    name = name_of(source)
    with looking(name, is_quiet=as_json):
        report = rehearse(source, target, spec)
    _show(report, as_json=as_json, is_verbose=is_verbose)
    return 0


def _show(report: FileReport, *, as_json: bool, is_verbose: bool) -> None:
    if as_json:
        emit(dict(report.values))
        return
    for head, value in (report.details if is_verbose else report.words).items():
        lines = value if isinstance(value, list) else [value]
        for index, line in enumerate(line for line in lines if line is not None):
            echo_wrapped(f"{'' if index else head:<{HEAD_COLUMNS}}", printable(line))


HEAD_COLUMNS = 11
"""The width of the column of heads: the longest one, and two blanks."""
