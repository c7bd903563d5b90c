"""A prepared data set: equally large patches and their reductions, in flat files.

::

    FOLDER/
      dataset.json     the contents: `DatasetManifest`
      hr.u8            (count, patch, patch, 3), uint8, row by row
      lr_x4.u8         (count, patch / 4, patch / 4, 3), the same patches reduced; one per scale
      lr_x4_video-medium….u8   what a camera and a codec left of them (see `footage`)

The reduction was made once, from whole pictures, so a training pair is two slices and costs the
loop next to nothing. The files are mapped, not read: a second run shares them in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vsr.errors import InvalidData
from vsr.training.crops import Crops, Places, cropped
from vsr.training.manifest import (
    BICUBIC,
    DatasetManifest,
    low_name,
    move_name,
    next_name,
    read_manifest,
)
from vsr.training.pictures import Pixels

HELD_OUT_SHARE = 32
"""One patch in so many, and at most `MAX_HELD_OUT`, is kept for validation: the last ones."""
MAX_HELD_OUT = 24


@dataclass(frozen=True, slots=True)
class Next:
    """The frame after each patch.

    ``lr`` is (N, P/s, P/s, 3), uint8; ``move`` is (N, 2): (down, right), by how many pixels of the
    high resolution its window has moved.
    """

    lr: Pixels
    move: Places


@dataclass(frozen=True, slots=True)
class Patches:
    """The patches of a prepared folder at one scale, mapped.

    ``hr`` is (N, P, P, 3) and ``lr`` (N, P/s, P/s, 3), uint8; ``cumulative`` is the distribution
    from which patches are drawn; ``next`` is there where crops are wanted in pairs.
    """

    hr: Pixels
    lr: Pixels
    scale: int
    cumulative: NDArray[np.float64]
    sha256: str
    next: Next | None = None

    @classmethod
    def open(
        cls, folder: Path, scale: int, degradation: str = BICUBIC, *, is_paired: bool = False
    ) -> Patches:
        """Map a prepared folder.

        Args:
            is_paired: with the frame after each patch, which degradations of a video have.

        Raises:
            InvalidData: not a prepared folder, damaged, without that scale or degradation, or too
                small.
        """
        manifest = read_manifest(folder)
        manifest.check_offers(scale, degradation, folder)
        weights = np.asarray(manifest.weights, dtype=np.float64)
        weights[manifest.count - held_out(manifest.count) :] = 0
        weights = np.cumsum(weights)
        if not weights[-1] > 0:
            raise InvalidData(
                f"{folder}: {manifest.count} patches, none of which can be drawn. Prepare more "
                "images, or smaller patches, or weights above 0."
            )
        small = manifest.patch // scale
        return cls(
            _mapped(folder / "hr.u8", manifest.count, manifest.patch),
            _mapped(folder / low_name(scale, degradation), manifest.count, small),
            scale,
            weights / weights[-1],
            manifest.sha256,
            _next(folder, manifest, scale, degradation) if is_paired else None,
        )

    @property
    def margin(self) -> int:
        """Low-resolution pixels at each border in which no pair may begin: its window moves."""
        return -(-int(np.abs(self.next.move).max()) // self.scale) if self.next else 0

    def check_holds(self, size: int, folder: Path) -> None:
        """Refuse crops of ``size`` low-resolution pixels that a patch cannot hold.

        Raises:
            InvalidData: they are larger than the prepared patches.
        """
        side, needed = self.lr.shape[1], size + 2 * self.margin
        if needed > side:
            reason = ", as their frames move" if self.margin else ""
            raise InvalidData(
                f"{folder}: the recipe's patch {size} is larger than the prepared patches, which "
                f"have room for {side - 2 * self.margin} at ×{self.scale}{reason}. "
                f"Prepare with --patch {needed * self.scale} or more."
            )

    def draw(self, seed: int, step: int, batch: int, size: int) -> Crops:
        """Choose the crops of one step: a pure function of the seed and the step.

        A data position therefore needs no state: a resumed run continues as if it had never
        stopped, and several processes agree without communicating.

        Args:
            batch: crops per step, over all processes.
            size: side of a crop in low-resolution pixels.
        """
        rng = np.random.default_rng((seed, step))
        room = self.lr.shape[1] - size + 1 - self.margin
        index = np.searchsorted(self.cumulative, rng.random(batch), side="right")
        row, column = rng.integers(self.margin, room, size=(2, batch))
        return Crops(index.astype(np.int64), row, column, rng.integers(0, 8, size=batch))

    def held_out(self) -> tuple[Pixels, Pixels]:
        """Return the patches that are never drawn, (N, p, p, 3) and (N, P, P, 3), uint8."""
        count = held_out(len(self.hr))
        return self.lr[-count:], self.hr[-count:]

    def cut(self, crops: Crops, size: int) -> tuple[Pixels, Pixels]:
        """Return the crops as (B, size, size, 3) and (B, s·size, s·size, 3), uint8."""
        s = self.scale
        return (
            cropped(self.lr, crops, (crops.row, crops.column), size),
            cropped(self.hr, crops, (s * crops.row, s * crops.column), s * size),
        )

    def cut_next(self, crops: Crops, size: int) -> tuple[Pixels, Pixels]:
        """Return the same crops one frame later: the picture's window has moved on."""
        assert self.next is not None  # opened in pairs
        s = self.scale
        down, right = self.next.move[crops.index].T
        return (
            cropped(self.next.lr, crops, (crops.row, crops.column), size),
            cropped(self.hr, crops, (s * crops.row + down, s * crops.column + right), s * size),
        )


def held_out(count: int) -> int:
    """Return how many of ``count`` patches are kept for validation; neighbours stay together."""
    return min(MAX_HELD_OUT, max(1, count // HELD_OUT_SHARE))


def _next(folder: Path, manifest: DatasetManifest, scale: int, degradation: str) -> Next:
    path = folder / move_name(scale, degradation)
    low = _mapped(folder / next_name(scale, degradation), manifest.count, manifest.patch // scale)
    try:
        return Next(low, np.fromfile(path, np.int8).reshape(manifest.count, 2).astype(np.int64))
    except (OSError, ValueError) as error:
        raise InvalidData(f"{path}: missing or truncated; prepare the data again.") from error


def _mapped(path: Path, count: int, side: int) -> Pixels:
    try:
        return np.memmap(path, np.uint8, mode="r", shape=(count, side, side, 3))
    except (OSError, ValueError) as error:
        raise InvalidData(f"{path}: missing or truncated; prepare the data again.") from error
