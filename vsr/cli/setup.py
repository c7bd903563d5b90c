"""``vsr doctor``, ``vsr demo`` and ``vsr completion``: vsr on this machine."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from vsr.cli.shared.report import emit, report_for


@click.command(short_help="Show what this machine can do, and why.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(as_json: bool) -> int:
    """Show which device would be used and why, which encoders open, and what is installed.

    The exit code is 1 if something that upscaling needs is broken.
    """
    from vsr.jobs.doctor import examine
    from vsr.jobs.process_setup import settle

    settle()
    findings = examine()
    if as_json:
        emit({"findings": [asdict(finding) for finding in findings]})
    else:
        width = max(len(finding.what) for finding in findings)
        for finding in findings:
            mark = "ok " if finding.is_good else "BAD" if finding.is_needed else "no "
            click.echo(f"{mark}  {finding.what:<{width}}  {finding.detail}")
    return int(any(finding.is_needed and not finding.is_good for finding in findings))


@click.command(short_help="Make a clip, upscale it, and compare.")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("demo"))
def demo(folder: Path) -> None:
    """Make a clip with sound in FOLDER, upscale it, and compare.

    480×270 becomes 1920×1080 with the default network. A PNG shows bicubic, vsr and the original
    side by side.
    """
    from vsr.jobs.demo import demonstrate
    from vsr.jobs.process_setup import settle

    settle()
    click.echo(f"vsr: drawing {folder / 'demo-270p.mp4'} …", err=True)
    with report_for("upscaling", as_json=False, is_quiet=False) as report:
        shown = demonstrate(folder, on_progress=report.on_progress, note=report.note)
    click.echo(f"clip        {shown.clip}")
    click.echo(f"upscaled    {shown.upscaled}  ({shown.result.speed()})")
    click.echo(f"comparison  {shown.comparison}")
    click.echo(f"Y PSNR      bicubic {shown.bicubic_psnr:.2f} dB, vsr {shown.our_psnr:.2f} dB")


SHELLS = ("bash", "zsh", "fish")


@click.command(short_help="Print a shell completion script.")
@click.argument("shell", type=click.Choice(SHELLS))
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
