"""``vsr``: the group, its commands by name, its version."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

import click

COMMANDS = (
    "upscale",
    "batch",
    "probe",
    "preview",
    "compare",
    "presets",
    "models",
    "evaluate",
    "train",
    "bench",
    "demo",
    "doctor",
    "completion",
)
"""Each is an attribute of that name in the module ``vsr.cli.NAME``; in the order of ``--help``."""


class Commands(click.Group):
    """A group whose commands are imported on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in reading order."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, or None."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(f"vsr.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or suggest one."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            close = get_close_matches(name, COMMANDS, n=1)
            hint = (
                f"Did you mean '{close[0]}'?" if close else f"Choose from: {', '.join(COMMANDS)}."
            )
            raise click.UsageError(f"no command '{name}'. {hint}", ctx)
        return super().resolve_command(ctx, args)


def _version() -> str:
    try:
        return version("vsr-cli")
    except PackageNotFoundError:
        return "unknown (not installed)"


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(_version(), "-V", "--version", prog_name="vsr")
def vsr() -> None:
    """Upscale real video with neural networks, without damaging anything.

    \b
      vsr upscale in.mp4 out.mp4 --preset 4k
      vsr batch folder/ out/ --preset 1080p
      vsr train
    """  # noqa: D301 # \b tells click to keep the lines
