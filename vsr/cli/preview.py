"""``vsr preview`` and ``vsr compare``: one page that shows settings, or two files, side by side."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from vsr.cli.shared.command import (
    TypedCommand,
    command_line,
    completed,
    flags,
    parsed,
    replaced,
    typed_in,
)
from vsr.cli.shared.options import (
    existing_from,
    existing_options,
    output_options,
    planning_options,
    spec_from,
)
from vsr.cli.shared.page_report import page_path, page_report, show_result
from vsr.cli.shared.places import PIPE, LocalPath, Places, is_of_images, target_of
from vsr.cli.shared.values import Seconds, Whole
from vsr.disk.inputs import is_there
from vsr.errors import InvalidOption, UnknownName, one_of
from vsr.jobs.preview.place import is_page_wanted
from vsr.jobs.preview.spec import DEFAULT_SHOTS, CompareSpec, PreviewSpec, SettingSpec
from vsr.media.sequence import is_sequence
from vsr.models.catalog import DRAWS_MOST
from vsr.specs import UpscaleSpec

QUICK, USUAL = "lite", "fast"
"""What is tried besides the command's own setting where no ``--try`` is given: a much faster
network, or, if that is the setting, the usual one; and what draws most, if the setting draws."""


@click.command(cls=TypedCommand, short_help="Show what settings make of a video, on one page.")
@click.argument("source", metavar="IN", type=LocalPath())
@click.argument("target", metavar="[OUT.html]", required=False, type=LocalPath())
@click.option("--at", type=Seconds(), multiple=True, help="Time of a frame to show; repeatable.")
@click.option(
    "--frames",
    type=Whole(),
    help=f"How many frames to show; default: {DEFAULT_SHOTS}, or each --at.",
)
@click.option(
    "--try",
    "tries",
    multiple=True,
    metavar="NAME|KEY=VALUE,...",
    help="Another setting: a model, preset, look, or options like model=lite,crf=20; repeatable.",
)
@click.option("--open", "is_opened", is_flag=True, help="Open the page in the browser.")
@planning_options
@existing_options
@output_options
@click.pass_context
def preview(
    context: click.Context,
    /,
    source: Path,
    target: Path | None,
    at: tuple[float, ...],
    frames: int | None,
    tries: tuple[str, ...],
    is_opened: bool,
    overwrite: bool,
    no_clobber: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> int:
    """Show what settings make of IN before the long run: one page, IN-preview.html, and a PNG.

    A few telling frames (or those at the given times) and two seconds in motion are upscaled,
    encoded and decoded again in each setting, and shown with a slider beside the source, with the
    time and size of the whole video and the command for each. The page needs no network.

    \b
      vsr preview in.mp4
      vsr preview in.mp4 --preset 4k --at 1:23 --at 4:56
      vsr preview in.mp4 --try lite --try strength=0 --try model=quality,crf=14
    """  # noqa: D301 # \b tells click to keep the lines
    del options
    if str(source) == PIPE:
        raise InvalidOption(
            "-: a preview reads a video in several places, and a pipe can be read once. Save it to "
            "a file, and name that."
        )
    if is_there(source, "is_dir") and not is_of_images(source):
        raise InvalidOption(
            f"{source}: a preview shows one video, or one folder of images. Name a file in it."
        )
    from vsr.jobs.upscale.beforehand import check_beforehand, check_source

    check_source(source)
    named = _named_as(source)
    page = page_path(target, f"{named.stem}-preview.html", named.parent)
    settings = settings_of(source, typed_in(context), tries)
    spec = PreviewSpec(
        settings=settings,
        at=at,
        count=frames if frames is not None else len(at) or DEFAULT_SHOTS,
        existing=existing_from(overwrite, no_clobber),
    )
    for one in settings:
        check_beforehand(source, None, one.spec)
    is_page_wanted(source, page, spec.existing)
    from vsr.jobs.preview.preview import preview as run

    with page_report("preview", as_json=as_json, is_quiet=quiet) as report:
        result = run(source, page, spec, watch=report.watch, note=report.note)
    show_result(result, as_json=as_json, is_quiet=quiet, is_opened=is_opened)
    return 0


def settings_of(
    source: Path, typed: dict[str, Any], tries: tuple[str, ...]
) -> tuple[SettingSpec, ...]:
    """Return the settings to show: the typed one first, then those to try, each once.

    Raises:
        Refused: an unknown name, or an invalid value or combination.
    """
    base = _setting(source, "", typed)
    if tries:
        others = [_tried(source, text, typed) for text in tries]
    else:
        name = USUAL if base.spec.model == QUICK else QUICK
        plain = {key: value for key, value in typed.items() if key not in ("strength", "sharpness")}
        most, other = (
            _setting(source, one, replaced(plain, {"model": one})) for one in (DRAWS_MOST, name)
        )
        others = [other] if "model" in typed else [replace(most, is_for_drawn=True), other]
    found: list[SettingSpec] = []
    for one in (base, *others):
        same = [there for there in found if there.spec == one.spec]
        if not same:
            found.append(one)
    return tuple(found)


def _setting(source: Path, name: str, typed: dict[str, Any]) -> SettingSpec:
    spec = spec_from(completed(typed))
    target = _result_of(source, spec)
    return SettingSpec(
        name=name or Path(spec.model).name,
        spec=spec,
        target=target,
        command=command_line(source, target, typed),
    )


def _tried(source: Path, text: str, typed: dict[str, Any]) -> SettingSpec:
    """Return the setting that a ``--try`` means.

    Raises:
        Refused: an unknown name or option, or an invalid value.
    """
    try:
        others = parsed(_arguments(text))
    except click.UsageError as error:
        raise InvalidOption(f"--try {text}: {error.format_message()}") from error
    return _setting(source, text, replaced(typed, others))


def _arguments(text: str) -> list[str]:
    """Return ``lite,crf=20`` as ``--model lite --crf 20``.

    Raises:
        InvalidOption: nothing in it, or it cannot be split.
        UnknownName: a word that is neither a model, nor a preset, nor a look.
    """
    splitter = shlex.shlex(text, posix=True, punctuation_chars=False)
    splitter.whitespace, splitter.whitespace_split = ", \t\n", True
    try:
        words = list(splitter)
    except ValueError as error:
        raise InvalidOption(f"--try {text}: {error}. Close the quotation.") from error
    if not words:
        raise InvalidOption("--try: nothing to try. Give a model, a preset, a look, or options.")
    arguments: list[str] = []
    for word in words:
        key, separator, value = word.partition("=")
        if word in flags():
            arguments.append(f"--{word}")
        elif separator:
            arguments += [f"--{key.replace('_', '-')}", value]
        else:
            arguments += _named(word)
    return arguments


def _named(word: str) -> list[str]:
    from vsr.models.catalog import names
    from vsr.models.weights_files import is_path
    from vsr.recipes.preset import is_look_file, load_preset
    from vsr.recipes.read import recipe_names

    looks = recipe_names("presets/looks")
    if word.lower() in looks or is_look_file(word):
        return ["--look", word]
    if is_path(word) or word in names():
        return ["--model", word]
    try:
        load_preset(word)
    except UnknownName:
        one_of(word, (*names(), *recipe_names("presets"), *looks), "model, preset or look")
    return ["--preset", word]


def _result_of(source: Path, spec: UpscaleSpec) -> Path:
    """Return the name that the command for the whole film gives its result."""
    named = _named_as(source)
    return target_of(Places((named,), None), spec.size.label, spec.container, spec.encode.codec)


def _named_as(source: Path) -> Path:
    """Return what the results are named after: the source, or the folder of its images."""
    folder = source if source.is_dir() else source.parent if is_sequence(source) else None
    return source if folder is None else folder if folder.name else folder.resolve()


@click.command(short_help="Show two videos side by side, on one page.")
@click.argument("first", metavar="A", type=LocalPath())
@click.argument("second", metavar="B", type=LocalPath())
@click.argument("target", metavar="[OUT.html]", required=False, type=LocalPath())
@click.option("--at", type=Seconds(), multiple=True, help="Time of a frame to show; repeatable.")
@click.option(
    "--frames",
    type=Whole(),
    help=f"How many frames to show; default: {DEFAULT_SHOTS}, or each --at.",
)
@click.option(
    "--start",
    type=Seconds(),
    help="Where B begins in A: 90, 1:30; default: what vsr noted in B, or 0.",
)
@click.option("--open", "is_opened", is_flag=True, help="Open the page in the browser.")
@existing_options
@output_options
def compare(
    first: Path,
    second: Path,
    target: Path | None,
    at: tuple[float, ...],
    frames: int | None,
    start: float | None,
    is_opened: bool,
    overwrite: bool,
    no_clobber: bool,
    as_json: bool,
    verbose: bool,
    quiet: bool,
) -> int:
    """Show the videos A and B side by side: one page, B-compare.html, and a PNG.

    Frames are matched by time, also of files of different sizes; where the sizes are the same, PSNR
    and SSIM of the shown frames are given (vsr evaluate A B measures every frame). The page needs
    no network.

    \b
      vsr compare in.mp4 out.mp4
      vsr compare one.mkv other.mkv --at 0:12 --at 1:30
      vsr compare film.mkv part.mkv --start 1:30
    """  # noqa: D301 # \b tells click to keep the lines
    del verbose
    spec = CompareSpec(
        at=at,
        count=frames if frames is not None else len(at) or DEFAULT_SHOTS,
        start_seconds=start,
        existing=existing_from(overwrite, no_clobber),
    )
    named = _named_as(second)
    page = page_path(target, f"{named.stem}-compare.html", named.parent)
    from vsr.jobs.upscale.beforehand import check_source

    for source in (first, second):
        check_source(source)
        is_page_wanted(source, page, spec.existing)
    from vsr.jobs.preview.compare import compare as run

    with page_report("compare", as_json=as_json, is_quiet=quiet) as report:
        result = run(first, second, page, spec, watch=report.watch, note=report.note)
    show_result(result, as_json=as_json, is_quiet=quiet, is_opened=is_opened)
    return 0
