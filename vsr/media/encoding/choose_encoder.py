"""Choose an encoder and its pixel format, and open it before committing to it.

The pixel format is the smallest of the encoder's own that loses nothing of the source.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, Self

from vsr.colour import Colour
from vsr.errors import EncoderUnavailable, InvalidOption, UnsuitableContainer
from vsr.frames import Layout
from vsr.media.containers import container_named
from vsr.media.encoding.codecs import CODECS, CodecEntry, Encoder, codec_named
from vsr.media.encoding.coded_format import (
    CodedFormat,
    as_image,
    demanded,
    kept,
    layout_named,
    rounded,
    shown_everywhere,
    smallest,
)
from vsr.media.encoding.encoder_trial import check_option_names, prove
from vsr.media.encoding.parameters import with_parameters
from vsr.media.frames.formats import pix_fmt_of
from vsr.media.source.info import VideoInfo
from vsr.specs import RATES, EncodeSpec
from vsr.values import Size

DEFAULT_CRF = 18.0
"""Visually clean, on x264's scale: a film is upscaled once, and the result is kept."""

LEAST_BITS_PER_SECOND = 1000
"""The encoders count in thousands; x264 takes less for no rate at all."""

DEFAULT_PRESET = "medium"
CPU_PRESET = "superfast"
"""On a CPU the encoder shares the cores with the network."""

H264_SIDE = 4096
"""The longest side that hardware H.264 decoders accept (level 5.2)."""

MAX_THREADS = 16


