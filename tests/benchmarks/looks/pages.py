"""Pages of characters at known places, and a recogniser that knows the alphabet and the places.

The recogniser compares each cell with every character of the alphabet, drawn as the page was and
blurred a little, much or not at all, and takes the likeliest: no language can help it. What it
gets wrong, a reader may read as another character.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tests.benchmarks.looks.filters import gaussian
from tests.benchmarks.looks.planar import Rgb

ALPHABETS = {
    "latin": "ABCDEFGHKLMNPRSTUVXYZabcdeghkmnpqrsuvxyz2345678",
    "cyrillic": "АБВГДЕЖИКЛМПРСУФЦШЫЭЮЯабвгдежиклмпртуфцшыэюя",
    "hebrew": "אבגדהוזחטיכלמנסעפצקרשתםןףץ",
}
"""By script; letters that differ in size alone are left out."""

FONT = "DejaVuSans.ttf"
"""In Debian's fonts-dejavu-core."""

SIZES = (8, 10, 12, 16, 24)
"""Heights of the letters' em in source pixels, one line each."""

COLOURS = {
    "latin": ((24, 24, 28), (232, 230, 224)),
    "cyrillic": ((240, 236, 120), (30, 44, 84)),
    "hebrew": ((235, 235, 235), (96, 60, 60)),
}
"""Ink and paper."""

LEADING, CELL = 1.45, 1.0
"""Heights of a line and widths of a cell, in ems."""

BLURS = (0.0, 1.5, 3.0)
"""Result pixels of the templates' standard deviations: a blurred letter is still itself."""

SHIFT = 3
"""Result pixels by which a character may lie beside its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A character of a page, and its place in result pixels.

    Attributes:
        size: of its em in result pixels.
    """

    character: str
    size: int
    left: int
    top: int

    @property
    def side(self) -> int:
        """Return its width and height in result pixels."""
        return round(self.size * CELL)


def page(script: str, seed: int, width: int, height: int, scale: int) -> tuple[Rgb, list[Cell]]:
    """Return a page of random characters, one line for each size, and its cells.

    Args:
        width: in result pixels, as ``height``; cells that would not fit are left out.
        scale: result pixels to one of the source.
    """
    rng = np.random.default_rng(seed)
    ink, paper = COLOURS[script]
    image = Image.new("RGB", (width, height), paper)
    edge = 2 * scale
    cells, top = [], edge
    for size in (scale * size for size in SIZES):
        side = round(size * CELL)
        for left in range(edge, width - side - edge, side):
            if top + side > height:
                break
            cell = Cell(
                character=str(rng.choice(list(ALPHABETS[script]))), size=size, left=left, top=top
            )
            _draw(image, cell, (left, top), ink)
            cells.append(cell)
        top += round(size * LEADING)
    return np.asarray(image), cells


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a page is read.

    Attributes:
        wrong: the share of characters that are taken for another one.
        margin: by how much the right character is likelier than the best of the others, on the
            mean: correlations, so at most 2; below 0 where it is misread.
    """

    wrong: float
    margin: float


def read(luma: NDArray[np.float32], cells: list[Cell], script: str, moved_left: int) -> Reading:
    """Read the characters of a page.

    Args:
        luma: of the result, in codes.
        moved_left: how far the page has moved since its cells were placed, in result pixels.
    """
    margins = []
    for cell in cells:
        left = cell.left - moved_left
        rows = slice(cell.top - SHIFT, cell.top + cell.side + SHIFT)
        window = luma[rows, max(left - SHIFT, 0) : left + cell.side + SHIFT]
        if window.shape != (cell.side + 2 * SHIFT,) * 2:
            continue  # it has left the frame
        likeness = _likeness(window, script, cell.size)
        right = ALPHABETS[script].index(cell.character)
        margins.append(float(likeness[right] - np.delete(likeness, right).max()))
    return Reading(wrong=float(np.mean(np.array(margins) < 0)), margin=float(np.mean(margins)))


def _likeness(window: NDArray[np.float32], script: str, size: int) -> NDArray[np.float32]:
    """Return the best correlation of each character of the alphabet, at any shift and blur."""
    side = window.shape[0] - 2 * SHIFT
    shifted = np.lib.stride_tricks.sliding_window_view(window, (side, side))
    likeness = _normed(shifted.reshape(-1, side * side)) @ _templates(script, size).T
    best: NDArray[np.float32] = likeness.max(axis=0).reshape(-1, len(BLURS)).max(axis=1)
    return best


@cache
def _templates(script: str, size: int) -> NDArray[np.float32]:
    """Return (characters x blurs, pixels), each of mean 0 and norm 1."""
    side = round(size * CELL)
    ink, paper = COLOURS[script]
    rows = []
    for character in ALPHABETS[script]:
        margin = size // 2
        image = Image.new("RGB", (side + 2 * margin,) * 2, paper)
        cell = Cell(character=character, size=size, left=0, top=0)
        _draw(image, cell, (margin, margin), ink)
        luma = np.asarray(image.convert("L"), np.float32)
        for blur in BLURS:
            drawn = gaussian(luma, blur) if blur else luma
            rows.append(drawn[margin:-margin, margin:-margin].ravel())
    return _normed(np.stack(rows))


def _normed(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    centred = rows - rows.mean(axis=1, keepdims=True)
    unit: NDArray[np.float32] = centred / np.maximum(
        np.linalg.norm(centred, axis=1, keepdims=True), 1e-6
    )
    return unit


def _draw(image: Image.Image, cell: Cell, place: tuple[int, int], ink: tuple[int, ...]) -> None:
    """Draw a character in the middle of its cell, on the line of its size."""
    font = _font(cell.size)
    left, top = place
    ImageDraw.Draw(image).text(
        (left + cell.side / 2, top + 0.82 * cell.side), cell.character, ink, font, anchor="ms"
    )


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT, size)
