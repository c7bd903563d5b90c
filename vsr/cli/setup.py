"""``vsr doctor``, ``bench``, ``demo`` and ``completion``: vsr on this machine."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import get_completion_class

from vsr.cli.shared.completion import complete_file, complete_model, complete_recipe
from vsr.cli.shared.lines import echo, echo_lines, echo_table, echo_wrapped, say
from vsr.cli.shared.options import coding_options, output_options, spec_from
from vsr.cli.shared.report import emit, report_for
from vsr.cli.shared.values import FactorOrSize, OneOf, PngPath, Whole
from vsr.disk.publishing import published, writing

if TYPE_CHECKING:
    from vsr.jobs.bench.bench import BenchSpec
    from vsr.jobs.bench.bench_report import BenchReport


@click.command(short_help="Show what this machine can do, and why.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(as_json: bool) -> int:
    """Show which device would be used and why, which encoders open, and what is installed.

    The exit code is 1 if something that upscaling needs is broken.
    """
    from vsr.jobs.setup import examine

    findings = examine()
    if as_json:
        emit({"findings": [asdict(finding) for finding in findings]})
    else:
        width = max(len(finding.what) for finding in findings)
        for finding in findings:
            mark = "ok " if finding.is_good else "BAD" if finding.is_needed else "no "
            echo_wrapped(f"{mark}  {finding.what:<{width}}  ", finding.detail)
    return int(any(finding.is_needed and not finding.is_good for finding in findings))


@click.command(short_help="Make a clip, upscale it, and compare.")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("demo"))
def demo(folder: Path) -> None:
    """Make a clip with sound in FOLDER, upscale it, and compare.

    480×270 becomes 1920×1080 with the default network, nothing drawn or repaired. A PNG shows
    bicubic, vsr and the original side by side.
    """
    from vsr.jobs.setup import demonstrate

    say(f"drawing {folder / 'demo-270p.mp4'} …")
    with report_for("upscaling", as_json=False, is_quiet=False) as report:
        shown = demonstrate(folder, on_progress=report.on_progress, note=report.note)
    echo(f"clip        {shown.clip}")
    echo(f"upscaled    {shown.upscaled}  ({shown.result.speed()})")
    echo(f"comparison  {shown.comparison}")
    click.echo(f"Y PSNR      bicubic {shown.bicubic_psnr:.2f} dB, vsr {shown.our_psnr:.2f} dB")


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
