"""A prepared data set: equally large patches and their reductions, in flat files.

::

    FOLDER/
      dataset.json     the contents: `DatasetManifest`
      hr.u8            (count, patch, patch, 3), uint8, row by row
      lr_x4.u8         (count, patch / 4, patch / 4, 3), the same patches reduced; one per scale
      lr_x4_video-medium….u8   what a camera and a codec left of them (see `cutting`)
      hr_x4_video-clear_teacher.u8   what a teacher made of that (see `lesson`), as hr.u8

The reduction was made once, from whole pictures, so a training pair is two slices and costs the
loop next to nothing. The files are mapped, not read: a second run shares them in memory.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vsr.errors import InvalidData
from vsr.training.data.crops import Crops, Places, cropped, turned_moves
from vsr.training.data.fields import is_field
from vsr.training.data.manifest import (
    BICUBIC,
    TRUTH,
    DatasetManifest,
    Taught,
    low_name,
    move_name,
    next_name,
    read_manifest,
    target_name,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PairsChoice:
    """Which pairs of a prepared folder.

    Attributes:
        is_paired: with the frame after each patch, which degradations of a video have.
        target: what is to be made of them: ``truth``, or the name of a teacher's targets.
        truth_share: of the patches, whose target is the truth all the same.
        weight: how often a crop is of these pairs, where several are mixed.
    """

    scale: int
    degradation: str = BICUBIC
    is_paired: bool = False
    target: str = TRUTH
    truth_share: float = 0.0
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Targets:
    """What a teacher made of the patches, and the truth of some of them.

    ``taught`` and ``true`` are (N, P, P, 3), uint8, mapped; ``is_true`` (N,) chooses.
    """

    taught: Pixels
    true: Pixels
    is_true: NDArray[np.bool_]

    def __getitem__(self, number: int) -> Pixels:
        picture: Pixels = (self.true if self.is_true[number] else self.taught)[number]
        return picture

    def whole(self) -> Pixels:
        """Return all of them in memory."""
        return np.stack([self[number] for number in range(len(self.is_true))])


@dataclass(frozen=True, slots=True)
class Patches:
    """The patches of a prepared folder at one scale, mapped.

    ``hr`` is (N, P, P, 3) and ``lr`` (N, P/s, P/s, 3), uint8; ``targets`` is what is to be made of
    ``lr``, where that is not ``hr``; ``cumulative`` is the distribution from which patches are
    drawn; ``next`` is there where crops are wanted in pairs; ``has_fields`` where some patches are
    `fields`. ``mixed`` are other pairs of the same patches, and ``shares`` the distribution over
    these and those.
    """

    hr: Pixels
    lr: Pixels
    scale: int
    cumulative: NDArray[np.float64]
    sha256: str
    next: Next | None = None
    targets: Targets | None = None
    has_fields: bool = False
    mixed: tuple[Patches, ...] = ()
    shares: tuple[float, ...] = ()

    @classmethod
    def open(cls, folder: Path, wanted: PairsChoice, *mixed: PairsChoice) -> Patches:
        """Map a prepared folder.

        Args:
            wanted: the pairs that are also validated on.
            mixed: others, from which crops are drawn by their weights.

        Raises:
            InvalidData: not a prepared folder, damaged, without what is wanted, or too small.
        """
        if mixed:
            first, *others = (cls.open(folder, one) for one in (wanted, *mixed))
            weights = np.cumsum([one.weight for one in (wanted, *mixed)])
            digest = " ".join(dict.fromkeys(one.sha256 for one in (first, *others)))
            shares = tuple(map(float, weights / weights[-1]))
            return replace(first, sha256=digest, mixed=tuple(others), shares=shares)
        manifest = read_manifest(folder)
        scale, degradation = wanted.scale, wanted.degradation
        manifest.check_offers(scale, degradation, folder)
        taught = None
        if wanted.target != TRUTH:
            taught = manifest.targets(wanted.target, scale, degradation, folder)
        weights = np.asarray(manifest.weights, dtype=np.float64)
        weights[manifest.count - held_out(manifest.count) :] = 0
        weights = np.cumsum(weights)
        if not weights[-1] > 0:
            raise InvalidData(
                f"{folder}: {manifest.count} patches, none of which can be drawn. Prepare more "
                "images, or smaller patches, or weights above 0."
            )
        small = manifest.patch // scale
        high = mapped(folder / "hr.u8", manifest.count, manifest.patch)
        return cls(
            high,
            mapped(folder / low_name(scale, degradation), manifest.count, small),
            scale,
            weights / weights[-1],
            manifest.sha256 if taught is None else f"{manifest.sha256} {taught.sha256}",
            _next(folder, manifest, scale, degradation) if wanted.is_paired else None,
            _targets(folder, manifest, taught, high, wanted) if taught else None,
            manifest.has_fields,
        )

    @property
    def high(self) -> Pixels | Targets:
        """What is to be made of ``lr``, by the patch's number."""
        return self.hr if self.targets is None else self.targets

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
        symmetry = rng.integers(0, 8, size=batch)
        which = (
            np.searchsorted(self.shares, rng.random(batch), side="right") if self.mixed else None
        )
        return Crops(index.astype(np.int64), row, column, symmetry, which)

    def held_out(self) -> tuple[Pixels, Pixels, Pixels]:
        """Return the patches that are never drawn: low resolution, target and truth.

        Shape: (N, p, p, 3), (N, P, P, 3), (N, P, P, 3), uint8. `fields` are left out: a perfect
        one would hide the others in a mean of dB.
        """
        count = len(self.hr)
        numbers = range(count - held_out(count), count)
        shown = [n for n in numbers if not (self.has_fields and is_field(n))] or [*numbers]
        low, true = self.lr[shown], self.hr[shown]
        return low, np.stack([self.high[number] for number in shown]), true

    def cut(self, crops: Crops, size: int) -> tuple[Pixels, Pixels]:
        """Return the crops as (B, size, size, 3) and (B, s·size, s·size, 3), uint8."""
        s = self.scale
        return (
            cropped(self.lr, crops, (crops.row, crops.column), size),
            cropped(self.high, crops, (s * crops.row, s * crops.column), s * size),
        )

    def cut_next(self, crops: Crops, size: int) -> tuple[Pixels, Pixels]:
        """Return the same crops one frame later: the picture's window has moved on."""
        assert self.next is not None  # opened in pairs
        s = self.scale
        down, right = self.next.move[crops.index].T
        return (
            cropped(self.next.lr, crops, (crops.row, crops.column), size),
            cropped(self.high, crops, (s * crops.row + down, s * crops.column + right), s * size),
        )

    def moves(self, crops: Crops) -> Tensor | None:
        """Return by how much each crop has moved in the next frame, (B, 2); None without pairs."""
        if self.next is None:
            return None
        return torch.from_numpy(turned_moves(self.next.move[crops.index], crops.symmetry))


