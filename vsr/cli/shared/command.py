"""A command that understands what people type, and whose help shows the usual options first."""

from __future__ import annotations

from collections.abc import Sequence

import click

from vsr.cli.habits import translated

TOPICS = {
    "What comes out": ("preset", "scale", "width", "height", "model", "start", "end"),
    "The picture": ("look", "strength", "sharpness", "grain", "deinterlace"),
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
