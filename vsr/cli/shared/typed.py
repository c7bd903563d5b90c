"""Options as they were typed: to change some of them, and to write the command again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from vsr.cli.shared.command import TypedCommand
from vsr.cli.shared.options import spec_options

SIZES = ("preset", "scale", "width", "height")
"""Options that exclude each other: a typed one replaces all of them."""


@click.command(cls=TypedCommand, add_help_option=False)
@spec_options
def _upscale_options(**options: Any) -> None:
    """Parse options of an upscale; never run."""


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
