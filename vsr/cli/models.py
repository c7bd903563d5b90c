"""``vsr models``: list networks, keep your own, give them to other programs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsr.cli.shared.command import Subcommands
from vsr.cli.shared.completion import complete_model
from vsr.cli.shared.lines import echo, echo_table, echo_wrapped, name_broken
from vsr.cli.shared.report import emit
from vsr.cli.shared.values import OneOf, Whole
from vsr.errors import InvalidOption

if TYPE_CHECKING:
    from vsr.models.descriptions import Description

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
_VERBOSE = click.option("-v", "--verbose", is_flag=True, help="Print size, cost and scores.")
_OVERWRITE = click.option("-y", "--overwrite", is_flag=True, help="Replace an existing one.")


@click.group(
    cls=Subcommands,
    invoke_without_command=True,
    short_help="List the networks; add, remove and export your own.",
)
@_JSON
@_VERBOSE
@click.pass_context
def models(context: click.Context, as_json: bool, verbose: bool) -> int:
    """List the networks and what each is for, the usual ones first; -v adds figures.

    \b
      vsr models                                  the list
      vsr models add 4x-some.pth --name some      keep a network for --model some
      vsr models remove some
      vsr models export some --to onnx            for other programs

    Work is for one frame of the source, that of fast being 1. MACs are multiply-accumulates per
    source pixel; the radius is how far, in source pixels, the receptive field reaches; dB is Y
    PSNR ×4 on Set5 under the standard protocol. Your own models are files named
    NAME_xSCALE.safetensors in $VSR_MODELS, $VSR_HOME/models or ~/.local/share/vsr/models, whichever
    comes first. If one cannot be read, it is named on stderr and the exit code is 3.
    """  # noqa: D301 # \b tells click to keep the lines
    return _list(as_json, verbose) if context.invoked_subcommand is None else 0


@models.command("list", short_help="List the networks, as vsr models does.")
@_JSON
@_VERBOSE
def list_models(as_json: bool, verbose: bool) -> int:
    """List the networks."""
    return _list(as_json, verbose)


def _list(as_json: bool, is_verbose: bool) -> int:
    from vsr.models.catalog import USUAL
    from vsr.models.descriptions import describe

    rows, broken = describe()
    if as_json:
        for row in rows:
            emit(asdict(row))
        return name_broken(broken)
    if is_verbose:
        heads = ("name", "scales", "parameters", "MACs/pixel", "radius", "Set5 dB", "weights")
        echo_table(heads, [_figures(row) for row in rows])
        return name_broken(broken)
    usual = next(row.macs_per_pixel for row in rows if row.name == USUAL[0])
    echo_table(
        ("name", "scales", "work", "for"),
        [(row.name, _scales(row), _work(row, usual), row.summary) for row in rows],
    )
    click.echo("")
    echo_wrapped(
        "", "vsr models -v shows sizes and scores; vsr preview IN, what they make of a video."
    )
    return name_broken(broken)


def _figures(row: Description) -> tuple[object, ...]:
    """Return the row for those who compare networks."""
    return (
        row.name,
        _scales(row),
        row.parameters,
        row.macs_per_pixel,
        "all" if row.is_global else row.radius,
        row.scores.get("Set5", {}).get("psnr_y"),
        _origin(row),
    )


def _scales(row: Description) -> str | None:
    """Return the scales: ``×2 ×4``, or ``×1–×8``."""
    if len(row.scales) > 3:
        return f"×{row.scales[0]}–×{row.scales[-1]}"
    return " ".join(f"×{scale}" for scale in row.scales) or None


def _work(row: Description, usual: int) -> str:
    """Return how much work it is, as a multiple of the usual network's."""
    factor = row.macs_per_pixel / usual
    if 0 < factor < 0.5:
        return f"1/{1 / factor:.0f}"
    return f"{factor:.1f}".removesuffix(".0")


