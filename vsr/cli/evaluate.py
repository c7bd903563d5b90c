"""``vsr evaluate``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vsr.cli.shared.command import flags_typed
from vsr.cli.shared.completion import complete_file, complete_model
from vsr.cli.shared.counting_bar import counting_bar
from vsr.cli.shared.lines import echo_table, say
from vsr.cli.shared.report import emit
from vsr.cli.shared.values import Number, NumberOrAuto, OneOf, PngPath, Whole, Word
from vsr.disk.publishing import published, writing
from vsr.errors import FinishedWithLosses, InvalidOption
from vsr.values import Blend

if TYPE_CHECKING:
    from vsr.jobs.progress import Count
    from vsr.metrics.evaluation import Evaluation

A_PATH = click.Path(path_type=Path)

PLOT_COLOUR = (20, 90, 180)


@click.command(short_help="Measure a network on images, or a video against its reference.")
@click.argument("films", nargs=-1, metavar="[REFERENCE RESULT]", type=A_PATH)
@click.option(
    "-m",
    "--model",
    default="fast",
    metavar="NAME|FILE",
    help="Network, or weights file.",
    shell_complete=complete_model,
)
@click.option(
    "--strength",
    type=NumberOrAuto("strength"),
    default=0.0,
    metavar="0...1",
    help="How far to blend towards its weights for compressed video.",
)
@click.option(
    "--sharpness",
    type=Number(),
    default=0.0,
    metavar="0...1",
    help="How far to blend towards its clear weights.",
)
@click.option("--data", type=A_PATH, metavar="FOLDER", help="Folder of ground-truth images.")
@click.option("-s", "--scale", type=Whole(), help="Scale; default: the model's largest.")
@click.option(
    "--protocol",
    type=OneOf(["standard", "swift"]),
    default="standard",
    help="Protocol; swift repeats SwiftSRGAN's own loop: its scores compare only with each other.",
)
@click.option(
    "--self-ensemble",
    type=OneOf(["none", "flips", "sizes"]),
    default="none",
    help="Average over eight flips and rotations, or over input sizes.",
)
@click.option(
    "--perceptual-weights",
    type=A_PATH,
    metavar="FILE",
    help="MobileNetV2's features, for the feature distance.",
)
@click.option("--niqe-parameters", type=A_PATH, metavar="FILE", help="NIQE's pristine model file.")
@click.option(
    "-d", "--device", type=Word(), default="auto", help="Device: auto, cpu, cuda or cuda:N."
)
@click.option(
    "--precision",
    type=OneOf(["fp32", "int8"]),
    default="fp32",
    help="Precision; int8 as in an upscale on the CPU.",
)
@click.option(
    "--plot", type=PngPath(), metavar="FILE.png", help="Plot the PSNR of each image.",
    shell_complete=complete_file,
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def evaluate(
    context: click.Context,
    /,
    films: tuple[Path, ...],
    plot: Path | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Measure a network on a folder of ground-truth images, or a video against its reference.

    \b
      vsr evaluate --model fast --data Set5
      vsr evaluate reference.mkv upscaled.mkv

    Images are downscaled, enlarged by the network and compared: luma PSNR and SSIM as papers
    report them, PSNR of R'G'B', and, given their parameter files, NIQE and a distance between
    MobileNetV2 features (which is not LPIPS). If $VSR_DATA is set, those files are looked up in
    $VSR_DATA/weights as mobilenet_v2_features_fp16.safetensors and niqe_pris_params.npz. Two
    videos must have the same size; they are compared frame by frame, and their flicker is
    measured.
    """  # noqa: D301 # \b tells click to keep the lines
    if films:
        _check_alone(context)
    with counting_bar("images", is_silent=as_json, is_left=False) as on_progress:
        report = _measured(films, options, on_progress)
    if plot is not None:
        _draw(report, plot)
    if as_json:
        emit(report.as_json())
    else:
        _show(report)
    for text in report.skipped:
        say(f"not measured: {text}")
    return FinishedWithLosses.exit_code if report.skipped else 0


def _check_alone(context: click.Context) -> None:
    """Refuse, beside two videos, what is about a network or about images."""
    flags = [flag for name, flag in flags_typed(context).items() if name not in OF_FILMS]
    if flags:
        raise InvalidOption(f"two videos are compared as they are. Omit {' and '.join(flags)}.")


OF_FILMS = ("films", "plot", "as_json", "data")
"""What goes with two videos, or has a refusal of its own."""


def _measured(films: tuple[Path, ...], options: dict[str, Any], on_progress: Count) -> Evaluation:
    if films:
        if len(films) != 2 or options["data"] is not None:
            raise InvalidOption("give either two videos, REFERENCE and RESULT, or --data FOLDER.")
        from vsr.jobs.upscale.beforehand import check_source

        for film in films:
            check_source(film)
        from vsr.jobs.evaluate_video import evaluate_video

        return evaluate_video(*films, on_progress, say)
    if options["data"] is None:
        raise InvalidOption("give --data FOLDER, or two videos: REFERENCE and RESULT.")
    from vsr.jobs.evaluate import EvaluateSpec, evaluate, parameter_files

    features, niqe = parameter_files() if options["protocol"] == "standard" else (None, None)
    options["perceptual_weights"] = options["perceptual_weights"] or features
    options["niqe_parameters"] = options["niqe_parameters"] or niqe
    strength, sharpness = options.pop("strength"), options.pop("sharpness")
    if strength == "auto":
        raise InvalidOption(
            "--strength auto: it depends on how a video was compressed, and these images were not. "
            "Give the number that vsr probe VIDEO -s 2 shows for your video, or 0 to 1."
        )
    blend = Blend(strength=strength, sharpness=sharpness)
    return evaluate(EvaluateSpec(blend=blend, **options), on_progress)


def _show(report: Evaluation) -> None:
    rows = [(item.name, asdict(item.scores)) for item in report.pictures]
    mean = asdict(report.mean)
    metrics = [name for name, value in mean.items() if value is not None]
    table = [(name, *(scores[metric] for metric in metrics)) for name, scores in rows]
    digits = [{"psnr_y": 2, "psnr_rgb": 2}.get(metric, 4) for metric in metrics]
    echo_table(
        (_row_of(report), *metrics),
        [
            (name, *(f"{v:.{d}f}" if v is not None else None for v, d in zip(values, digits)))
            for name, *values in (*table, ("mean", *(mean[metric] for metric in metrics)))
        ],
    )
    click.echo("  ".join(f"{name} {value}" for name, value in report.about.items() if value))
    if report.flicker:
        for name, value in asdict(report.flicker).items():
            click.echo(f"{name.replace('_', ' ')}: {'–' if value is None else f'{value:.4g}'}")


def _row_of(report: Evaluation) -> str:
    """Return what each row is of: only videos have flicker."""
    return "frame" if report.flicker else "image"


def _draw(report: Evaluation, path: Path) -> None:
    from vsr.metrics.plot import Panel, draw_panels

    metric = "psnr_y" if report.mean.psnr_y is not None else "psnr_rgb"
    values = [getattr(item.scores, metric) for item in report.pictures]
    mean = getattr(report.mean, metric)
    panel = Panel(
        title=f"{metric} in dB, mean {mean:.2f}, {_row_of(report)} 1 to {len(values)}",
        curves={metric: list(enumerate(values, 1))},
        colour=PLOT_COLOUR,
    )
    with writing(path), published(path) as part:
        draw_panels([panel]).save(part, format="PNG")
