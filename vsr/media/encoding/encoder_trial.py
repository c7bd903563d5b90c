"""What an encoder takes: the pixel format nearest to the source's, and whether it opens at all.

It is tested by opening it; a hardware one also by encoding a frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fractions import Fraction
from types import MappingProxyType
from typing import cast

import av
import av.logging
from av.codec.context import Flags, OptionFlags
from av.video.codeccontext import VideoCodecContext

from vsr.colour import Colour, Siting
from vsr.errors import EncoderUnavailable, InvalidOption
from vsr.frames import Layout
from vsr.media.encoding.codecs import CODECS, CodecEntry, Encoder
from vsr.media.encoding.nvenc import reason_in
from vsr.media.frames.formats import alpha_pix_fmt, layout_of
from vsr.values import Size

TRIAL_SIZE = Size(256, 144)
"""Hardware encoders refuse much smaller ones."""

TRIAL_RATE = Fraction(25)
"""Any rate will do: none of the encoders has a limit on it that matters here."""

BAD_PARAMETER = ("Error parsing option", "Unknown option", "Invalid value for", "Failed to set")
"""How x264, x265 and SVT-AV1 report a bad parameter in the log, without failing."""


def configure(context: VideoCodecContext, encoder: Encoder, size: Size, colour: Colour) -> None:
    """Set everything except the times: size, format, colour tags, threads and options.

    The parameter sets go into the header (``global_header``), as mp4 and a joined file need.
    """
    context.width, context.height = size.width, size.height
    context.pix_fmt = alpha_pix_fmt(encoder.pix_fmt) if encoder.has_alpha else encoder.pix_fmt
    context.color_primaries, context.color_trc = colour.primaries, colour.transfer
    context.colorspace, context.color_range = colour.matrix, int(colour.range)
    context.thread_count = encoder.threads
    context.flags |= Flags.global_header
    options = dict(encoder.options)
    if encoder.name == "libx265":  # it prints to the terminal on its own
        options["x265-params"] = ":".join(
            part for part in ("log-level=none", options.get("x265-params")) if part
        )
    if colour.siting is not Siting.UNSPECIFIED and encoder.layout.subsampling == "4:2:0":
        options["chroma_sample_location"] = str(int(colour.siting))
    context.options = options


def check_option_names(name: str, options: Mapping[str, str]) -> None:
    """Refuse an option that the encoder does not have.

    Raises:
        InvalidOption: with the closest names.
        EncoderUnavailable: FFmpeg was built without the encoder.
    """
    supported = _create(name).supported_options
    wanted = OptionFlags.ENCODING_PARAM | OptionFlags.VIDEO_PARAM
    known = [option.name for option in supported.private]
    known += [option.name for option in supported.generic if option.flags & wanted == wanted]
    for key in options:
        if key not in known:
            close = get_close_matches(key, known, n=3)
            help_page = f"See ffmpeg -h encoder={name}."
            hint = f"Did you mean {' or '.join(close)}?" if close else help_page
            raise InvalidOption(f"-e {key}={options[key]}: {name} has no such option. {hint}")


def prove(encoder: Encoder, size: Size, colour: Colour, *, is_hardware: bool) -> None:
    """Open the encoder at its real size; a hardware one must encode a black frame too.

    Raises:
        EncoderUnavailable: it does not open.
        InvalidOption: it opens, but reports one of the library's own parameters as bad.
    """
    reason = _obstacle(encoder, size, colour, is_hardware=is_hardware)
    if reason is not None:
        raise EncoderUnavailable(
            f"{encoder.name} does not open at {size}, {encoder.pix_fmt} ({reason}). "
            f"Choose another --codec, size or --pix-fmt."
        )


def openings() -> Iterator[tuple[str, str | None]]:
    """Yield each encoder that vsr knows, with why it does not open here, or None if it does."""
    for entry in CODECS:
        layout = layout_of(entry.pix_fmts[0])
        assert layout is not None  # a row of the table
        encoder = Encoder(
            name=entry.name,
            codec=entry.codec,
            pix_fmt=entry.pix_fmts[0],
            layout=layout,
            options=MappingProxyType(dict(entry.fixed)),
        )
        yield entry.name, _obstacle(encoder, TRIAL_SIZE, Colour(), is_hardware=entry.is_hardware)


def _obstacle(encoder: Encoder, size: Size, colour: Colour, *, is_hardware: bool) -> str | None:
    """Open the encoder; return why it does not open, if so."""
    context = _create(encoder.name)
    configure(context, encoder, size, colour)
    context.time_base, context.framerate = 1 / TRIAL_RATE, TRIAL_RATE
    given = set(context.options)
    # PyAV drops messages below a process-wide level: raised for this opening only, as a
    # misspelt parameter is not refused but only logged, and the library must refuse it as well
    level = av.logging.get_level()
    av.logging.set_level(av.logging.WARNING)
    try:
        with av.logging.Capture() as log:
            context.open()
            if is_hardware:
                context.encode(av.VideoFrame(size.width, size.height, encoder.pix_fmt))
    except (av.FFmpegError, OSError, ValueError) as error:
        return reason_in([text.strip() for _, _, text in log if text.strip()], str(error))
    finally:
        av.logging.set_level(level)
    _check_complaints(encoder, log, set(context.options) & given)
    return None


def _create(name: str) -> VideoCodecContext:
    try:
        return cast(VideoCodecContext, av.CodecContext.create(name, "w"))
    except (av.FFmpegError, ValueError) as error:
        raise EncoderUnavailable(
            f"{name}: this build of FFmpeg does not have it. Choose another --codec."
        ) from error


def _check_complaints(encoder: Encoder, log: list[tuple[int, str, str]], unused: set[str]) -> None:
    for _, _, text in log:
        if any(complaint in text for complaint in BAD_PARAMETER):
            raise InvalidOption(f"{encoder.name}: {text.strip().rstrip('.')}. Check -e.")
    if unused:
        raise InvalidOption(f"{encoder.name} does not use {', '.join(sorted(unused))}. Check -e.")


ROUNDED_BITS = (12, 10)
"""What deeper samples are rounded to where an encoder takes no more; 8 would show bands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedFormat:
    """What is encoded.

    Attributes:
        pix_fmt: FFmpeg's name for it.
        delivered: what the upscaler is to deliver. Gray stays gray even if ``pix_fmt`` has chroma.
        notes: remarks for the user, one sentence each.
        losses: what it cannot hold of the source, likewise.
    """

    pix_fmt: str
    delivered: Layout
    notes: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()


