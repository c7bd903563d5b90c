"""``vsr bench``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vsr.cli.shared.completion import complete_file, complete_model, complete_recipe
from vsr.cli.shared.lines import echo_lines, echo_table, say
from vsr.cli.shared.options import coding_options, output_options, spec_from
from vsr.cli.shared.report import emit
from vsr.cli.shared.values import FactorOrSize, PngPath, Whole
from vsr.disk.publishing import published, writing

if TYPE_CHECKING:
    from vsr.jobs.bench.bench import BenchSpec
    from vsr.jobs.bench.bench_report import BenchReport

PLAIN: dict[str, Any] = {
    "keep_audio": True, "keep_subtitles": True, "strength": 0.0, "sharpness": 0.0, "grain": 0.0,
}  # fmt: skip
"""What a benchmark does not offer, as if its flags were given."""


@click.command(short_help="Measure how fast this machine is, stage by stage.")
@click.argument("clip", required=False, type=click.Path(path_type=Path))
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="NAME|FILE",
    help="Network; repeatable.",
    shell_complete=complete_model,
)
@click.option(
    "-p",
    "--preset",
    metavar="NAME|FILE",
    help="Output size and defaults: 1080p, 4k, or a file.",
    shell_complete=complete_recipe("presets"),
)
@click.option("-s", "--scale", type=FactorOrSize(), help="Enlarge by this factor.")
@click.option("--frames", type=Whole(), help="Frames per run; default: a few seconds' worth.")
@click.option("--repeat", "repeats", type=Whole(), default=3, help="Runs; the median is reported.")
@click.option("--discard-output", is_flag=True, help="Discard the frames instead of encoding them.")
@click.option(
    "--png", type=PngPath(), help="Write a chart of the stage times to this file.",
    shell_complete=complete_file,
)  # fmt: skip
@coding_options
@output_options
def bench(
    clip: Path | None,
    models: tuple[str, ...],
    png: Path | None,
    as_json: bool,
    verbose: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Measure each stage alone and the whole pipeline; say how long a video would take.

    CLIP is enlarged; without one, a scene is drawn at 480×270, or 960×540 for 4K. With --json,
    each model is one JSON object on a line of its own.

    \b
      vsr bench
      vsr bench -m fast -m lite --json
      vsr bench --preset 4k --discard-output
    """  # noqa: D301 # \b tells click to keep the lines
    from vsr.jobs.upscale.beforehand import check_source

    if clip is not None:
        check_source(clip)
    from vsr.jobs.bench.bench import bench as run
    from vsr.jobs.upscale.shared_options import check_shared

    reports = []
    specs = [bench_spec(model, options) for model in models or (None,)]
    for spec in specs:  # the last one would be refused only once all others were measured
        check_shared(spec.upscale)
    for spec in specs:
        report = run(clip, spec, note=lambda text: _say(text, is_quiet=quiet or as_json))
        reports.append(report)
        if as_json:
            emit(report.as_dict())
        else:
            _show(report)
    if png is not None:
        from vsr.jobs.bench.bench_report import draw_chart

        with writing(png), published(png) as part:
            draw_chart(reports).save(part, format="PNG")


def bench_spec(model: str | None, options: dict[str, Any]) -> BenchSpec:
    """Return what to measure, from the options as they were typed."""
    from vsr.jobs.bench.bench import BenchSpec

    typed = {**PLAIN, **options, "model": model}
    return BenchSpec(
        upscale=spec_from(typed),
        frames=options["frames"],
        repeats=options["repeats"],
        is_discarded=options["discard_output"],
    )


def _say(text: str, *, is_quiet: bool) -> None:
    if not is_quiet:
        say(text)


def _show(report: BenchReport) -> None:
    """Print one report."""
    click.echo(f"{report.model} ×{report.scale}, {report.size}")
    echo_lines(f"{report.device}, {report.cores} processor cores")
    echo_lines(report.encoder or "output discarded")
    rows = [(name, rate.fps, rate.ms, rate.cpu_ms) for name, rate in report.stages.items()]
    rows.append(("whole", report.whole_fps, 1000 / report.whole_fps, None))
    echo_table(("alone", "fps", "ms", "CPU ms, one thread"), rows)
    for line in report.lines():
        echo_lines(line)
    click.echo("")
