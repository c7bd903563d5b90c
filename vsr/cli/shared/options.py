"""The options that ``upscale``, ``batch`` and ``probe`` share, and the specs they make."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Any, Literal, TypeVar, get_args, get_origin

import click

from vsr.batch.engine import EngineSpec
from vsr.cli.shared.completion import (
    complete_codec,
    complete_file,
    complete_folder,
    complete_model,
    complete_recipe,
)
from vsr.cli.shared.values import (
    Amount,
    FactorOrSize,
    GrainAmount,
    Number,
    NumberOrAuto,
    OneOf,
    Pixels,
    Rate,
    Seconds,
    Whole,
    Word,
)
from vsr.errors import InvalidOption
from vsr.notation import Factor
from vsr.option import Leaf, options_of
from vsr.specs import Existing, UpscaleSpec
from vsr.values import SIZE, Dial, Grain, GrainProfile, OutputSize

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_PRESET = "1080p"

LEAVES = {leaf.name: leaf for leaf in options_of(UpscaleSpec) if leaf.option.flags}
"""Every option of an upscale, by parameter, in the order of the help."""

WORKERS = ("segment_frames",)
"""Upscale options that are listed with those of the workers in the help."""

CODING = (
    *(name for name, leaf in LEAVES.items() if leaf.path[0] == "encode"),
    *("container", "device", "precision", "hwaccel", "tile"),
)
"""Upscale options that a benchmark offers too."""

PRESET = click.option(
    "-p", "--preset", metavar="NAME|FILE",
    help="Output size and defaults: 720p ... 8k (default 1080p), or a file.",
    shell_complete=complete_recipe("presets"),
)  # fmt: skip

_LOOK = click.option(
    "--look", metavar="NAME|FILE",
    help="Kind of video: film, phone, tape, anime, screen or faithful (see vsr presets).",
    shell_complete=complete_recipe("presets/looks"),
)  # fmt: skip

WORDS = ("container", "crop", "device", "encoder_preset", "pix_fmt")
"""Options whose value is a name in any case."""
COMPLETED = {"model": complete_model, "codec": complete_codec, "work_dir": complete_folder}
"""Options that a shell completes by more than their type."""


def _offered(*names: str) -> tuple[Callable[[Command], Command], ...]:
    """Return options of the command line as the fields of the spec declare them."""
    return tuple(_declared(LEAVES[name]) for name in names)


def _declared(leaf: Leaf) -> Callable[[Command], Command]:
    facts: dict[str, Any] = {"help": leaf.option.help, "metavar": leaf.option.metavar}
    if leaf.name in COMPLETED:
        facts["shell_complete"] = COMPLETED[leaf.name]
    kinds = [kind for kind in get_args(leaf.kind) if kind is not NoneType]
    if leaf.kind is bool:
        facts["is_flag"] = True
    elif get_origin(leaf.kind) is Literal:
        facts["type"] = OneOf(kinds)
    elif get_origin(leaf.kind) is Mapping:
        facts["multiple"] = True
    else:
        facts["type"] = _type_of(leaf, kinds[0] if kinds else leaf.kind)
    return click.option(*leaf.option.flags, leaf.name, **facts)


_NUMBERS = {int: Whole(), float: Number()}


def _type_of(leaf: Leaf, kind: Any) -> Any:
    """Return how a value is read; ``kind`` is its type where it is given."""
    by_kind = {Factor | None: FactorOrSize(), GrainProfile | Grain: GrainAmount()}
    by_kind[Dial] = NumberOrAuto(leaf.name)
    one, is_size, is_word = leaf.option, leaf.name in SIZE, leaf.name in WORDS
    written = ((one.is_amount, Amount()), (one.is_rate, Rate()), (one.is_time, Seconds()))
    by_fact = (read for is_so, read in (*written, (is_size, Pixels()), (is_word, Word())) if is_so)
    return by_kind.get(leaf.kind) or next(by_fact, _NUMBERS.get(kind, kind))


SPEC_OPTIONS = (PRESET, _LOOK, *_offered(*(name for name in LEAVES if name not in WORKERS)))

_EXISTING_OPTIONS = (
    click.option("-y", "--overwrite", is_flag=True, help="Replace an existing output."),
    click.option("-n", "--no-clobber", is_flag=True, help="Keep an existing output and exit 0."),
)
DRY_RUN = click.option("--dry-run", is_flag=True, help="Print what would be done; write nothing.")
_OUTPUT_OPTIONS = (
    click.option("--json", "as_json", is_flag=True, help="Print JSON lines."),
    click.option(
        "-v", "--verbose", is_flag=True,
        help="Also print device, sizes, encoder, segment times, and tracebacks of errors.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="Print no progress and no notes."),
)  # fmt: skip
_PLACES = (
    click.argument("paths", metavar="IN... [OUT]", nargs=-1, shell_complete=complete_file),
    click.option(
        "-i", "--input", "inputs", multiple=True, hidden=True, help="As IN.",
        shell_complete=complete_file,
    ),
    click.option("-o", "--output", hidden=True, help="As OUT.", shell_complete=complete_file),
)  # fmt: skip


def spec_options(command: Command) -> Command:
    """Add every upscale option."""
    return _with(command, SPEC_OPTIONS)


OF_RUNS = ("is_restart", "keeps_work", "work_dir", "is_faststart")
"""What means nothing to a command that writes no film."""


def planning_options(command: Command) -> Command:
    """Add every upscale option; those of a run are taken, so that its words fit, but not shown."""
    command = spec_options(command)
    for option in getattr(command, "__click_params__", ()):
        if option.name in OF_RUNS:
            option.hidden = True
    return command


def place_options(command: Command) -> Command:
    """Add the inputs and the output: words in their order, or ``-i`` and ``-o``."""
    return _with(command, _PLACES)


def coding_options(command: Command) -> Command:
    """Add the options for encoding, and for where the network runs."""
    return _with(command, _offered(*CODING))


def existing_options(command: Command) -> Command:
    """Add ``-y`` and ``-n``."""
    return _with(command, _EXISTING_OPTIONS)


def output_options(command: Command) -> Command:
    """Add ``--json``, ``-v`` and ``-q``."""
    return _with(command, _OUTPUT_OPTIONS)


def _with(command: Command, options: tuple[Callable[[Command], Command], ...]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def spec_from(options: Mapping[str, Any], existing: Existing = "refuse") -> UpscaleSpec:
    """Build the spec: the preset's values, those of the look over them, and then what was typed.

    Raises:
        Refused: an invalid value or combination.
    """
    from vsr.jobs.upscale.preset_spec import spec_of_preset

    options = with_size(options)
    typed = {name: value for name, value in _typed(options) if name not in SIZE}
    base = spec_of_preset(
        options["preset"] or DEFAULT_PRESET,
        _target(options),
        look=options.get("look"),
        model=typed.pop("model", None),
    )
    return base.with_options(**typed, existing=existing)


def with_size(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the options with the name of a size as the preset, where it was typed as a scale.

    Raises:
        InvalidOption: a preset was typed too.
    """
    scale = options.get("scale")
    if not isinstance(scale, str):
        return options
    if options["preset"] is not None:
        raise InvalidOption("choose one of --preset, --scale and --width/--height.")
    return {**options, "scale": None, "preset": scale}