def shown_everywhere(rgb: Layout) -> Layout:
    """Return what an RGB source becomes in a lossy codec: few players show 4:4:4."""
    return replace(rgb, x_shift=1, y_shift=1)


def layout_named(pix_fmt: str) -> Layout:
    """Return the layout of a pixel format that a user asks for.

    Raises:
        InvalidOption: it is not a planar YUV or gray format.
    """
    layout = layout_of(pix_fmt)
    if layout is None:
        raise InvalidOption(
            f"--pix-fmt {pix_fmt}: not a planar YUV or gray format. Omit it, or choose one, "
            "such as yuv420p10le."
        )
    return layout


def rounded(source: Layout) -> Iterator[Layout]:
    """Yield a layout, then the same with fewer bits, as far as nobody would see it."""
    yield source
    yield from (replace(source, bits=bits) for bits in ROUNDED_BITS if bits < source.bits)


def smallest(entry: CodecEntry, source: Layout) -> str | None:
    """Return the smallest format of an encoder that loses nothing of ``source``, if any."""
    best: tuple[tuple[bool, int, int], str] | None = None
    for pix_fmt in entry.pix_fmts:
        layout = layout_named(pix_fmt)
        if not _holds(layout, source):
            continue
        cost = (layout.is_gray != source.is_gray, layout.bits, -layout.x_shift - layout.y_shift)
        if best is None or cost < best[0]:
            best = (cost, pix_fmt)
    return best[1] if best else None


def demanded(entry: CodecEntry, pix_fmt: str, source: Layout) -> CodedFormat:
    """Return a format that the user asks for.

    Raises:
        EncoderUnavailable: the encoder does not take it.
        InvalidOption: it is not a planar YUV or gray format.
    """
    layout = layout_named(pix_fmt)
    if pix_fmt not in entry.pix_fmts:
        raise EncoderUnavailable(
            f"--pix-fmt {pix_fmt}: {entry.name} does not take it. "
            f"Choose one of {', '.join(entry.pix_fmts)}."
        )
    return CodedFormat(
        pix_fmt=pix_fmt,
        delivered=_delivered(source, layout),
        notes=_gray_note(entry, layout, source),
    )


def kept(entry: CodecEntry, source: Layout) -> CodedFormat:
    """Return the format that keeps the source, but for low bits that the encoder does not take.

    Raises:
        EncoderUnavailable: chroma, or more than low bits, would be lost.
    """
    pix_fmt = next((found for one in rounded(source) if (found := smallest(entry, one))), None)
    if pix_fmt is None:
        raise EncoderUnavailable(
            f"{entry.name} cannot keep {source.subsampling} at {source.bits} bits. "
            f"Choose another --codec, or give up quality with --pix-fmt {entry.pix_fmts[0]}."
        )
    layout = layout_named(pix_fmt)
    losses: tuple[str, ...] = ()
    if layout.bits < source.bits:
        losses = (
            f"{entry.name} writes {layout.bits} bits instead of {source.bits}. "
            "Choose --codec ffv1, into .mkv, to keep them.",
        )
    return CodedFormat(
        pix_fmt=pix_fmt,
        delivered=_delivered(source, layout),
        notes=_gray_note(entry, layout, source) or _more_note(entry, layout, source),
        losses=losses,
    )


def as_image(entry: CodecEntry, pix_fmt: str | None, source: Layout) -> CodedFormat:
    """Return the format of an image: R'G'B' or gray, which is made of 16-bit planes.

    Raises:
        EncoderUnavailable: the format that is asked for is none of these.
    """
    bits = 8 if source.bits == 8 else 16
    usual = {8: ("gray", "rgb24"), 16: ("gray16be", "rgb48be")}[bits][not source.is_gray]
    chosen = pix_fmt or usual
    if chosen not in entry.pix_fmts or (chosen.startswith("gray") and not source.is_gray):
        raise EncoderUnavailable(
            f"--pix-fmt {pix_fmt}: an image of this film cannot be so. Choose rgb24 or rgb48be."
        )
    layout = Layout(bits=16, x_shift=0, y_shift=0, is_gray=source.is_gray)
    return CodedFormat(pix_fmt=chosen, delivered=layout)


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


def _gray_note(entry: CodecEntry, layout: Layout, source: Layout) -> tuple[str, ...]:
    if not source.is_gray or layout.is_gray:
        return ()
    return (
        f"{entry.name} cannot store gray: written as {layout.subsampling} with neutral chroma.",
    )


def _more_note(entry: CodecEntry, layout: Layout, source: Layout) -> tuple[str, ...]:
    if layout == source or layout.bits < source.bits:
        return ()
    return (
        f"{entry.name} writes {layout.subsampling} at {layout.bits} bits "
        f"({source.subsampling} at {source.bits} bits in the source; nothing is lost).",
    )
