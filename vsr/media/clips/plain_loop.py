"""The loop that a user would write with PyAV: the baseline of the benchmark.

Decode, one conversion by swscale, enlarge, one conversion back, encode; one frame after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from vsr.media.encoding.codecs import Encoder
from vsr.specs import Size

Picture = NDArray[np.uint8]

DEFAULT_RATE = Fraction(25)
"""If the source's frame rate is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainSpec:
    """One run of the plain loop.

    Attributes:
        taken_as: the network's input, as FFmpeg's pixel format: ``rgb24`` or ``yuv420p``.
        encoder: None discards the frames instead of encoding them.
        target: a NUT file.
    """

    source: Path
    target: Path
    output: Size
    taken_as: str
    pix_fmt: str
    encoder: Encoder | None


def plain_loop(spec: PlainSpec, frames: int, enlarge: Callable[[Picture], Picture]) -> int:
    """Enlarge the first frames of a clip and return how many there were.

    Args:
        enlarge: takes a frame, (H, W, 3) for rgb24 or (1.5 H, W) for yuv420p; returns a larger one.
    """
    count = 0
    with ExitStack() as stack:
        container = stack.enter_context(av.open(str(spec.source)))
        stream = container.streams.video[0]
        rate = Fraction(stream.average_rate or DEFAULT_RATE)
        encode = _open_encoder(spec, stack, rate) if spec.encoder else None
        for frame in islice(container.decode(stream), frames):
            taken = frame.reformat(frame.width // 2 * 2, frame.height // 2 * 2, spec.taken_as)
            picture = enlarge(cast(Picture, taken.to_ndarray()))
            large = av.VideoFrame.from_ndarray(picture, format=spec.taken_as)
            large = large.reformat(spec.output.width, spec.output.height, spec.pix_fmt)
            large.pts, large.time_base = count, 1 / rate
            if encode is not None:
                encode(large)
            count += 1
        if encode is not None:
            encode(None)
    return count


def _open_encoder(
    spec: PlainSpec, stack: ExitStack, rate: Fraction
) -> Callable[[av.VideoFrame | None], None]:
    """Open the output and return what encodes a frame into it; None drains."""
    assert spec.encoder is not None
    output = stack.enter_context(av.open(f"file:{spec.target}", "w", format="nut"))
    stream = output.add_stream(spec.encoder.name, rate=rate, options=dict(spec.encoder.options))
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = spec.output.width, spec.output.height
    stream.pix_fmt = spec.pix_fmt
    stream.codec_context.thread_count = spec.encoder.threads
    return lambda frame: output.mux(stream.encode(frame))
