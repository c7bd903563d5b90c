"""``vsr completion``; what is completed is in `vsr.cli.shared.completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from vsr.cli.shared.values import OneOf

SHELLS = ("bash", "zsh", "fish")


@click.command(short_help="Print a shell completion script.")
@click.argument("shell", type=OneOf(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script for SHELL.

    \b
      bash:  eval "$(vsr completion bash)"    in ~/.bashrc
      zsh:   eval "$(vsr completion zsh)"     in ~/.zshrc
      fish:  vsr completion fish > ~/.config/fish/completions/vsr.fish
    """  # noqa: D301 # \b tells click to keep the lines
    complete = get_completion_class(shell)
    assert complete is not None
    click.echo(complete(ctx.find_root().command, {}, "vsr", "_VSR_COMPLETE").source())