def held_out(count: int) -> int:
    """Return how many of ``count`` patches are kept for validation; neighbours stay together."""
    return min(MAX_HELD_OUT, max(1, count // HELD_OUT_SHARE))


def _next(folder: Path, manifest: DatasetManifest, scale: int, degradation: str) -> Next:
    path = folder / move_name(scale, degradation)
    low = mapped(folder / next_name(scale, degradation), manifest.count, manifest.patch // scale)
    try:
        return Next(low, np.fromfile(path, np.int8).reshape(manifest.count, 2).astype(np.int64))
    except (OSError, ValueError) as error:
        raise InvalidData(f"{path}: missing or truncated; prepare the data again.") from error


def _targets(
    folder: Path, manifest: DatasetManifest, taught: Taught, true: Pixels, wanted: PairsChoice
) -> Targets:
    path = folder / target_name(taught.scale, taught.degradation, taught.name)
    is_true = np.random.default_rng(5).random(manifest.count) < wanted.truth_share
    return Targets(mapped(path, manifest.count, manifest.patch), true, is_true)


def mapped(path: Path, count: int, side: int) -> Pixels:
    """Map a file of patches, (count, side, side, 3), uint8.

    Raises:
        InvalidData: missing or truncated.
    """
    try:
        return np.memmap(path, np.uint8, mode="r", shape=(count, side, side, 3))
    except (OSError, ValueError) as error:
        raise InvalidData(f"{path}: missing or truncated; prepare the data again.") from error
