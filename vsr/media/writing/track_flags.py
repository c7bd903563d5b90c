"""Which subtitles of an mp4 or mov are shown unasked: what FFmpeg's muxer decides, undone.

It enables the first track of each kind where the source marks none as its default. Of pictures and
sound that is right.

Source: ISO/IEC 14496-12, 4.2 (boxes), 8.3.2 (the header of a track), 8.4.3 (its kind); FFmpeg,
libavformat/movenc.c (``enable_tracks``, ``mov_write_hdlr_tag``).
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from vsr.media.source.boxes import boxes_inside

SUBTITLES = (b"sbtl", b"subp", b"subt", b"text", b"clcp")
"""Handlers of tracks of subtitles, captions and chapters."""

TO_FLAGS, ENABLED = 11, 0x01
"""Where the lowest byte of the flags is in the header of a track, and its lowest bit."""

TO_HANDLER = 16


def hide_subtitles(path: Path) -> None:
    """Mark all subtitles of a finished file as not enabled, in place.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("r+b") as file:
        whole = 0, path.stat().st_size
        for track in boxes_inside(file, whole, b"moov", b"trak"):
            handlers = [place for place, _ in boxes_inside(file, track, b"mdia", b"hdlr")]
            if not any(_read(file, place + TO_HANDLER, 4) in SUBTITLES for place in handlers):
                continue
            for place, _ in boxes_inside(file, track, b"tkhd"):
                (flags,) = _read(file, place + TO_FLAGS, 1)
                file.seek(place + TO_FLAGS)
                file.write(bytes([flags & ~ENABLED]))


def _read(file: BinaryIO, place: int, count: int) -> bytes:
    file.seek(place)
    return file.read(count)
