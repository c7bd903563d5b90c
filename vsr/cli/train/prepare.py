"""``vsr train prepare``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vsr.cli.shared.report import emit
from vsr.cli.train.teach import line_of, taught_with_bar, teach_spec, teacher_options
from vsr.errors import InvalidOption

if TYPE_CHECKING:
    from vsr.jobs.teach import TeachSpec
    from vsr.training.data.manifest import DatasetManifest
    from vsr.training.data.prepare import PrepareSpec

FOLDER = click.Path(path_type=Path)


@click.command(short_help="Cut folders of images and videos into patches.")
@click.argument("data", nargs=-1, required=True, type=FOLDER)
@click.option("-o", "--out", required=True, type=FOLDER, help="Folder to create.")
@click.option(
    "--patch", type=int, default=256, help="Side of a patch in pixels.", show_default=True
)
@click.option(
    "--scale", "scales", type=int, multiple=True, help="Scale factor; repeatable; default: 2, 4."
)
@click.option(
    "--weight",
    "weights",
    multiple=True,
    metavar="PATTERN=W",
    help="Sample matching files less (0.3) or more (2) often; repeatable.",
)
@click.option(
    "--shrink", type=int, default=1, show_default=True, help="Reduce images by this factor first."
)
@click.option(
    "--frames-per-video", type=int, default=16, show_default=True, help="Spread over its length."
)
@click.option(
    "--degradation",
    "degradations",
    multiple=True,
    metavar="NAME",
    help="Besides bicubic: video-light, video-medium, video-strong, or video for all three; "
    "video-clear, which is wider (blur, scaling, ringing, old codecs).",
)
@teacher_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, no report.")
@click.option(
    "-v", "--verbose", is_flag=True, help="Name every skipped file; tracebacks on errors."
)
def prepare(
    data: tuple[Path, ...],
    out: Path,
    patch: int,
    scales: tuple[int, ...],
    weights: tuple[str, ...],
    shrink: int,
    frames_per_video: int,
    degradations: tuple[str, ...],
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **teaching: Any,
) -> int:
    """Cut DATA, folders or files, into checked, deduplicated patches, and downscale them.

    With --teacher, a network then makes their targets, as vsr train teach does, which also goes on
    where that was stopped. The exit code is 3 if files were skipped; the report names them.
    """
    from vsr.training.damage.degradation import STRENGTHS
    from vsr.training.data.prepare import PrepareSpec

    spec = PrepareSpec(
        sources=data,
        out=out,
        patch=patch,
        scales=scales or (2, 4),
        weights=tuple(_weight(text) for text in weights),
        shrink=shrink,
        frames_per_video=frames_per_video,
        degradations=_each(degradations, tuple(STRENGTHS)),
    )
    teach = _teaching(out, teaching, spec.scales)
    manifest = _prepared(spec, is_silent=quiet or as_json)
    taught = taught_with_bar(teach, is_silent=quiet or as_json) if teach else ()
    manifest = replace(manifest, taught=taught)
    if as_json:
        emit({"event": "done", "out": str(out), **manifest.summary()})
    elif not quiet:
        click.echo(f"{out}: {manifest.count} patches of {patch}×{patch}, {manifest.sources} files")
        for line in manifest.losses(is_detailed=verbose):
            click.echo(f"  {line}")
        for one in taught:
            click.echo(f"  {line_of(one)}")
    return 3 if manifest.skipped else 0


def _prepared(spec: PrepareSpec, *, is_silent: bool) -> DatasetManifest:
    """Run the job with a progress bar that counts files."""
    from tqdm import tqdm

    from vsr.training.data.prepare import prepare as run

    # None: no bar unless stderr is a terminal
    with tqdm(desc="prepare", unit=" files", disable=True if is_silent else None) as bar:

        def on_file(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        return run(spec, on_file)


def _teaching(out: Path, options: dict[str, Any], scales: tuple[int, ...]) -> TeachSpec | None:
    """Return what the teacher is to do; None without one. A wrong one is refused at once."""
    if not options["teachers"]:
        return None
    from vsr.jobs.teach import check_teachers

    spec = teach_spec(out, options)
    check_teachers(spec.teachers, scales)
    return spec


def _each(names: tuple[str, ...], all_of_video: tuple[str, ...]) -> tuple[str, ...]:
    """Return the degradations named, each once; bicubic is always made."""
    named = (one for name in names for one in (all_of_video if name == "video" else (name,)))
    return tuple(one for one in dict.fromkeys(named) if one != "bicubic")


def _weight(text: str) -> tuple[str, float]:
    pattern, separator, number = text.rpartition("=")
    try:
        return (pattern, float(number)) if separator and pattern else _no_weight(text)
    except ValueError:
        return _no_weight(text)


def _no_weight(text: str) -> tuple[str, float]:
    raise InvalidOption(f"--weight {text}: write PATTERN=NUMBER, such as 'drone_*=0.3'.")