def _origin(row: Description) -> str | None:
    if row.parameters == 0:
        return "none"
    return "shipped" if row.is_shipped else "yours" if row.scales else None


@models.command(short_help="Keep a weights file under a name.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", metavar="NAME", required=True, help="Its name for --model.")
@click.option("--licence", metavar="SPDX", help="Licence of the weights, for the card.")
@click.option("--note", help="Remark for the card, such as where it is from.")
@_OVERWRITE
@_JSON
def add(
    file: Path, name: str, licence: str | None, note: str | None, overwrite: bool, as_json: bool
) -> None:
    """Copy FILE's tensors to your models, with a card: architecture, scale, radius, licence, hash.

    FILE is of an architecture of this program, or with the extra 'models' of any that spandrel
    knows. No code in it is run.
    """
    from vsr.jobs.user_models import AddSpec
    from vsr.jobs.user_models import add as keep

    typed = {"licence": licence, "note": note}
    given = {key: value for key, value in typed.items() if value is not None}
    kept = keep(AddSpec(file=file, name=name, may_overwrite=overwrite, **given))
    if as_json:
        emit({"event": "done", "path": str(kept.path), **asdict(kept.card)})
        return
    traits = kept.model.traits
    sees = "sees the whole frame" if traits.is_global else f"radius {traits.radius}"
    echo(f"{kept.path}: {traits.architecture} ×{traits.scale}, {sees}")


@models.command(short_help="Remove a network that you added.")
@click.argument("name", shell_complete=complete_model)
@click.option("-s", "--scale", type=Whole(), help="Remove this scale only.")
@_JSON
def remove(name: str, scale: int | None, as_json: bool) -> None:
    """Remove a network of yours, and its card."""
    from vsr.jobs.user_models import remove as drop

    for path in drop(name, scale):
        if as_json:
            emit({"event": "removed", "path": str(path)})
        else:
            echo(f"{path}: removed")


@models.command(short_help="Write a network for other programs.")
@click.argument("model", metavar="NAME|FILE", shell_complete=complete_model)
@click.argument("target", type=click.Path(path_type=Path), required=False)
@click.option(
    "--to",
    "form",
    type=OneOf(["onnx", "safetensors"]),
    help="Format; default: by the suffix of TARGET, else onnx.",
)
@click.option("-s", "--scale", type=Whole(), help="Scale, if it has several; default: the largest.")
@click.option("--size", metavar="WIDTHxHEIGHT", help="ONNX for images of this size only.")
@click.option("--half", is_flag=True, help="Write in half precision.")
@_OVERWRITE
@_JSON
def export(
    model: str,
    target: Path | None,
    form: str | None,
    scale: int | None,
    size: str | None,
    half: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Write a network as ONNX, checked with ONNX Runtime within a code, or as safetensors.

    ONNX takes (1, C, H, W) float32 in [0, 1] as 'frame' and gives 'enlarged', not clamped; C is 3
    (R'G'B'), or 1 for luma.
    """
    from vsr.jobs.user_models import ExportModelSpec, export_model

    if form is None:
        is_weights = target is not None and target.suffix.lower() == ".safetensors"
        form = "safetensors" if is_weights else "onnx"
    spec = ExportModelSpec(
        model=model,
        form=form,  # type: ignore[arg-type] # click has checked it
        target=target,
        scale=scale,
        size=_size(size),
        is_half=half,
        may_overwrite=overwrite,
    )
    done = export_model(spec)
    if as_json:
        emit({"event": "done", "path": str(done.path), "codes_apart": done.codes_apart})
    else:
        checked = f", within {done.codes_apart:.3f} codes of torch" if form == "onnx" else ""
        echo(f"{done.path}{checked}")


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    width, separator, height = text.lower().replace("×", "x").partition("x")
    if not (separator and width.isdecimal() and height.isdecimal()):
        raise InvalidOption(f"--size {text}: write WIDTHxHEIGHT, such as 480x270.")
    return int(width), int(height)