Alpha = Literal["seen", "channel", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderInput:
    """The frames that an encoder is chosen for.

    Attributes:
        size: of the output, in pixels.
        layout: of the source.
        colour: the tags of the output.
        is_rgb: the source is RGB, and only read as 4:4:4.
        alpha: of the source: seen in its first frames, only a channel, or none.
    """

    size: Size
    layout: Layout = Layout()
    colour: Colour = Colour()
    is_rgb: bool = False
    alpha: Alpha = "none"

    @classmethod
    def of(cls, video: VideoInfo, size: Size, colour: Colour) -> Self:
        """Return what becomes of a source's video at another size."""
        return cls(
            size=size,
            layout=video.layout,
            colour=colour,
            is_rgb=video.reading.is_from_rgb,
            alpha=("seen" if video.is_transparent else "channel") if video.has_alpha else "none",
        )


def choose(
    spec: EncodeSpec,
    container: str,
    frames: EncoderInput,
    *,
    is_cpu_device: bool,
    threads: int | None = None,
    bit_rate: int | None = None,
) -> Encoder:
    """Choose the encoder that the user asks for, and check that it opens at this size.

    Depth and chroma of the source are kept unless ``spec.pix_fmt`` says otherwise.

    Args:
        threads: of the encoder; by default one per core, at most 16.
        bit_rate: the average, if the spec asks for the size of the file.

    Raises:
        EncoderUnavailable: it does not open, or cannot take the size or format.
        UnsuitableContainer: the container cannot hold the codec.
        InvalidOption, UnknownName: a codec, preset, option or quality that does not exist.
    """
    entry, size = _entry(spec, container, frames), frames.size
    is_held = entry.codec != "vp9" or container in BESIDE_PACKETS
    if has_alpha := frames.alpha != "none" and is_held and bool(entry.alpha_pix_fmts):
        entry = replace(entry, pix_fmts=entry.alpha_pix_fmts)
    _check_container(entry, container, spec)
    _check_size(entry, size, container)
    coded = _format(entry, spec, frames.layout, is_rgb=frames.is_rgb)
    if isinstance(spec.bitrate, int):
        bit_rate = spec.bitrate
    elif bit_rate is not None:  # the segments' own rates say whether a file can be so small
        bit_rate = max(bit_rate, LEAST_BITS_PER_SECOND)
    _check_rate(entry, spec)
    options = _options(entry, spec, coded.pix_fmt, bit_rate, is_cpu_device=is_cpu_device)
    encoder = Encoder(
        name=entry.name,
        codec=entry.codec,
        pix_fmt=coded.pix_fmt,
        layout=coded.delivered,
        options=MappingProxyType(options),
        threads=threads or min(os.cpu_count() or 1, MAX_THREADS),
        params_option=entry.params_option,
        has_alpha=has_alpha,
        bit_rate=bit_rate,
        notes=coded.notes,
        losses=coded.losses,
    )
    check_option_names(entry.name, spec.options)
    prove(encoder, size, frames.colour, is_hardware=entry.is_hardware)
    return encoder


OF_ALPHA = {"mov": "prores", "matroska": "ffv1", "webm": "vp9", "nut": "ffv1"}
"""What transparency is written with, by container."""

BESIDE_PACKETS = ("matroska", "webm")
"""Containers with a place for the alpha of VP9."""


def _of_alpha(spec: EncodeSpec, container: str) -> str | None:
    """Return what transparency is written with; what is lossless takes no quality or rate."""
    is_rated = any(getattr(spec, name) is not None for name in RATES)
    if is_rated or not RATE_OPTIONS.isdisjoint(spec.options):
        return "vp9" if container in BESIDE_PACKETS else None
    return OF_ALPHA.get(container)


def _entry(spec: EncodeSpec, container: str, frames: EncoderInput) -> CodecEntry:
    if spec.codec.lower() != "auto":
        return codec_named(spec.codec)
    held = container_named(container).video_codecs
    if frames.alpha == "seen" and (name := _of_alpha(spec, container)):
        return codec_named(name)
    if len(held) == 1:
        return codec_named(*held)
    size = frames.size
    layout = shown_everywhere(frames.layout) if frames.is_rgb else frames.layout
    bits = layout.bits
    if spec.pix_fmt is not None:
        bits = layout_named(spec.pix_fmt).bits
    is_small = max(size.width, size.height) <= H264_SIDE and bits == 8
    order = ("h264", "hevc", "av1", "vp9") if is_small else ("hevc", "av1", "vp9", "h264")
    entries = [codec_named(name) for name in order if name in held]
    # Every container holds a codec without such a limit.
    candidates = [entry for entry in entries if _takes(entry, size)]
    for wanted in rounded(layout):
        for entry in candidates:
            if spec.pix_fmt in entry.pix_fmts or smallest(entry, wanted):
                return entry
    return candidates[0]


def _check_container(entry: CodecEntry, container: str, spec: EncodeSpec) -> None:
    held = container_named(container).video_codecs
    if entry.codec not in held:
        raise UnsuitableContainer(
            f"--codec {spec.codec}: {container} cannot hold {entry.codec} "
            f"(it holds {', '.join(sorted(held))}). Choose another codec, or .mkv."
        )


def _takes(entry: CodecEntry, size: Size) -> bool:
    return min(size.width, size.height) >= entry.smallest_side


def _check_size(entry: CodecEntry, size: Size, container: str) -> None:
    if not _takes(entry, size):
        least = entry.smallest_side
        others = dict.fromkeys(
            one.codec
            for one in CODECS
            if one.codec in container_named(container).video_codecs
            and _takes(one, size)
            and not one.is_hardware
        )
        raise EncoderUnavailable(
            f"{entry.name}: {size} is too small; the minimum is {least}x{least}. "
            f"Choose --codec {' or '.join([*others][:2])}."
        )


def _format(entry: CodecEntry, spec: EncodeSpec, source: Layout, *, is_rgb: bool) -> CodedFormat:
    if entry.codec == "png":
        return as_image(entry, spec.pix_fmt, source)
    if spec.pix_fmt is not None:
        return demanded(entry, spec.pix_fmt, source)
    if not is_rgb or entry.quality_option is None:  # what is lossless, or for editing, keeps chroma
        return kept(entry, source)
    coded = kept(entry, shown_everywhere(source))
    full = pix_fmt_of(replace(source, bits=coded.delivered.bits))
    note = (
        f"RGB is written as {coded.delivered.subsampling}, which every player shows. "
        f"Choose --pix-fmt {full} to keep full chroma."
    )
    return replace(coded, notes=(note,))


RATE_OPTIONS = frozenset({"b", "cq", "crf", "global_quality", "qp"})
"""FFmpeg's names of what decides how many bits are spent. Beside a default quality, encoders would
ignore the others of them.
"""


def _check_rate(entry: CodecEntry, spec: EncodeSpec) -> None:
    """Refuse a rate that the encoder has no setting for, and two that contradict each other."""
    asked = [
        f"--{name.replace('_', '-')} {value:.12g}"
        for name in RATES
        if isinstance(value := getattr(spec, name), int | float)
    ]
    asked += [f"-e {key}={value}" for key, value in spec.options.items() if key in RATE_OPTIONS]
    if asked and entry.quality_option is None:
        raise InvalidOption(f"{asked[0]}: {entry.name} has no such setting. Omit it.")
    if isinstance(spec.bitrate, int) and spec.bitrate < LEAST_BITS_PER_SECOND:
        raise InvalidOption(
            f"{asked[0]}: bits per second, too few for any encoder. For thousands of bits "
            f"write {spec.bitrate}k."
        )
    if len(asked) > 1:
        raise InvalidOption(f"{' and '.join(asked)} contradict each other; give only one of them.")


def _options(
    entry: CodecEntry,
    spec: EncodeSpec,
    pix_fmt: str,
    bit_rate: int | None,
    *,
    is_cpu_device: bool,
) -> dict[str, str]:
    preset = spec.encoder_preset or (CPU_PRESET if is_cpu_device else DEFAULT_PRESET)
    options, given = dict(entry.fixed) | entry.preset_options(preset), dict(spec.options)
    if bit_rate is not None:
        options |= entry.rate_options(bit_rate)
        params = entry.params_option or ""
        if params in options and params in given:
            given = with_parameters(given, params, [options[params]])
    elif RATE_OPTIONS.isdisjoint(given):
        options |= entry.quality_options(DEFAULT_CRF if spec.crf is None else spec.crf)
    if entry.codec == "prores":
        options["profile"] = "4444" if "444" in pix_fmt else "hq"
    return options | given


def at_rate(encoder: Encoder, bit_rate: int) -> Encoder:
    """Return the encoder at another average rate; what the user set beside it stays."""
    entry = codec_named(encoder.name)
    assert encoder.bit_rate is not None
    before, now = entry.rate_options(encoder.bit_rate), entry.rate_options(bit_rate)
    changed = {key: now[key] for key in entry.rate if encoder.options[key] == before[key]}
    options = MappingProxyType(dict(encoder.options) | changed)
    return replace(encoder, options=options, bit_rate=bit_rate)
