"""Interlaced and telecined film, woven from progressive pictures; as clips, of bar codes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from tests.clips import SMALL, indices_in, picture, write_clip

Plane = NDArray[np.uint8] | NDArray[np.uint16]

NTSC = Fraction(30000, 1001)

PULLDOWN = (2, 3)
"""Fields that the pictures of a film last, in turn, at 60 fields a second."""


def woven(first: Plane, second: Plane, *, is_top_first: bool = True) -> Plane:
    """Return a frame of the fields of two pictures, of which the first is the earlier one."""
    frame = np.empty_like(first)
    top, bottom = (first, second) if is_top_first else (second, first)
    frame[0::2], frame[1::2] = top[0::2], bottom[1::2]
    return frame


def interlaced(pictures: Iterable[Plane], *, is_top_first: bool = True) -> Iterator[Plane]:
    """Yield a frame for every two pictures: a field of each."""
    sequence = iter(pictures)
    for first, second in zip(sequence, sequence):
        yield woven(first, second, is_top_first=is_top_first)


def fields_of(count: int, first: int = 0) -> list[int]:
    """Return which picture of a film each field of its telecine shows (2:3 pulldown).

    Args:
        first: the picture with which it begins; odd ones last three fields.
    """
    return [index for index in range(first, first + count) for _ in range(PULLDOWN[index % 2])]


def telecined(
    pictures: Sequence[Plane], *, first: int = 0, is_top_first: bool = True
) -> list[Plane]:
    """Return five frames for every four pictures, by 2:3 pulldown."""
    shown = [pictures[index - first] for index in fields_of(len(pictures), first)]
    return list(interlaced(islice(shown, len(shown) // 2 * 2), is_top_first=is_top_first))


def write_fields(path: Path, frames: int = 48, **changes: Any) -> Path:
    """Write a clip whose field n shows the n-th Gray code.

    In it no bit changes for one field alone, which would look like a fine pattern standing still.
    """
    fields = [picture(index ^ index >> 1, SMALL) for index in range(2 * frames)]
    is_top_first = changes.get("is_top_first", True)
    pictures = [
        [woven(*pair, is_top_first=is_top_first) for pair in zip(fields[i], fields[i + 1])]
        for i in range(0, 2 * frames, 2)
    ]
    options = {"crf": "1", "preset": "ultrafast"}
    values = {"frames": frames, "is_interlaced": True, "options": options, **changes}
    return write_clip(path, pictures=pictures, **values)


def fields_in(path: Path) -> list[int]:
    """Return which field each frame shows."""
    found = []
    for code in indices_in(path):
        index = code
        while code := code >> 1:
            index ^= code
        found.append(index)
    return found


def write_film(path: Path, pictures: int = 96, skipped: int = 0, **changes: Any) -> Path:
    """Write the telecine of a film whose picture n shows the bar code n."""
    is_top_first = changes.get("is_top_first", True)
    planes = zip(*(picture(index, SMALL) for index in range(pictures)))
    each = [telecined(list(one), is_top_first=is_top_first) for one in planes]
    frames = list(zip(*each))[skipped:]
    options = {"crf": "1", "preset": "ultrafast"}
    values = {"rate": NTSC, "is_interlaced": True, "options": options, **changes}
    return write_clip(path, frames=len(frames), pictures=frames, **values)


PICTURE, GROUP, EXTENSION = 0x00, 0xB8, 0xB5
"""Start codes of MPEG-2. Source: ISO/IEC 13818-2, table 6-1."""

FLAGS_IN_TURN = ((1, 1), (0, 0), (0, 1), (1, 0))
"""``top_field_first`` and ``repeat_first_field`` of the pictures of a film: three fields, two..."""


def write_soft_film(path: Path, video: range = range(0), **changes: Any) -> Path:
    """Write a film as most discs have it: picture n once, as bar code n, and flags for its fields.

    Args:
        video: pictures that no flag repeats, and that are marked as interlaced.
    """
    stream = path.with_suffix(".m2v")
    values = {"frames": 48, "codec": "mpeg2video", "rate": NTSC, "gop": 12, "b_frames": 2}
    write_clip(stream, **{**values, **changes})
    stream.write_bytes(_with_flags(stream.read_bytes(), video))
    if stream != path:
        with av.open(str(stream)) as source, av.open(str(path), "w") as target:
            copy = target.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(source.streams.video[0]):
                if packet.size:
                    packet.stream = copy
                    target.mux(packet)
        stream.unlink()
    return path


def _with_flags(stream: bytes, video: range) -> bytes:
    """Set the flags of an MPEG-2 stream by the places of its pictures in the order shown.

    Source: ISO/IEC 13818-2, 6.2.2.3 (sequence extension), 6.2.3.1 (picture coding extension).
    """
    content, at, first, shown, shown_to = bytearray(stream), -1, 0, 0, 0
    while (at := content.find(b"\x00\x00\x01", at + 1)) >= 0:
        code, kind = content[at + 3], content[at + 4] >> 4
        if code == GROUP:
            first = shown_to
        elif code == PICTURE:
            shown = first + (content[at + 4] << 2 | content[at + 5] >> 6)
            shown_to = max(shown_to, shown + 1)
        elif code == EXTENSION and kind == 1:
            content[at + 5] &= ~0x08  # progressive_sequence
        elif code == EXTENSION and kind == 8:
            is_video = shown in video
            is_top_first, repeats = (1, 0) if is_video else FLAGS_IN_TURN[shown % 4]
            content[at + 7] = content[at + 7] & ~0x82 | is_top_first << 7 | repeats << 1
            content[at + 8] = content[at + 8] & ~0x80 | (not is_video) << 7  # progressive_frame
    return bytes(content)
