"""``vsr train prepare``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import lcm
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vsr.cli.shared.command import flags_typed
from vsr.cli.shared.counting_bar import counting_bar
from vsr.cli.shared.lines import echo
from vsr.cli.shared.report import emit
from vsr.cli.shared.values import Whole
from vsr.cli.train.teach import line_of, taught_with_bar, teach_spec, teacher_options
from vsr.errors import InvalidOption
from vsr.wording import counted

if TYPE_CHECKING:
    from vsr.jobs.teach import TeachSpec
    from vsr.training.data.manifest import DatasetManifest
    from vsr.training.data.pairs import PairsSpec
    from vsr.training.data.prepare import PrepareSpec

FOLDER = click.Path(path_type=Path)

PATCH = 256
"""Side of a patch in pixels, less what does not divide by the scales."""


@click.command(short_help="Cut folders of images and videos into patches.")
@click.argument("data", nargs=-1, type=FOLDER)
@click.option("-o", "--out", required=True, type=FOLDER, help="Folder to create.")
@click.option(
    "--pairs",
    nargs=2,
    type=FOLDER,
    metavar="LOW HIGH",
    help="Instead of DATA: two folders of the same images, in low and high resolution.",
)
@click.option(
    "--patch",
    type=Whole(),
    help="Side of a patch in pixels; default: 256, or what divides by the scales.",
)
@click.option(
    "--scale",
    "scales",
    type=Whole(),
    multiple=True,
    help="Scale factor; repeatable; default: 2, 4.",
)
@click.option(
    "--weight",
    "weights",
    multiple=True,
    metavar="PATTERN=W",
    help="Sample matching files less (0.3) or more (2) often; repeatable.",
)
@click.option(
    "--shrink",
    type=Whole(),
    default=1,
    show_default=True,
    help="Reduce images by this factor first.",
)
@click.option(
    "--frames-per-video",
    type=Whole(),
    default=16,
    show_default=True,
    help="Frames to take from each video, spread over its length.",
)
@click.option(
    "--degradation",
    "degradations",
    multiple=True,
    metavar="NAME",
    help="Besides bicubic: video-light, video-medium, video-strong, or video for all three; "
    "video-clear, which is wider (blur, scaling, ringing, old codecs); video-tape, as of VHS.",
)
@teacher_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
@click.option("-q", "--quiet", is_flag=True, help="Print no progress and no report.")
@click.option(
    "-v", "--verbose", is_flag=True, help="Name every skipped file; print tracebacks of errors."
)
@click.pass_context
def prepare(
    context: click.Context,
    /,
    data: tuple[Path, ...],
    out: Path,
    pairs: tuple[Path, Path] | None,
    patch: int | None,
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

    With --pairs, the low resolution is your own: sizes are checked, the scale follows from them,
    and pairs that are shifted are refused. With --teacher, a network then makes the targets, as vsr
    train teach does; the same command goes on where that was stopped. The exit code is 3 if files
    were skipped; the report names them.
    """
    typed = flags_typed(context)
    weighed = tuple(_weight(text) for text in weights)
    spec: PrepareSpec | PairsSpec
    if pairs is not None:
        _check_only_pairs(typed)
        spec = _pairs_spec(pairs, out, patch, weighed)
        teach = None
    else:
        spec = _spec(data, out, patch, scales or (2, 4))
        spec = replace(
            spec,
            weights=weighed,
            shrink=shrink,
            frames_per_video=frames_per_video,
            degradations=_each(degradations),
        )
        _check_taught(typed)
        teach = _teaching(out, teaching, spec.scales)
    manifest = _begun(spec, teach.name) if teach else None
    manifest = manifest or _prepared(spec, is_silent=quiet or as_json)
    taught = taught_with_bar(teach, is_silent=quiet or as_json) if teach else ()
    manifest = replace(manifest, taught=taught)
    if as_json:
        emit({"event": "done", "out": str(out), **manifest.summary()})
    elif not quiet:
        side = manifest.patch
        patches = f"{counted(manifest.count, 'patch')} of {side}×{side}"
        echo(f"{out}: {patches}, {counted(manifest.sources, 'file')}")
        for line in manifest.losses(is_detailed=verbose):
            echo(f"  {line}")
        for one in taught:
            echo(f"  {line_of(one)}")
    return 3 if manifest.skipped else 0


