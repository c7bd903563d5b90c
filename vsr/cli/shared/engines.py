"""The options that choose who does the work: local processes, or a Ray cluster."""

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
        help="Local processes, or a Ray cluster.",
    ),
    click.option("--ray-address", metavar="auto|HOST:PORT", help="Address of a running cluster."),
    click.option("--workers", type=int, help="Number; default: one per GPU, or one on a CPU."),
    click.option("--cpus-per-worker", type=int, help="CPU threads per worker."),
    click.option("--segment-frames", type=int, help="Frames per segment; default: automatic."),
    click.option("--mixed", is_flag=True, help="Allow workers whose output may not be identical."),
)  # fmt: skip


def engine_options(command: Command) -> Command:
    """Add every engine option."""
    for option in reversed(_ENGINE_OPTIONS):
        command = option(command)
    return command


def with_segments(spec: UpscaleSpec, options: dict[str, Any]) -> UpscaleSpec:
    """Return the spec with its segment size, and remove that from the options."""
    return replace(spec, segment_frames=options.pop("segment_frames"))


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