def label_of(options: Mapping[str, Any]) -> str:
    """Return the size that was typed in a few letters, for the name of a result.

    Raises:
        InvalidOption: no size, or more than one.
    """
    options = with_size(options)
    target = _target(options)
    name = options["preset"] or DEFAULT_PRESET
    if target is not None:
        return target.label
    return f"{name}p" if name.isdecimal() else Path(name).stem.lower()


def _typed(options: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each option that was typed, by its name, as a value of the spec."""
    for name, leaf in LEAVES.items():
        value = options.get(name)
        if value is None or value is False or value == ():
            continue
        if leaf.option.is_off_by_flag:
            value = False
        elif name == "device" and value.isdecimal():  # --gpu-id 1
            value = f"cuda:{value}"
        elif name == "encoder_options":
            value = dict(_pair(text) for text in value)
        yield name, value


def _pair(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not (key and separator):
        raise InvalidOption(f"-e {text}: write KEY=VALUE.")
    return key, value


def existing_from(overwrite: bool, no_clobber: bool) -> Existing:
    """Return what to do with an existing output."""
    if overwrite and no_clobber:
        raise InvalidOption("choose one of --overwrite and --no-clobber.")
    return "overwrite" if overwrite else "skip" if no_clobber else "refuse"


def _target(options: Mapping[str, Any]) -> OutputSize | None:
    """Return the size that was typed, or None if the preset decides."""
    size = {name: options.get(name) for name in SIZE}
    if not any(value is not None for value in size.values()):
        return None
    if options["preset"] is not None:
        raise InvalidOption("choose one of --preset, --scale and --width/--height.")
    return OutputSize(**size)


_ENGINE_OPTIONS = (
    click.option("--workers", type=Whole(), help="Workers; default: one per GPU, or one on a CPU."),
    click.option("--cpus-per-worker", type=Whole(), help="CPU threads per worker."),
    click.option(
        "--engine", type=OneOf(["local", "ray"]), default="local",
        help="Where workers run: in local processes, or on a Ray cluster.",
    ),
    click.option("--ray-address", metavar="auto|HOST:PORT", help="Address of a running cluster."),
    *_offered(*WORKERS),
    click.option("--mixed", is_flag=True, help="Allow workers whose output may not be identical."),
)  # fmt: skip


def engine_options(command: Command) -> Command:
    """Add every engine option."""
    for option in reversed(_ENGINE_OPTIONS):
        command = option(command)
    return command


def with_segments(spec: UpscaleSpec, options: dict[str, Any]) -> UpscaleSpec:
    """Return the spec with its segment size, and remove that from the options."""
    frames = options.pop("segment_frames")
    return spec if frames is None else spec.with_options(segment_frames=frames)


def engine_from(options: dict[str, Any]) -> EngineSpec:
    """Build the engine's spec from what was typed, and remove it from the options.

    Raises:
        InvalidOption: an invalid value.
    """
    return EngineSpec(
        name=options.pop("engine"),
        address=options.pop("ray_address"),
        workers=options.pop("workers"),
        cpus_per_worker=options.pop("cpus_per_worker"),
        is_mixed=options.pop("mixed"),
    )
