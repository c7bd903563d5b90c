"""Whether an encoder opens: it is tried at its real size, a hardware one also with a frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from vsr.media.encoding.codecs import CODECS, Encoder
from vsr.media.encoding.nvenc import reason_in
from vsr.media.encoding.parameters import with_parameters
from vsr.media.encoding.repeatable import repeatable
from vsr.media.encoding.scheduling import open_encoder
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
    options = repeatable(encoder.name, encoder.options)
    if encoder.name == "libx265":  # it prints to the terminal on its own
        options = with_parameters(options, "x265-params", ["log-level=none"])
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
    # misspelt parameter is not refused but only logged, and the library must refuse it as well;
    # what other threads say meanwhile, such as a scaler's of its formats, is nobody's concern
    level = av.logging.get_level()
    av.logging.set_level(av.logging.WARNING)
    try:
        with av.logging.Capture(local=False), av.logging.Capture() as log:
            open_encoder(context)
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
