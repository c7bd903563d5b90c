"""``vsr train teach``, and the options that ``vsr train prepare`` shares with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vsr.cli.shared.completion import complete_model
from vsr.cli.shared.counting_bar import counting_bar
from vsr.cli.shared.lines import echo
from vsr.cli.shared.report import emit
from vsr.cli.shared.values import Number, OneOf, Whole, Word
from vsr.cli.train.run import stoppable

if TYPE_CHECKING:
    from vsr.jobs.teach import TeachSpec
    from vsr.training.data.manifest import Taught
    from vsr.training.teacher.teacher import TeacherSpec

Command = TypeVar("Command", bound=Callable[..., Any])

FOLDER = click.Path(path_type=Path)

_TEACHER_OPTIONS = (
    click.option(
        "--teacher", "teachers", multiple=True, metavar="NAME|FILE[:SHARE]",
        shell_complete=complete_model,
        help="Network whose output becomes the targets; several are averaged (FILE:0.3).",
    ),
    click.option(
        "--name", metavar="NAME", default="teacher", show_default=True,
        help="Name of the targets, for a recipe.",
    ),
    click.option(
        "--tone", type=Number(), default=16.0, show_default=True,
        help="Take the tones from the ground truth, averaged over this many pixels; 0: off.",
    ),
    click.option(
        "--texture", type=Number(), default=0.5, show_default=True,
        help="Give back this share of the texture that the teacher lost.",
    ),
    click.option(
        "--window", type=Whole(), default=17, show_default=True,
        help="Keep values within the range of the source over this many pixels; 0: off.",
    ),
    click.option(
        "--sharpen", type=Number(), default=0.0, show_default=True,
        help="Sharpen the targets by this amount.",
    ),
    click.option(
        "--workers", type=Whole(), default=1, show_default=True,
        help="Worker processes, one thread each.",
    ),
    click.option(
        "-d", "--device", type=Word(), default="auto", help="Device: auto, cpu, cuda or cuda:N."
    ),
    click.option(
        "--precision", type=OneOf(["auto", "fp16", "bf16", "fp32"]), default="auto",
        help="Precision of the teacher; see vsr train fit.",
    ),
)  # fmt: skip


def teacher_options(command: Command) -> Command:
    """Add the options that say who teaches, and how."""
    for option in reversed(_TEACHER_OPTIONS):
        command = option(command)
    return command


@click.command(short_help="Let a network make the targets of a prepared set.")
@click.argument("data", type=FOLDER)
@click.option(
    "--scale", "scales", type=Whole(), multiple=True, help="Scale factor; default: all in the set."
)
@click.option(
    "--degradation",
    "degradations",
    metavar="NAME",
    multiple=True,
    help="Degradation; default: all in the set but bicubic.",
)
@teacher_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
@click.option("-q", "--quiet", is_flag=True, help="Print no progress and no report.")
@click.option("-v", "--verbose", is_flag=True, help="Print tracebacks of errors.")
def teach(
    data: Path,
    scales: tuple[int, ...],
    degradations: tuple[str, ...],
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **options: Any,
) -> int:
    """Add what a network makes of DATA's patches, corrected, as targets for another to learn.

    A stopped run goes on where it was when it is started again. A recipe with target = "teacher"
    learns them.
    """
    spec = teach_spec(data, options, scales, degradations)
    taught = taught_with_bar(spec, is_silent=quiet or as_json)
    if as_json:
        emit({"event": "done", "out": str(data), "taught": [asdict(one) for one in taught]})
    elif not quiet:
        for one in taught:
            echo(line_of(one))
    return 0


def teach_spec(
    data: Path,
    options: dict[str, Any],
    scales: tuple[int, ...] = (),
    degradations: tuple[str, ...] = (),
) -> TeachSpec:
    """Return what the options of `teacher_options` say."""
    from vsr.jobs.teach import TeachSpec
    from vsr.training.teacher.teacher import Correction

    return TeachSpec(
        data=data,
        teachers=tuple(_teacher(text) for text in options["teachers"]),
        name=options["name"],
        scales=scales,
        degradations=degradations,
        correction=Correction(
            tone=options["tone"],
            texture=options["texture"],
            window=options["window"],
            sharpen=options["sharpen"],
        ),
        device=options["device"],
        precision=options["precision"],
        workers=options["workers"],
    )


def taught_with_bar(spec: TeachSpec, *, is_silent: bool) -> tuple[Taught, ...]:
    """Run the job with a progress bar; the first Ctrl-C stops it after a chunk."""
    from vsr.jobs.teach import TeachWatch
    from vsr.jobs.teach import teach as run

    with (
        stoppable() as should_stop,
        counting_bar("chunks", "teach", is_silent=is_silent) as on_chunk,
    ):
        return run(spec, TeachWatch(on_chunk=on_chunk, should_stop=should_stop))


def line_of(taught: Taught) -> str:
    """Return one line on targets that are there."""
    return (
        f"targets '{taught.name}' ×{taught.scale} {taught.degradation}: "
        f"{' + '.join(taught.teachers)}, {taught.corrected}"
    )


def _teacher(text: str) -> TeacherSpec:
    """Read FILE or FILE:SHARE; a share is a number, so that a colon in a path stays one."""
    from vsr.training.teacher.teacher import TeacherSpec

    source, separator, share = text.rpartition(":")
    try:
        if separator:
            return TeacherSpec(source=source, share=float(share))
    except ValueError:
        pass
    return TeacherSpec(source=text)
