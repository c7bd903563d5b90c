"""The options that say who does the work: processes of this machine, or a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import click

from vsr.batch.engine import EngineSpec
from vsr.specs import UpscaleSpec

Command = TypeVar("Command", bound=Callable[..., Any])

_ENGINE_OPTIONS = (
    click.option(
        "--engine", type=click.Choice(["local", "ray"]), default="local",
        help="Processes of this machine, or a Ray cluster.",
    ),
    click.option("--ray-address", metavar="auto|HOST:PORT", help="A cluster that runs already."),
    click.option("--workers", type=int, help="How many; one for each GPU, or one on a CPU."),
    click.option("--cpus-per-worker", type=int, help="Processor threads of each worker."),
    click.option("--segment-frames", type=int, help="Pictures of a segment, else by its work."),
    click.option("--mixed", is_flag=True, help="Allow workers whose bytes may differ."),
)  # fmt: skip


def engine_options(command: Command) -> Command:
    """Add every option of an engine."""
    for option in reversed(_ENGINE_OPTIONS):
        command = option(command)
    return command


def with_segments(spec: UpscaleSpec, options: dict[str, Any]) -> UpscaleSpec:
    """Return the spec with the size of its segments, and take that out of the options."""
    return replace(spec, segment_frames=options.pop("segment_frames"))


def engine_from(options: dict[str, Any]) -> EngineSpec:
    """Make the engine's spec of what was typed, and take it out of the options.

    Raises:
        InvalidOption: a value that cannot be meant.
    """
    return EngineSpec(
        name=options.pop("engine"),
        address=options.pop("ray_address"),
        workers=options.pop("workers"),
        cpus_per_worker=options.pop("cpus_per_worker"),
        is_mixed=options.pop("mixed"),
    )
