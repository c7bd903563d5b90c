"""Choose an encoder, and open it before committing to it."""

from __future__ import annotations

import os
from types import MappingProxyType

from vsr.colour import Colour
from vsr.errors import EncoderUnavailable, InvalidOption, UnsuitableContainer
from vsr.frames import Layout
from vsr.media.codec_entry import CodecEntry
from vsr.media.codecs import codec_named
from vsr.media.containers import container_named
from vsr.media.encoder import Encoder
from vsr.media.formats import layout_of
from vsr.media.trial import check_option_names, prove
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
    threads: int | None = None,
) -> Encoder:
    """Choose the encoder that the user asks for, and check that it opens at this size.

    Args:
        layout: of the source. Depth and chroma are kept unless ``spec.pix_fmt`` says otherwise.
        threads: of the encoder; by default one per core, at most 16.

    Raises:
        EncoderUnavailable: it does not open, or cannot take the size or format.
        UnsuitableContainer: the container cannot hold the codec.
        InvalidOption, UnknownName: a codec, preset, option or quality that does not exist.
    """
    entry = _entry(spec, container, size, layout)
    _check_container(entry, container, spec)
    _check_size(entry, size)
    pix_fmt, delivered = _format(entry, spec, layout)
    encoder = Encoder(
        name=entry.name,
        codec=entry.codec,
        pix_fmt=pix_fmt,
        layout=delivered,
        options=MappingProxyType(_options(entry, spec, pix_fmt, is_cpu_device=is_cpu_device)),
        threads=threads or min(os.cpu_count() or 1, MAX_THREADS),
        params_option=entry.params_option,
        notes=_notes(entry, pix_fmt, layout, spec),
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
        bits = _layout_named(spec.pix_fmt).bits
    is_small = max(size.width, size.height) <= H264_SIDE and bits == 8
    order = ("h264", "hevc", "av1", "vp9") if is_small else ("hevc", "av1", "vp9", "h264")
    entries = [codec_named(name) for name in order if name in held]
    # Every container holds a codec without such a limit.
    candidates = [entry for entry in entries if _takes(entry, size)]
    for entry in candidates:
        if spec.pix_fmt in entry.pix_fmts or _smallest(entry, layout):
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


def _layout_named(pix_fmt: str) -> Layout:
    layout = layout_of(pix_fmt)
    if layout is None:
        raise InvalidOption(
            f"--pix-fmt {pix_fmt}: not a planar YUV or gray format. Omit it, or choose one, "
            "such as yuv420p10le."
        )
    return layout


def _format(entry: CodecEntry, spec: EncodeSpec, source: Layout) -> tuple[str, Layout]:
    """Return what is encoded, and what the upscaler delivers for it."""
    if spec.pix_fmt is not None:
        chosen = _layout_named(spec.pix_fmt)
        if spec.pix_fmt not in entry.pix_fmts:
            raise EncoderUnavailable(
                f"--pix-fmt {spec.pix_fmt}: {entry.name} does not take it. "
                f"Choose one of {', '.join(entry.pix_fmts)}."
            )
        return spec.pix_fmt, _delivered(source, chosen)
    pix_fmt = _smallest(entry, source)
    if pix_fmt is None:
        raise EncoderUnavailable(
            f"{entry.name} cannot keep {source.subsampling} at {source.bits} bits. "
            f"Choose another --codec, or give up quality with --pix-fmt {entry.pix_fmts[0]}."
        )
    return pix_fmt, _delivered(source, _layout_named(pix_fmt))


def _smallest(entry: CodecEntry, source: Layout) -> str | None:
    """Return the smallest format of the encoder that loses nothing of ``source``."""
    best: tuple[tuple[bool, int, int], str] | None = None
    for pix_fmt in entry.pix_fmts:
        layout = _layout_named(pix_fmt)
        if not _holds(layout, source):
            continue
        cost = (layout.is_gray != source.is_gray, layout.bits, -layout.x_shift - layout.y_shift)
        if best is None or cost < best[0]:
            best = (cost, pix_fmt)
    return best[1] if best else None


def _holds(layout: Layout, source: Layout) -> bool:
    if layout.bits < source.bits:
        return False
    if source.is_gray or layout.is_gray:
        return source.is_gray
    return layout.x_shift <= source.x_shift and layout.y_shift <= source.y_shift


def _delivered(source: Layout, chosen: Layout) -> Layout:
    if source.is_gray and not chosen.is_gray:  # the writer adds neutral chroma
        return Layout(bits=chosen.bits, x_shift=0, y_shift=0, is_gray=True)
    return chosen


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


def _notes(entry: CodecEntry, pix_fmt: str, source: Layout, spec: EncodeSpec) -> tuple[str, ...]:
    layout = _layout_named(pix_fmt)
    if source.is_gray and not layout.is_gray:
        return (
            f"{entry.name} cannot store gray: written as {layout.subsampling} with neutral chroma.",
        )
    if spec.pix_fmt is None and layout != source:
        return (
            f"{entry.name} writes {layout.subsampling} at {layout.bits} bits "
            f"({source.subsampling} at {source.bits} bits in the source; nothing is lost).",
        )
    return ()
