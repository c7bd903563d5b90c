"""``vsr demo``."""

from __future__ import annotations

from pathlib import Path

import click

from vsr.cli.shared.lines import echo, say
from vsr.cli.shared.report import report_for


@click.command(short_help="Make a clip, upscale it, and compare.")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("demo"))
def demo(folder: Path) -> None:
    """Make a clip with sound in FOLDER, upscale it, and compare.

    480×270 becomes 1920×1080 with the default network, nothing drawn or repaired. A PNG shows
    bicubic, vsr and the original side by side.
    """
    from vsr.jobs.demo import demonstrate

    say(f"drawing {folder / 'demo-270p.mp4'} …")
    with report_for("upscaling", as_json=False, is_quiet=False) as report:
        shown = demonstrate(folder, on_progress=report.on_progress, note=report.note)
    echo(f"clip        {shown.clip}")
    echo(f"upscaled    {shown.upscaled}  ({shown.result.speed()})")
    echo(f"comparison  {shown.comparison}")
    click.echo(f"Y PSNR      bicubic {shown.bicubic_psnr:.2f} dB, vsr {shown.our_psnr:.2f} dB")
