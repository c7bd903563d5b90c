"""The options that ``upscale``, ``batch`` and ``probe`` share, and the specs they make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Any, TypeVar

import click

from vsr.batch.engine import EngineSpec
from vsr.cli.shared.values import NumberOrAuto, Seconds
from vsr.errors import InvalidOption
from vsr.specs import EncodeSpec, Existing, Target, TimeRange, UpscaleSpec

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_PRESET = "1080p"

_SIZE_OPTIONS = (
    click.option(
        "-p", "--preset", metavar="NAME|FILE",
        help="Output size and defaults: 1080p, 4k, or a file.",
    ),
    click.option("-s", "--scale", type=int, help="Enlarge by exactly this factor."),
    click.option("--width", type=int, help="Fit this width, with square pixels."),
    click.option("--height", type=int, help="Fit this height, with square pixels."),
    click.option(
        "-m", "--model", metavar="NAME|FILE", help="Network (see vsr models), or weights file."
    ),
    click.option(
        "--strength", type=NumberOrAuto("strength"), metavar="0...1|auto",
        help="How strongly to repair compression artifacts; auto decides by the source.",
    ),
    click.option(
        "--sharpness", type=NumberOrAuto("sharpness"), metavar="0...1|auto",
        help="How much detail to draw that was not there; auto: on compressed sources.",
    ),
)  # fmt: skip
_ENCODE_OPTIONS = (
    click.option("-c", "--codec", metavar="NAME", help="Codec: auto, h264, hevc, av1, ffv1, ... ."),
    click.option("--crf", type=float, help="Quality on x264's scale; mapped for other encoders."),
    click.option("--encoder-preset", metavar="NAME", help="Encoder speed: superfast ... slow."),
    click.option(
        "-e", "--encoder-option", "encoder_options", multiple=True, metavar="KEY=VALUE",
        help="Encoder-specific option; repeatable.",
    ),
    click.option("--format", "container", metavar="NAME", help="Container; default: by suffix."),
    click.option("--faststart", is_flag=True, help="Put the index of an MP4 or MOV at its start."),
    click.option("--pix-fmt", metavar="NAME", help="Pixel format; default: the source's."),
)  # fmt: skip
_RUN_OPTIONS = (
    click.option("-d", "--device", "--gpu-id", default="auto", help="auto, cpu, cuda or cuda:N."),
    click.option(
        "--precision", type=click.Choice(["auto", "fp16", "bf16", "fp32"]), default="auto",
        help="auto is fp16 on CUDA, fp32 on the CPU; bf16 halves the time on CPUs that support it.",
    ),
    click.option(
        "--hwaccel", type=click.Choice(["none", "auto", "cuda"]), default="none",
        help="Decode on the GPU (NVDEC) where possible.",
    ),
    click.option("-t", "--tile", type=int, help="Tile side in source pixels; default: by memory."),
)  # fmt: skip
_CONTENT_OPTIONS = (
    click.option("--start", type=Seconds(), default=0.0, help="Start time: 90, 1:30, 0:01:30.5."),
    click.option(
        "--end", type=Seconds(), default=inf, show_default=False, help="End time, exclusive."
    ),
    click.option("--max-frames", type=int, help="Stop after this many frames."),
    click.option("--no-audio", is_flag=True, help="Drop all audio."),
    click.option("--no-subs", is_flag=True, help="Drop all subtitles."),
    click.option(
        "--deinterlace",
        type=click.Choice(["auto", "off", "refuse"]),
        help="What to do with interlaced video; default: the preset's.",
    ),
    click.option("--restart", is_flag=True, help="Discard an unfinished run and start over."),
    click.option("--keep-work", is_flag=True, help="Keep the segments next to the output."),
    click.option("--strict", is_flag=True, help="Refuse if anything would be lost."),
)
SPEC_OPTIONS = (*_SIZE_OPTIONS, *_ENCODE_OPTIONS, *_RUN_OPTIONS, *_CONTENT_OPTIONS)

_EXISTING_OPTIONS = (
    click.option("-y", "--overwrite", is_flag=True, help="Replace an existing output."),
    click.option("-n", "--no-clobber", is_flag=True, help="Keep an existing output and exit 0."),
)
_OUTPUT_OPTIONS = (
    click.option("--json", "as_json", is_flag=True, help="Print JSON lines."),
    click.option(
        "-v", "--verbose", is_flag=True,
        help="Also print device, sizes, encoder, segment times, and tracebacks of errors.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="Print no progress and no notes."),
)  # fmt: skip


def spec_options(command: Command) -> Command:
    """Add every upscale option."""
    return _with(command, SPEC_OPTIONS)


def coding_options(command: Command) -> Command:
    """Add the options for encoding, and for where the network runs."""
    return _with(command, _ENCODE_OPTIONS + _RUN_OPTIONS)


def existing_options(command: Command) -> Command:
    """Add ``-y`` and ``-n``."""
    return _with(command, _EXISTING_OPTIONS)


def output_options(command: Command) -> Command:
    """Add ``--json``, ``-v`` and ``-q``."""
    return _with(command, _OUTPUT_OPTIONS)


def _with(command: Command, options: tuple[Callable[[Command], Command], ...]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def spec_from(options: dict[str, Any], existing: Existing = "refuse") -> UpscaleSpec:
    """Build the spec: the preset's values, overridden by what was typed.

    Raises:
        Refused: an invalid value or combination.
    """
    from vsr.jobs.upscale.plan import spec_of_preset

    target = _target(options)
    base = spec_of_preset(options["preset"] or DEFAULT_PRESET, target)
    if options["model"] is not None:
        base = base.of_model(options["model"])
    typed = {
        "strength": options["strength"],
        "sharpness": options["sharpness"],
        "deinterlace": options["deinterlace"],
    }
    return base.typed(
        encode=_encoding(base.encode, options),
        container=options["container"],
        is_faststart=options["faststart"],
        device=_device(options["device"]),
        precision=options["precision"],
        hwaccel=options["hwaccel"],
        tile=options["tile"],
        time=TimeRange(
            start_seconds=options["start"],
            end_seconds=options["end"],
            max_frames=options["max_frames"],
        ),
        keep_audio=not options["no_audio"],
        keep_subtitles=not options["no_subs"],
        is_strict=options["strict"],
        is_restart=options["restart"],
        keeps_work=options["keep_work"],
        existing=existing,
        **{name: value for name, value in typed.items() if value is not None},
    )


def existing_from(overwrite: bool, no_clobber: bool) -> Existing:
    """Return what to do with an existing output."""
    if overwrite and no_clobber:
        raise InvalidOption("choose one of --overwrite and --no-clobber.")
    return "overwrite" if overwrite else "skip" if no_clobber else "refuse"


def _target(options: dict[str, Any]) -> Target | None:
    """Return the size that was typed, or None if the preset decides."""
    scale, width, height = options["scale"], options["width"], options["height"]
    if scale is None and width is None and height is None:
        return None
    if options["preset"] is not None:
        raise InvalidOption("choose one of --preset, --scale and --width/--height.")
    return Target(scale=scale, width=width, height=height)


def _device(name: str) -> str:
    """Return the device's name; a bare number is a CUDA device (``--gpu-id 1``)."""
    return f"cuda:{name}" if name.isdecimal() else name


