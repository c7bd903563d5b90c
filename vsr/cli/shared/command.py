"""Commands that understand what people type, and what was typed.

The help shows the usual options first. Options as they were typed serve to change some of them, and
to write the command again.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from vsr.cli.habits import translated
from vsr.cli.shared.options import spec_options
from vsr.errors import Refused, closest

TOPICS = {
    "What comes out": ("preset", "scale", "width", "height", "model", "start", "end"),
    "The picture": ("look", "strength", "sharpness", "grain", "steady", "deinterlace"),
    "The page": ("at", "frames", "tries", "is_opened"),
    "The file": ("codec", "crf", "encoder_preset", "keep_audio", "audio", "keep_subtitles"),
    "Which files": ("include", "exclude", "name", "watch"),
    "The run": (
        "dry_run", "overwrite", "no_clobber", "is_restart", "is_strict", "work_dir", "device",
        "quiet", "verbose", "as_json", "help",
    ),
    "Workers": ("workers", "cpus_per_worker", "engine", "ray_address", "segment_frames", "mixed"),
}  # fmt: skip
"""Heads of the help, and the options under each, in their order."""

REST = "Rarely needed"
"""The head of all others."""


class TypedCommand(click.Command):
    """A command whose words may be those of other tools, and whose help is in groups."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words once those of other tools are replaced."""
        if ctx.resilient_parsing:  # of a shell that completes a word
            return super().parse_args(ctx, args)
        flags, valued = switches(self, ctx), valued_options(self)
        return super().parse_args(ctx, translated(args, flags, valued))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under the heads of their topics."""
        left = {one.opts[-1]: one for one in self.get_params(ctx) if isinstance(one, click.Option)}
        named = {one.name or "": name for name, one in left.items()}
        named["help"] = "--help"
        for head, names in TOPICS.items():
            options = [left.pop(named[name]) for name in names if name in named]
            _write(head, options, ctx, formatter)
        _write(REST, list(left.values()), ctx, formatter)


class Subcommands(click.Group):
    """A group of commands whose refusal of a wrong one names the right ones."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or suggest one."""
        name, names = args[0], self.list_commands(ctx)
        if name not in names and not name.startswith("-") and not ctx.resilient_parsing:
            raise click.UsageError(f"no command '{name}'. {closest(name, names)}", ctx)
        return super().resolve_command(ctx, args)


def _write(
    head: str,
    options: Sequence[click.Option],
    ctx: click.Context,
    formatter: click.HelpFormatter,
) -> None:
    records = [one.get_help_record(ctx) for one in options if not one.hidden]
    if records:
        with formatter.section(head):
            formatter.write_dl([record for record in records if record is not None])


def switches(command: click.Command, ctx: click.Context) -> set[str]:
    """Return the options of a command that take no value."""
    return {*_names(command, is_flag=True), *ctx.help_option_names}


def valued_options(command: click.Command) -> set[str]:
    """Return the options of a command that take a value."""
    return set(_names(command, is_flag=False))


def _names(command: click.Command, *, is_flag: bool) -> Sequence[str]:
    options = (one for one in command.params if isinstance(one, click.Option))
    return [name for one in options if one.is_flag is is_flag for name in one.opts]


def words_of(command: click.Command, words: Sequence[str]) -> tuple[list[str], set[str]]:
    """Return words as the command spells them, where it understands them, and what takes a value.

    They may be what it has just refused.
    """
    valued = valued_options(command)
    try:
        return translated(words, set(_names(command, is_flag=True)), valued), valued
    except Refused:
        return list(words), valued


SIZES = ("preset", "scale", "width", "height")
"""Options that exclude each other: a typed one replaces all of them."""


@click.command(cls=TypedCommand, add_help_option=False)
@spec_options
def _upscale_options(**options: Any) -> None:
    """Parse options of an upscale; never run."""


def flags_typed(context: click.Context) -> dict[str, str]:
    """Return the command's own options that were typed: name → the flag, spelled in full."""
    return {
        parameter.name: max(parameter.opts, key=len)
        for parameter in context.command.params
        if parameter.name
        and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
    }


def typed_in(context: click.Context) -> dict[str, Any]:
    """Return the upscale options that were typed, by name."""
    known = {parameter.name for parameter in _upscale_options.params}
    return {
        name: value
        for name, value in context.params.items()
        if name in known and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }


def parsed(arguments: list[str]) -> dict[str, Any]:
    """Return the upscale options that ``arguments`` type.

    Raises:
        click.UsageError: an unknown option, or an invalid value.
    """
    with _upscale_options.make_context("vsr upscale", list(arguments)) as context:
        return typed_in(context)


def flags() -> set[str]:
    """Return the options that take no value, without their dashes."""
    options = (one for one in _upscale_options.params if isinstance(one, click.Option))
    return {name.lstrip("-") for one in options if one.is_flag for name in one.opts}


def replaced(typed: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """Return options of which ``others`` replace some."""
    is_resized = any(name in others for name in SIZES)
    kept = {name: value for name, value in typed.items() if not (is_resized and name in SIZES)}
    return {**kept, **others}


def completed(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return all upscale options: the typed ones, and the defaults of the others."""
    with _upscale_options.make_context("vsr upscale", []) as context:
        return {**context.params, **typed}


def command_line(source: Path, target: Path, typed: Mapping[str, Any]) -> str:
    """Return the command that upscales a file with these options, as a shell takes it."""
    words = ["vsr", "upscale", str(source), str(target)]
    for parameter in _upscale_options.params:
        if parameter.name in typed:
            assert isinstance(parameter, click.Option)
            words += _words(parameter, typed[parameter.name])
    return shlex.join(words)


def _words(option: click.Option, value: Any) -> list[str]:
    name = max(option.opts, key=len) if "--gpu-id" not in option.opts else "--device"
    if option.is_flag:
        return [name] if value else []
    values = value if option.multiple else (value,)
    return [word for one in values for word in (name, _text(one))]


def _text(value: object) -> str:
    if isinstance(value, Fraction) and Fraction(f"{float(value):g}") == value:
        return f"{float(value):g}"
    return f"{value:.12g}" if isinstance(value, float) else str(value)
