"""Choose an encoder, and open it before committing to it."""

from __future__ import annotations

import os
from dataclasses import replace
from types import MappingProxyType

from vsr.colour import Colour
from vsr.errors import EncoderUnavailable, InvalidOption, UnsuitableContainer
from vsr.frames import Layout
from vsr.media.containers import container_named
from vsr.media.encoding.choose_pix_fmt import (
    CodedFormat,
    demanded,
    kept,
    layout_named,
    rounded,
    shown_everywhere,
    smallest,
)
from vsr.media.encoding.codecs import CodecEntry, Encoder, codec_named
from vsr.media.encoding.encoder_trial import check_option_names, prove
from vsr.media.frames.formats import pix_fmt_of
from vsr.specs import EncodeSpec, Size

__all__ = ["Encoder", "choose"]

DEFAULT_CRF = 18.0
"""Visually clean, on x264's scale: a film is upscaled once, and the result is kept."""

DEFAULT_PRESET = "medium"
CPU_PRESET = "superfast"
"""On a CPU the encoder shares the cores with the network."""

H264_SIDE = 4096
"""The longest side that hardware H.264 decoders accept (level 5.2)."""

MAX_THREADS = 16


def choose(
    spec: EncodeSpec,
    container: str,
    size: Size,
    layout: Layout,
    colour: Colour,
    *,
    is_cpu_device: bool,
    is_rgb: bool = False,
    threads: int | None = None,
) -> Encoder:
    """Choose the encoder that the user asks for, and check that it opens at this size.

    Args:
        layout: of the source. Depth and chroma are kept unless ``spec.pix_fmt`` says otherwise.
        is_rgb: the source is RGB, and only read as 4:4:4.
        threads: of the encoder; by default one per core, at most 16.

    Raises:
        EncoderUnavailable: it does not open, or cannot take the size or format.
        UnsuitableContainer: the container cannot hold the codec.
        InvalidOption, UnknownName: a codec, preset, option or quality that does not exist.
    """
    entry = _entry(spec, container, size, shown_everywhere(layout) if is_rgb else layout)
    _check_container(entry, container, spec)
    _check_size(entry, size)
    coded = _format(entry, spec, layout, is_rgb=is_rgb)
    encoder = Encoder(
        name=entry.name,
        codec=entry.codec,
        pix_fmt=coded.pix_fmt,
        layout=coded.delivered,
        options=MappingProxyType(_options(entry, spec, coded.pix_fmt, is_cpu_device=is_cpu_device)),
        threads=threads or min(os.cpu_count() or 1, MAX_THREADS),
        params_option=entry.params_option,
        notes=coded.notes,
        losses=coded.losses,
    )
    check_option_names(entry.name, spec.options)
    prove(encoder, size, colour, is_hardware=entry.is_hardware)
    return encoder


def _entry(spec: EncodeSpec, container: str, size: Size, layout: Layout) -> CodecEntry:
    if spec.codec.lower() != "auto":
        return codec_named(spec.codec)
    held = container_named(container).video_codecs
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


def _check_size(entry: CodecEntry, size: Size) -> None:
    if not _takes(entry, size):
        least = entry.smallest_side
        raise EncoderUnavailable(
            f"{entry.name}: {size} is too small; the minimum is {least}x{least}. "
            "Choose --codec h264 or ffv1."
        )


def _format(entry: CodecEntry, spec: EncodeSpec, source: Layout, *, is_rgb: bool) -> CodedFormat:
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


def _options(
    entry: CodecEntry, spec: EncodeSpec, pix_fmt: str, *, is_cpu_device: bool
) -> dict[str, str]:
    preset = spec.encoder_preset or (CPU_PRESET if is_cpu_device else DEFAULT_PRESET)
    crf = DEFAULT_CRF if spec.crf is None else spec.crf
    if spec.crf is not None and entry.quality_option is None:
        raise InvalidOption(f"--crf {spec.crf:g}: {entry.name} has no such setting. Omit it.")
    options = dict(entry.fixed) | entry.preset_options(preset) | entry.quality_options(crf)
    if entry.codec == "prores":
        options["profile"] = "4444" if "444" in pix_fmt else "hq"
    return options | dict(spec.options)
