"""``vsr train export``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from vsr.cli.shared.report import emit

FOLDER = click.Path(path_type=Path)


@click.command(short_help="Export a model from a run.")
@click.argument("run", type=FOLDER)
@click.option("--name", required=True, help="Name for --model.")
@click.option(
    "--to", "folder", type=FOLDER, help="Target folder; default: your models (see vsr models)."
)
@click.option(
    "--benchmark",
    "benchmarks",
    multiple=True,
    type=FOLDER,
    help="Measure it on this folder of images, for its card; repeatable.",
)
@click.option(
    "--licence", default="NOASSERTION", show_default=True, help="SPDX identifier for the card."
)
@click.option("--note", default="", help="Remark for the card.")
@click.option("--full", is_flag=True, help="Store single precision instead of half.")
@click.option("-y", "--overwrite", is_flag=True, help="Replace an existing model of that name.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
@click.option("-v", "--verbose", is_flag=True, help="Tracebacks on errors.")
def export(
    run: Path,
    name: str,
    folder: Path | None,
    benchmarks: Sequence[Path],
    licence: str,
    note: str,
    full: bool,
    overwrite: bool,
    as_json: bool,
    verbose: bool,
) -> None:
    """Write the averaged network of RUN, finished or not, with its model card.

    Afterwards, vsr upscale --model NAME finds it.
    """
    from vsr.jobs.train import ExportSpec
    from vsr.jobs.train import export as write

    spec = ExportSpec(
        run=run,
        name=name,
        folder=folder,
        benchmarks=tuple(benchmarks),
        licence=licence,
        note=note,
        is_half=not full,
        may_overwrite=overwrite,
    )
    exported = write(spec)
    scores = {data: dict(means) for data, means in exported.card.scores.items()}
    if as_json:
        emit({"event": "done", "path": str(exported.path), "scores": scores})
        return
    click.echo(f"{exported.path}")
    for data, means in scores.items():
        click.echo(f"  {data}: {means['psnr_y']:.2f} dB, SSIM {means['ssim_y']:.4f}")
