"""The chroma siting of a stream, which av 18.1 does not expose.

FFmpeg's Matroska muxer writes it into a header, so one is written to memory and read back. Y4M has
it in its first line.
"""

from __future__ import annotations

import re
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import av
from av.video.stream import VideoStream

from vsr.colour import Siting

CHROMA_SITING = re.compile(rb"\x55\xb7\x81([\x01\x02])\x55\xb8\x81([\x01\x02])", re.DOTALL)
"""ChromaSitingHorz and ChromaSitingVert of RFC 9559: 1 is on the first luma sample, 2 between."""

SITINGS = {
    (1, 1): Siting.TOP_LEFT,
    (1, 2): Siting.LEFT,
    (2, 1): Siting.TOP,
    (2, 2): Siting.CENTER,
}

SITINGS_OF_CODECS = {
    "jpeg2000": Siting.CENTER,
    "webp": Siting.CENTER,
    "dvvideo": Siting.TOP_LEFT,
    "h261": Siting.CENTER,
    "h263": Siting.CENTER,
    "h263i": Siting.CENTER,
    "h263p": Siting.CENTER,
    "flv1": Siting.CENTER,
}
"""What standards specify where FFmpeg's decoders are silent, or Matroska does not know the codec.

Source: JFIF 1.02; IEC 61834-2 (DV); ITU-T H.261 and H.263, 3.1 of both.
"""

LONGEST_Y4M_HEADER = 4096

Y4M_SITINGS = {
    "420": Siting.CENTER,
    "420jpeg": Siting.CENTER,
    "420mpeg2": Siting.LEFT,
    "420paldv": Siting.TOP_LEFT,
}
"""The ``C`` tags of yuv4mpeg(5) for chroma siting."""


def siting_of(stream: VideoStream, path: Path) -> Siting:
    """Return the siting of a stream of which a frame was decoded; unspecified if unknown."""
    if stream.container.format.name == "yuv4mpegpipe":
        return _y4m_siting(path)
    header = BytesIO()
    # Matroska does not know every codec
    with suppress(av.FFmpegError, ValueError), av.open(header, "w", format="matroska") as container:
        container.add_stream_from_template(stream, opaque=True)
        container.start_encoding()
    match = CHROMA_SITING.search(header.getvalue())
    if match is None:
        return SITINGS_OF_CODECS.get(stream.codec_context.codec.canonical_name, Siting.UNSPECIFIED)
    return SITINGS[match[1][0], match[2][0]]


def _y4m_siting(path: Path) -> Siting:
    """Return the chroma siting of a Y4M file; for 4:2:0 the default is JPEG's."""
    with path.open("rb") as file:
        first_line = file.readline(LONGEST_Y4M_HEADER).decode("ascii", "replace")
    tags = [word[1:] for word in first_line.split()[1:] if word.startswith("C")]
    return Y4M_SITINGS.get(tags[0] if tags else "420", Siting.UNSPECIFIED)