def _encoding(base: EncodeSpec, options: dict[str, Any]) -> EncodeSpec:
    typed = {
        name: options[name]
        for name in ("codec", "crf", "encoder_preset", "pix_fmt")
        if options[name] is not None
    }
    pairs = dict(base.options)
    for text in options["encoder_options"]:
        key, separator, value = text.partition("=")
        if not (key and separator):
            raise InvalidOption(f"-e {text}: write KEY=VALUE.")
        pairs[key] = value
    return replace(base, options=pairs, **typed)


_ENGINE_OPTIONS = (
    click.option(
        "--engine", type=click.Choice(["local", "ray"]), default="local",
        help="Local processes, or a Ray cluster.",
    ),
    click.option("--ray-address", metavar="auto|HOST:PORT", help="Address of a running cluster."),
    click.option("--workers", type=int, help="Number; default: one per GPU, or one on a CPU."),
    click.option("--cpus-per-worker", type=int, help="CPU threads per worker."),
    click.option("--segment-frames", type=int, help="Frames per segment; default: automatic."),
    click.option("--mixed", is_flag=True, help="Allow workers whose output may not be identical."),
)  # fmt: skip


def engine_options(command: Command) -> Command:
    """Add every engine option."""
    for option in reversed(_ENGINE_OPTIONS):
        command = option(command)
    return command


def with_segments(spec: UpscaleSpec, options: dict[str, Any]) -> UpscaleSpec:
    """Return the spec with its segment size, and remove that from the options."""
    return replace(spec, segment_frames=options.pop("segment_frames"))


def engine_from(options: dict[str, Any]) -> EngineSpec:
    """Build the engine's spec from what was typed, and remove it from the options.

    Raises:
        InvalidOption: an invalid value.
    """
    return EngineSpec(
        name=options.pop("engine"),
        address=options.pop("ray_address"),
        workers=options.pop("workers"),
        cpus_per_worker=options.pop("cpus_per_worker"),
        is_mixed=options.pop("mixed"),
    )
