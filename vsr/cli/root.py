"""``vsr``: the group, its commands by name, its version."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from vsr.version import __version__

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
"""Each is an attribute of that name in ``vsr.cli.NAME``, or as `MODULES` says; in the order of
``--help``."""


MODULES = {"probe": "upscale", "compare": "preview"}
"""The module of a command, where it is not the one of its own name."""


class Commands(click.Group):
    """A group whose commands are imported on demand; without one, files are upscaled."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words, after putting the command first."""
        is_first = ctx.resilient_parsing and not args  # a shell completes the command
        return super().parse_args(ctx, args if is_first else with_command(args))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command, or a file, which comes first: bash forgets what is before it."""
        files = [] if incomplete.startswith("-") else [CompletionItem(incomplete, type="file")]
        return [*files, *super().shell_complete(ctx, incomplete)]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in reading order."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, or None."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(f"vsr.cli.{MODULES.get(cmd_name, cmd_name)}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or suggest one."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            close = get_close_matches(name, COMMANDS, n=1)
            hint = (
                f"Did you mean '{close[0]}'?"
                if close
                else f"Name a file, or choose from: {', '.join(COMMANDS)}."
            )
            raise click.UsageError(f"no command and no file '{name}'. {hint}", ctx)
        return super().resolve_command(ctx, args)


OWN = ("-h", "--help", "-V", "--version", "-v", "--verbose")
"""Options of ``vsr`` itself; ``-v`` alone prints the version, while in front of a command it is
that command's ``--verbose``."""


def with_command(words: list[str]) -> list[str]:
    """Return the words with the command first.

    ``vsr in.mp4`` is ``vsr upscale in.mp4``, ``vsr help probe`` and ``vsr probe help`` are ``vsr
    probe --help``, options without a command are answered as those of ``upscale``, and
    ``vsr -q probe in.mp4`` is ``vsr probe -q in.mp4``. A word that is a command is one, and no
    word asks for help.
    """
    if words[:1] == ["version"] or words in (["-v"], ["--verbose"]):
        return ["--version"]
    if not words or words[0] == "help":
        return [*words[1:], "--help"]
    if words[0] in COMMANDS and words[1:] == ["help"] and not _exists("help"):
        return [words[0], "--help"]
    if words[0] in COMMANDS or (len(words) == 1 and words[0] in OWN):
        return words
    first = next((index for index, word in enumerate(words) if word in COMMANDS), None)
    before = words if first is None else words[:first]
    if first is not None and all(word in ("-v", "--verbose", "-q", "--quiet") for word in before):
        return [words[first], *before, *words[first + 1 :]]
    is_upscale = words[0].startswith("-") or _is_meant_as_file(words[0])
    return ["upscale", *words] if is_upscale else words


def _is_meant_as_file(word: str) -> bool:
    """Return whether a word is a file rather than a command with a slip in it."""
    is_named_so = bool(Path(word).suffix) or any(mark in word for mark in "/\\~*?[")
    return is_named_so or word in (".", "..") or _exists(word)


def _exists(word: str) -> bool:
    try:
        return Path(word).exists()
    except OSError:  # a name that no system takes
        return True


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="vsr")
def vsr() -> None:
    """Upscale real video with neural networks, without damaging anything.

    \b
      vsr in.mp4                                to 1080p, as in-1080p.mp4
      vsr preview in.mp4                        see the result first
      vsr upscale in.mp4 out.mp4 --preset 4k
      vsr batch folder/ out/
    """  # noqa: D301 # \b tells click to keep the lines
