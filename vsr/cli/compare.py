"""``vsr compare``."""

from __future__ import annotations

from pathlib import Path

import click

from vsr.cli.shared.options import existing_from, existing_options, output_options
from vsr.cli.shared.page import page_path, page_report, show_result
from vsr.cli.shared.places import LocalPath
from vsr.cli.shared.values import Seconds
from vsr.jobs.preview.spec import DEFAULT_SHOTS, CompareSpec


@click.command(short_help="Show two videos side by side, on one page.")
@click.argument("first", metavar="A", type=LocalPath())
@click.argument("second", metavar="B", type=LocalPath())
@click.argument("target", metavar="[OUT.html]", required=False, type=LocalPath())
@click.option("--at", type=Seconds(), multiple=True, help="Time of a frame to show; repeatable.")
@click.option(
    "--frames", type=int, help=f"How many frames to show; default: {DEFAULT_SHOTS}, or each --at."
)
@click.option("--open", "is_opened", is_flag=True, help="Open the page in the browser.")
@existing_options
@output_options
def compare(
    first: Path,
    second: Path,
    target: Path | None,
    at: tuple[float, ...],
    frames: int | None,
    is_opened: bool,
    overwrite: bool,
    no_clobber: bool,
    as_json: bool,
    verbose: bool,
    quiet: bool,
) -> int:
    """Show the videos A and B side by side: one page, B-compare.html, and a PNG.

    Frames are matched by time, also of files of different sizes; where the sizes are the same, PSNR
    and SSIM of the shown frames are given (vsr evaluate A B measures every frame). The page needs
    no network.

    \b
      vsr compare in.mp4 out.mp4
      vsr compare one.mkv other.mkv --at 0:12 --at 1:30
    """  # noqa: D301 # \b tells click to keep the lines
    del verbose
    spec = CompareSpec(
        at=at,
        count=frames if frames is not None else len(at) or DEFAULT_SHOTS,
        existing=existing_from(overwrite, no_clobber),
    )
    page = page_path(target, f"{second.stem}-compare.html", second.parent)
    from vsr.jobs.preview.compare import compare as run
    from vsr.jobs.process_setup import settle

    settle()
    with page_report("compare", as_json=as_json, is_quiet=quiet) as report:
        result = run(first, second, page, spec, watch=report.watch, note=report.note)
    show_result(result, as_json=as_json, is_quiet=quiet, is_opened=is_opened)
    return 0
