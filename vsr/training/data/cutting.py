"""Pictures → the patches of a data set, with a tally of what was dropped, lookalikes among it.

Beside ``lr_x4.u8`` lie, for each degradation of a video::

    lr_x4_video-medium.u8        (count, p, p, 3), uint8: the patch as received
    lr_x4_video-medium_next.u8   the same, one frame later
    lr_x4_video-medium_move.i8   (count, 2), int8: by how much (down, right) the picture's window
                                 moved between the two, in pixels of the high resolution
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from vsr.metrics.protocol import low_resolution
from vsr.training.damage.degradation import DEGRADATIONS, Degraded, Piece, Shot
from vsr.training.data.fields import drawn_field, is_field
from vsr.training.data.manifest import DatasetManifest, low_name, move_name, next_name
from vsr.training.pictures import Pixels

MAX_DISTANCE = 3
"""Bits of 64 in which two looks may differ and still be of one picture."""

PARTS = MAX_DISTANCE + 1
PART_BITS = 64 // PARTS


class PictureHashes:
    """The looks seen so far.

    Two looks that differ in at most three bits are equal in at least one of four parts, so only
    those that share a part are compared.
    """

    def __init__(self) -> None:
        self._by_part: defaultdict[tuple[int, int], list[int]] = defaultdict(list)

    def is_new(self, gray: Image.Image) -> bool:
        """Return whether nothing like it was seen; remember it if so.

        Args:
            gray: a picture of mode ``L``.
        """
        look = difference_hash(gray)
        keys = [(i, look >> (i * PART_BITS) & (1 << PART_BITS) - 1) for i in range(PARTS)]
        for key in keys:
            if any((look ^ other).bit_count() <= MAX_DISTANCE for other in self._by_part[key]):
                return False
        for key in keys:
            self._by_part[key].append(look)
        return True


def difference_hash(gray: Image.Image) -> int:
    """Return 64 bits: is each cell of an 8×8 grid brighter than its left neighbour?"""
    cells = np.asarray(gray.resize((9, 8), Image.Resampling.BOX), dtype=np.int16)
    return int.from_bytes(np.packbits(cells[:, 1:] > cells[:, :-1]).tobytes())


FLAT_DEVIATION = 3.0
"""A patch whose luma deviates less than this many codes has nothing to be sharpened."""


@dataclass(slots=True)
class Tally:
    """What happened so far."""

    sources: int = 0
    converted: Counter[str] = field(default_factory=Counter)
    skipped: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    dropped: Counter[str] = field(default_factory=Counter)
    weights: list[float] = field(default_factory=list)
    looks: PictureHashes = field(default_factory=PictureHashes)

    def manifest(self, **facts: Any) -> DatasetManifest:
        """Return the manifest of the patches that were kept.

        Args:
            facts: its other fields.
        """
        return DatasetManifest(
            count=len(self.weights),
            sources=self.sources,
            weights=tuple(self.weights),
            converted=dict(self.converted),
            skipped={reason: tuple(names) for reason, names in self.skipped.items() if names},
            dropped_patches=dict(self.dropped),
            **facts,
        )


@dataclass(frozen=True, slots=True)
class Cutter:
    """Cuts pictures and appends the patches, and those of their reductions, to open files.

    Attributes:
        patch: side in pixels.
        grid: corners and sides are multiples of it.
        high: for the patches.
        low: for their reductions, by scale.
        footage: for what is left of them after a camera and a codec.
        has_fields: put `fields` among them.
    """

    patch: int
    grid: int
    high: BinaryIO
    low: Mapping[int, BinaryIO]
    footage: tuple[Footage, ...] = ()
    has_fields: bool = False

    def cut(self, pixels: Pixels, weight: float, tally: Tally) -> None:
        """Append the patches of one picture (H, W, 3), each with ``weight``."""
        height, width = (side - side % self.grid for side in pixels.shape[:2])
        pixels = pixels[:height, :width]
        if min(height, width) < self.patch:
            tally.dropped["in images smaller than a patch"] += 1
            return
        reduced = {scale: low_resolution(pixels, scale) for scale in self.low}
        for y in corners(height, self.patch, self.grid):
            for x in corners(width, self.patch, self.grid):
                if reason := unwanted(self._patch(pixels, (y, x)), tally.looks):
                    tally.dropped[reason] += 1
                    continue
                self._append(pixels, reduced, (y, x), tally)
                tally.weights.append(weight)
                self._append_fields(tally)

    def _append_fields(self, tally: Tally) -> None:
        """Append a field where its turn has come."""
        while self.has_fields and is_field(number := len(tally.weights)):
            pixels = drawn_field(number, self.patch)
            reduced = {scale: low_resolution(pixels, scale) for scale in self.low}
            self._append(pixels, reduced, (self.patch, self.patch), tally)
            tally.weights.append(1.0)

    def _append(
        self, pixels: Pixels, reduced: Mapping[int, Pixels], corner: tuple[int, int], tally: Tally
    ) -> None:
        piece = Piece(pixels, corner, self.patch, number=len(tally.weights))
        for footage in self.footage:
            footage.take(piece)
        self.high.write(self._patch(pixels, corner).tobytes())
        for s, file in self.low.items():
            rows, columns = (slice(k // s, (k + self.patch) // s) for k in corner)
            file.write(reduced[s][rows, columns].tobytes())

    def _patch(self, pixels: Pixels, corner: tuple[int, int]) -> Pixels:
        y, x = corner
        return np.ascontiguousarray(pixels[y : y + self.patch, x : x + self.patch])


def corners(length: int, patch: int, grid: int) -> list[int]:
    """Return where patches start so that they cover ``length``, evenly spread, on the grid."""
    count = -(-length // patch)
    if count == 1:
        return [0]
    room = (length - patch) // grid
    return [round(i * room / (count - 1)) * grid for i in range(count)]


def unwanted(patch: Pixels, looks: PictureHashes) -> str | None:
    """Return why a patch (H, W, 3) is not wanted; remember its look if it is."""
    gray = Image.fromarray(patch).convert("L")
    if np.asarray(gray, dtype=np.float32).std() < FLAT_DEVIATION:
        return "without detail"
    return None if looks.is_new(gray) else "near-duplicates"


@dataclass(frozen=True, slots=True)
class Reel:
    """The three open files of one degradation at one scale."""

    low: BinaryIO
    after: BinaryIO
    move: BinaryIO

    def append(self, degraded: Degraded) -> None:
        """Append one patch to each."""
        self.low.write(degraded.low.tobytes())
        self.after.write(degraded.after.tobytes())
        self.move.write(np.array(degraded.move, np.int8).tobytes())


@dataclass(frozen=True, slots=True)
class Footage:
    """Takes clips of patches at one scale and appends what each degradation leaves of them."""

    scale: int
    reels: Mapping[str, Reel]

    @classmethod
    @contextmanager
    def open(cls, folder: Path, scale: int, degradations: tuple[str, ...]) -> Iterator[Footage]:
        """Make the files in ``folder``; they are closed with the context."""
        with ExitStack() as stack:
            yield cls(
                scale,
                {
                    name: Reel(
                        *(
                            stack.enter_context((folder / file(scale, name)).open("wb"))
                            for file in (low_name, next_name, move_name)
                        )
                    )
                    for name in degradations
                },
            )

    def take(self, piece: Piece) -> None:
        """Append a patch as each degradation leaves it."""
        shots: dict[float, Shot] = {}
        for name, reel in self.reels.items():
            degradation = DEGRADATIONS[name]
            share = degradation.clean_share
            if share not in shots:
                shots[share] = Shot.of(piece, self.scale, share)
            reel.append(shots[share].degraded(degradation))
