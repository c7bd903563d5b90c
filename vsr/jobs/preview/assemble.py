"""From pictures of every variant to the two files: the page, and the sheet.

A sheet is one PNG: the same part of each frame in all variants, side by side.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vsr.disk.output_folders import folder_made
from vsr.disk.publishing import published, writing
from vsr.errors import EncodingFailed
from vsr.jobs.preview.choose import Loop, Motion, PictureAt, loop_of
from vsr.jobs.preview.page import Page, ShownFrame, Variant, html_of, loop_budget, picture_budget
from vsr.jobs.preview.pictures import busiest, fitted, lanczos, size_of
from vsr.jobs.preview.place import sheet_of
from vsr.jobs.progress import Note
from vsr.media.images.pictures import Picture
from vsr.values import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One variant with what it looks like.

    Attributes:
        variant: what the table says.
        pictures: one for each frame of the page, (H, W, 3).
        loop: its pictures in motion, by number.
    """

    variant: Variant
    pictures: Sequence[Picture]
    loop: PictureAt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Everything for a page, not yet coded.

    Attributes:
        moments: (time, why) of each frame.
    """

    subject: str
    summary: str
    moments: tuple[tuple[str, str], ...]
    sides: tuple[Side, ...]
    motion: Motion | None = None
    notes: tuple[str, ...] = field(default=())
    made_by: str = "vsr preview"

    def rows(self) -> tuple[dict[str, str], ...]:
        """Return the table: each variant's name, facts and command."""
        return tuple(
            {"name": one.name, **one.facts} | ({"command": one.command} if one.command else {})
            for one in (side.variant for side in self.sides)
        )


def write_page(contents: Contents, page: Path, note: Note) -> None:
    """Write the page and its sheet; each appears under its name once it is complete.

    Raises:
        UnwritableOutput, NoSpace: one cannot be written.
    """
    shots = [
        _of_one_size([side.pictures[i] for side in contents.sides])
        for i in range(len(contents.moments))
    ]
    loop = _loop(contents, note)
    cut, coded = fitted(shots, picture_budget(has_loop=loop is not None))
    across = len(contents.sides)
    shown = tuple(
        ShownFrame(
            time=time,
            why=why,
            size=size_of(cut[i][0]),
            pictures=tuple(coded[i * across : (i + 1) * across]),
        )
        for i, (time, why) in enumerate(contents.moments)
    )
    notes = contents.notes
    whole, part = size_of(shots[0][0]), size_of(cut[0][0])
    if part != whole:
        notes = (*notes, f"Of each frame ({whole}) the part with most detail is shown ({part}).")
    html = html_of(
        Page(
            subject=contents.subject,
            summary=contents.summary,
            variants=tuple(side.variant for side in contents.sides),
            shots=shown,
            loop=loop,
            notes=notes,
            made_by=contents.made_by,
        )
    )
    _write(sheet_of(page), _sheet(contents, shots))
    _write(page, html.encode())


def _write(path: Path, content: bytes) -> None:
    with folder_made(path.parent), writing(path), published(path) as part:
        part.write_bytes(content)


def _of_one_size(pictures: Sequence[Picture]) -> list[Picture]:
    """Return pictures of the size of the largest."""
    largest = max(pictures, key=lambda one: one.shape[0] * one.shape[1])
    return [lanczos(one, size_of(largest)) for one in pictures]


def _loop(contents: Contents, note: Note) -> Loop | None:
    motion = contents.motion
    ways = [side.loop for side in contents.sides if side.loop is not None]
    if motion is None or len(ways) < len(contents.sides):
        return None
    shapes = [way(0).shape for way in ways]
    largest = max(shapes, key=lambda shape: shape[0] * shape[1])
    size = Size(largest[1] - largest[1] % 2, largest[0] - largest[0] % 2)

    def sized(way: PictureAt) -> PictureAt:
        return lambda index: lanczos(way(index), size)

    try:
        return loop_of([sized(way) for way in ways], motion, loop_budget())
    except EncodingFailed as error:
        note(f"the page has no loop: {error}")
        return None


def _sheet(contents: Contents, shots: Sequence[Sequence[Picture]]) -> bytes:
    rows = []
    for (time, why), pictures in zip(contents.moments, shots):
        height, width = pictures[0].shape[:2]
        window = busiest(pictures[:1], min(1.0, CELL[0] / width), min(1.0, CELL[1] / height))
        rows.append((f"{time}, {why}", [window.cut(one) for one in pictures]))
    variants = [side.variant for side in contents.sides]
    return sheet_png([one.name for one in variants], [one.short for one in variants], rows)


PLAIN_SIGNS = str.maketrans("–×", "-x")
GROUND, TEXT, MUTED = (20, 21, 24), (235, 236, 240), (150, 155, 165)
GAP, HEAD, FOOT = 12, 64, 30
NAME_SIZE, DETAIL_SIZE = 22, 15

CELL = (480, 360)
"""The largest part that is shown of a frame, (width, height), at its own pixels."""

Row = tuple[str, Sequence[Picture]]
"""A label, and the same part of one frame in all variants."""


def sheet_png(names: Sequence[str], details: Sequence[str], rows: Sequence[Row]) -> bytes:
    """Return the sheet: a column for each name, a row for each frame."""
    cells = [[Image.fromarray(np.ascontiguousarray(one)) for one in parts] for _, parts in rows]
    width = max(image.width for row in cells for image in row)
    heights = [max(image.height for image in row) + FOOT for row in cells]
    page = Image.new("RGB", (GAP + len(names) * (width + GAP), HEAD + sum(heights) + GAP), GROUND)
    draw = ImageDraw.Draw(page)
    for column, (name, detail) in enumerate(zip(names, details, strict=True)):
        left = GAP + column * (width + GAP)
        draw.text((left, GAP), _fitted(draw, name, NAME_SIZE, width), TEXT, _font(NAME_SIZE))
        second = _fitted(draw, detail, DETAIL_SIZE, width)
        draw.text((left, GAP + 28), second, MUTED, _font(DETAIL_SIZE))
    top = HEAD
    for (label, _), images, height in zip(rows, cells, heights):
        for column, image in enumerate(images):
            page.paste(image, (GAP + column * (width + GAP), top))
        draw.text((GAP, top + height - FOOT + 5), label, MUTED, _font(DETAIL_SIZE))
        top += height
    file = io.BytesIO()
    page.save(file, "PNG", compress_level=6)
    return file.getvalue()


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


def _fitted(draw: ImageDraw.ImageDraw, text: str, size: int, width: int) -> str:
    """Return a text cut to a width, without the signs that Pillow's font lacks."""
    font, text = _font(size), text.translate(PLAIN_SIGNS)
    if draw.textlength(text, font) <= width:
        return text
    while text and draw.textlength(f"{text}…", font) > width:
        text = text[:-1]
    return f"{text}…"
