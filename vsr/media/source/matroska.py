"""What a Matroska file says of its tracks and chapters that FFmpeg does not read, or not tell.

FFmpeg knows languages of three letters, and of chapters those in a row that rise, with one name.

Source: RFC 8794 (EBML), clauses 4 to 6; RFC 9559, 5.1.1 (places), 5.1.4 (tracks), 5.1.7
(chapters).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from vsr.media.source.info import MediaInfo
from vsr.values import CropBox, Size

SEGMENT, CLUSTER = 0x18538067, 0x1F43B675
SEEK_HEAD, SEEK, SEEK_ID, SEEK_POSITION = 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC
TRACKS, TRACK, LANGUAGE_BCP_47 = 0x1654AE6B, 0xAE, 0x22B59D
VIDEO, CROPPED = 0xE0, {"bottom": 0x54AA, "top": 0x54BB, "left": 0x54CC, "right": 0x54DD}
CHAPTERS, EDITION, IS_ORDERED, CHAPTER = 0x1043A770, 0x45B9, 0x45DD, 0xB6

MOST_BYTES = 16 << 20
"""The largest element (tracks, chapters) that is read; a larger one is damaged."""

LONGEST_HEADER = 12
"""Bytes of an identifier and of a length."""


@dataclass(frozen=True, slots=True)
class MatroskaFacts:
    """What FFmpeg does not tell of a file.

    Attributes:
        languages: of each track, as BCP 47 has it, such as ``pt-BR``; empty if not said so.
        crops: what players hide of each track: columns on the left and on the right, rows at the
            top and at the bottom.
        chapters: how many there are in all editions, those within others too.
        is_ordered: an edition plays its chapters one after another, wherever they lie.
    """

    languages: tuple[str, ...] = ()
    crops: tuple[tuple[int, int, int, int], ...] = ()
    chapters: int = 0
    is_ordered: bool = False


def told_by_matroska(info: MediaInfo, tracks: Sequence[int]) -> MediaInfo:
    """Return what FFmpeg told of a file, completed: regions of languages, crop, chapters.

    Args:
        tracks: the indices of its streams that are tracks, in order.
    """
    facts = matroska_facts(info.path)
    told = tracks if len(tracks) == len(facts.languages) else ()
    regional = {index: one for index, one in zip(told, facts.languages) if "-" in one}
    crops = dict(zip(told, facts.crops))
    video = replace(
        info.video,
        language=regional.get(info.video.index, info.video.language),
        header_crop=_box(info.video.size, crops.get(info.video.index, (0, 0, 0, 0))),
    )
    others = (replace(one, language=regional.get(one.index, one.language)) for one in info.others)
    return replace(
        info,
        video=video,
        others=tuple(others),
        untold_chapters=max(0, facts.chapters - len(info.chapters)),
        is_ordered=facts.is_ordered,
    )


def matroska_facts(path: Path) -> MatroskaFacts:
    """Return what a file says; nothing of one that is damaged, or is none."""
    try:
        with path.open("rb") as file:
            found = _top(file, path.stat().st_size)
    except OSError:
        return MatroskaFacts()
    tracks = [track for kind, track in elements(found.get(TRACKS, b"")) if kind == TRACK]
    editions = [one for kind, one in elements(found.get(CHAPTERS, b"")) if kind == EDITION]
    return MatroskaFacts(
        languages=tuple(map(_language, tracks)),
        crops=tuple(map(_crop, tracks)),
        chapters=sum(map(_chapters_in, editions)),
        is_ordered=any(any(dict(elements(one)).get(IS_ORDERED, b"")) for one in editions),
    )


def _language(track: bytes) -> str:
    told = dict(elements(track)).get(LANGUAGE_BCP_47, b"")
    return told.decode("ascii", "replace").strip("\0")


def _crop(track: bytes) -> tuple[int, int, int, int]:
    fields = dict(elements(dict(elements(track)).get(VIDEO, b"")))
    sides = {side: int.from_bytes(fields.get(kind, b"")) for side, kind in CROPPED.items()}
    return sides["left"], sides["right"], sides["top"], sides["bottom"]


def _box(size: Size, crop: tuple[int, int, int, int]) -> CropBox | None:
    """Return what players show of a frame; None for all of it, or where nothing would be left."""
    left, right, top, bottom = crop
    width, height = size.width - left - right, size.height - top - bottom
    if not any(crop) or width < 1 or height < 1:
        return None
    return CropBox(Size(width, height), left, top)


def _chapters_in(content: bytes) -> int:
    inner = [atom for kind, atom in elements(content) if kind == CHAPTER]
    return len(inner) + sum(map(_chapters_in, inner))


def _top(file: BinaryIO, size: int) -> dict[int, bytes]:
    """Return the contents of tracks and chapters, before the frames or wherever else they lie."""
    found: dict[int, bytes] = {}
    begin = position = _segment(file)
    while position is not None and position < size:
        kind, content, position = _element_at(file, position)
        if kind == CLUSTER:
            break
        found.setdefault(kind, content)
    for kind, place in _places(found.get(SEEK_HEAD, b"")):
        is_missing = kind in (TRACKS, CHAPTERS) and kind not in found
        if begin is not None and is_missing and begin + place < size:
            there, content, _ = _element_at(file, begin + place)
            found.setdefault(there, content)
    return found


def _element_at(file: BinaryIO, position: int) -> tuple[int, bytes, int | None]:
    """Return an element's identifier, its content if it is wanted, and where the next begins."""
    file.seek(position)
    kind, start, length = _header(file.read(LONGEST_HEADER))
    if not kind or length is None:
        return kind, b"", None
    file.seek(position + start)
    is_read = kind in (SEEK_HEAD, TRACKS, CHAPTERS) and length <= MOST_BYTES
    return kind, file.read(length) if is_read else b"", position + start + length


def _places(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield identifier and place of the elements that others lie before."""
    for kind, entry in elements(content):
        if kind == SEEK:
            fields = dict(elements(entry))
            place = fields.get(SEEK_POSITION, b"")
            yield int.from_bytes(fields.get(SEEK_ID, b"")), int.from_bytes(place)


def _segment(file: BinaryIO) -> int | None:
    """Return where the content of the segment begins."""
    position = 0
    for _ in range(2):
        file.seek(position)
        kind, start, length = _header(file.read(LONGEST_HEADER))
        if kind == SEGMENT:
            return position + start
        if not kind or length is None:
            return None
        position += start + length
    return None


def elements(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield identifier and content of each element in another."""
    position = 0
    while position < len(content):
        kind, start, length = _header(content[position : position + LONGEST_HEADER])
        if not kind or length is None:
            return
        begin = position + start
        yield kind, content[begin : begin + length]
        position = begin + length


def _header(content: bytes) -> tuple[int, int, int | None]:
    """Return an element's identifier, where its content begins, and its length; 0 if none begins.

    Of an unknown length: None.
    """
    first = content[0] if content else 0
    width = 9 - first.bit_length()  # of the identifier, whose marker is part of it
    if not 1 <= width <= 4 or len(content) <= width:
        return 0, 0, 0
    wide = 9 - content[width].bit_length()
    if wide > 8 or len(content) < width + wide:
        return 0, 0, 0
    value = int.from_bytes(content[width : width + wide]) & (1 << 7 * wide) - 1
    is_known = value != (1 << 7 * wide) - 1
    return int.from_bytes(content[:width]), width + wide, value if is_known else None