def _spec(
    data: tuple[Path, ...], out: Path, patch: int | None, scales: tuple[int, ...]
) -> PrepareSpec:
    from vsr.training.data.prepare import PrepareSpec

    if not data:
        raise InvalidOption("Name folders of images or videos, or give --pairs LOW HIGH.")
    side = patch or PATCH - PATCH % max(1, lcm(*scales))
    return PrepareSpec(sources=data, out=out, patch=side, scales=scales)


def _pairs_spec(
    pairs: tuple[Path, Path], out: Path, patch: int | None, weights: tuple[tuple[str, float], ...]
) -> PairsSpec:
    from vsr.training.data.pairs import PairsSpec

    low, high = pairs
    return PairsSpec(low=low, high=high, out=out, patch=patch, weights=weights)


OF_PAIRS = ("out", "pairs", "patch", "weights", "as_json", "quiet", "verbose")
"""What goes with pairs, whose low resolution and scale are what they are."""

OF_TEACHERS = ("name", "tone", "texture", "window", "sharpen", "workers", "device", "precision")
"""What says how the targets of a teacher are made."""


def _check_only_pairs(typed: Mapping[str, str]) -> None:
    """Refuse what cannot be said of pairs."""
    others = ("DATA" if name == "data" else typed[name] for name in typed if name not in OF_PAIRS)
    if (flag := next(others, None)) is not None:
        raise InvalidOption(f"{flag}: not together with --pairs. Leave it out.")


def _check_taught(typed: Mapping[str, str]) -> None:
    """Refuse what is said of a teacher where there is none."""
    flags = [flag for name, flag in typed.items() if name in OF_TEACHERS]
    if flags and "teachers" not in typed:
        raise InvalidOption(f"{' and '.join(flags)}: of a teacher. Name one by --teacher.")


def _prepared(spec: PrepareSpec | PairsSpec, *, is_silent: bool) -> DatasetManifest:
    """Run the job with a progress bar that counts files."""
    from vsr.training.data.pairs import PairsSpec, prepare_pairs
    from vsr.training.data.prepare import prepare

    with counting_bar("files", "prepare", is_silent=is_silent) as on_file:
        if isinstance(spec, PairsSpec):
            return prepare_pairs(spec, on_file)
        return prepare(spec, on_file)


def _teaching(out: Path, options: dict[str, Any], scales: tuple[int, ...]) -> TeachSpec | None:
    """Return what the teacher is to do; None without one. A wrong one is refused at once."""
    if not options["teachers"]:
        return None
    from vsr.jobs.teach import check_teachers

    spec = teach_spec(out, options)
    check_teachers(spec, scales)
    return spec


def _begun(spec: PrepareSpec | PairsSpec, name: str) -> DatasetManifest | None:
    """Return what the same command prepared before its teacher was done, if anything."""
    from vsr.jobs.teach import begun
    from vsr.training.data.prepare import PrepareSpec

    return begun(spec, name) if isinstance(spec, PrepareSpec) else None


def _each(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the degradations named, each once; bicubic is always made."""
    from vsr.training.damage.degradation import STRENGTHS

    named = (one for name in names for one in (STRENGTHS if name == "video" else (name,)))
    return tuple(one for one in dict.fromkeys(named) if one != "bicubic")


def _weight(text: str) -> tuple[str, float]:
    pattern, separator, number = text.rpartition("=")
    try:
        return (pattern, float(number)) if separator and pattern else _no_weight(text)
    except ValueError:
        return _no_weight(text)


def _no_weight(text: str) -> tuple[str, float]:
    raise InvalidOption(f"--weight {text}: write PATTERN=NUMBER, such as 'drone_*=0.3'.")
