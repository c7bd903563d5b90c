"""Which pixel format an encoder is given: the one nearest to the source's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from vsr.errors import EncoderUnavailable, InvalidOption
from vsr.frames import Layout
from vsr.media.encoding.codecs import CodecEntry
from vsr.media.frames.formats import layout_of

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
            f"--pix-fmt {pix_fmt}: images of this video cannot have it. Choose rgb24 or rgb48be."
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
