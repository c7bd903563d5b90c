"""Crops → tensors, on the CPU by slicing, on a GPU by one gather from patches held there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vsr.colour import Matrix, luma_weights
from vsr.models.blocks import Channels
from vsr.training.data.crops import Crops
from vsr.training.data.dataset import Patches


@dataclass(frozen=True, slots=True)
class Batch:
    """A training pair.

    ``low`` is (B, C, h, w) and ``high`` (B, C, s·h, s·w), float32, [0, 1], channels last in memory;
    C is 3 (R'G'B') or 1 (luma amplitude). Of patches in pairs, the second half of the batch is the
    next frame of the first, and ``move`` (B / 2, 2), on the CPU, says by how many pixels of the
    high resolution its window lies further, down and right.
    """

    low: Tensor
    high: Tensor
    move: Tensor | None = None

    @property
    def scale(self) -> int:
        """Pixels of the high resolution along one of the low resolution."""
        return self.high.shape[-1] // self.low.shape[-1]

    @property
    def paired_move(self) -> Tensor:
        """The move of a batch of pairs, which a step that compares frames always has."""
        assert self.move is not None  # a recipe that compares frames is refused without them
        return self.move


BatchSource = Callable[[Crops, int], Batch]


def sliced(patches: Patches, colour: Channels) -> BatchSource:
    """Return a source that slices mapped files: no copy of the data, for the CPU."""
    return _mixed([_sliced(one, colour) for one in (patches, *patches.mixed)])


def held(patches: Patches, colour: Channels, device: torch.device) -> BatchSource:
    """Return a source that holds all patches on ``device``, so loading is never the bottleneck.

    It gives exactly the same pixels as `sliced`.
    """
    return _mixed([_held(one, colour, device) for one in (patches, *patches.mixed)])


def _mixed(sources: Sequence[BatchSource]) -> BatchSource:
    """Return a source that takes each crop from that of the pairs which it is of."""
    if len(sources) == 1:
        return sources[0]

    def batch(crops: Crops, size: int) -> Batch:
        assert crops.which is not None  # drawn from several
        places = [np.flatnonzero(crops.which == which) for which in range(len(sources))]
        taken = [
            (there, source(crops.of(there), size))
            for there, source in zip(places, sources)
            if len(there)
        ]
        order = torch.from_numpy(np.argsort(np.concatenate([there for there, _ in taken])))
        return _in_order([one for _, one in taken], order)

    return batch


def _in_order(batches: Sequence[Batch], order: Tensor) -> Batch:
    """Return batches as one, whose crops stand in another order."""
    moves = [one.move for one in batches if one.move is not None]
    if not moves:
        low, high = (torch.cat([getattr(one, name) for one in batches]) for name in ("low", "high"))
        return Batch(low[order], high[order])
    firsts_and_seconds = (
        [
            torch.cat(halves)[order]
            for halves in zip(*(getattr(one, name).chunk(2) for one in batches))
        ]
        for name in ("low", "high")
    )
    low, high = (torch.cat(halves) for halves in firsts_and_seconds)
    return Batch(low, high, torch.cat(moves)[order])


def _sliced(patches: Patches, colour: Channels) -> BatchSource:
    def batch(crops: Crops, size: int) -> Batch:
        low, high = patches.cut(crops, size)
        if patches.next is not None:
            pairs = zip((low, high), patches.cut_next(crops, size))
            low, high = (np.concatenate(pair) for pair in pairs)
        return Batch(
            normalised(torch.from_numpy(low), colour),
            normalised(torch.from_numpy(high), colour),
            patches.moves(crops),
        )

    return batch


def _held(patches: Patches, colour: Channels, device: torch.device) -> BatchSource:
    low = torch.tensor(patches.lr, device=device)
    targets = patches.targets
    high = torch.tensor(patches.hr if targets is None else targets.whole(), device=device)
    after = move = None
    if patches.next is not None:
        after = torch.tensor(patches.next.lr, device=device)
        move = torch.tensor(patches.next.move, device=device)
    scale = patches.scale

    def batch(crops: Crops, size: int) -> Batch:
        places = torch.stack(
            [torch.from_numpy(v) for v in (crops.index, crops.row, crops.column, crops.symmetry)]
        ).to(device, non_blocking=True)
        lows, highs = [_gather(low, places, 1, size)], [_gather(high, places, scale, scale * size)]
        if after is not None and move is not None:
            lows.append(_gather(after, places, 1, size))
            highs.append(_gather(high, places, scale, scale * size, move[places[0]]))
        return Batch(
            normalised(torch.cat(lows), colour),
            normalised(torch.cat(highs), colour),
            patches.moves(crops),
        )

    return batch


def _gather(
    pictures: Tensor, places: Tensor, scale: int, side: int, move: Tensor | None = None
) -> Tensor:
    """Cut (B, side, side, 3) out of (N, P, P, 3), turned as `dataset` turns them.

    Args:
        move: (B, 2), by how many pixels each window lies further (down, right).
    """
    index, row, column, symmetry = places[:, :, None, None]
    down = torch.arange(side, device=pictures.device)[None, :, None].expand(-1, side, side)
    right = down.transpose(1, 2)
    down = torch.where(symmetry & 2 > 0, side - 1 - down, down)
    right = torch.where(symmetry & 1 > 0, side - 1 - right, right)
    is_transposed = symmetry & 4 > 0
    y = torch.where(is_transposed, right, down)
    x = torch.where(is_transposed, down, right)
    if move is not None:
        y, x = (there + further[:, None, None] for there, further in zip((y, x), move.T))
    return pictures[index, scale * row + y, scale * column + x]


SOME = 96
"""At most so many patches stand for all."""

SOME_PIXELS = 1 << 19
"""At most so many pixels those patches have."""


def some_low(patches: Patches, colour: Channels) -> Tensor:
    """Return low-resolution patches (N, C, H, W), float32, [0, 1], spread over those to learn from.

    At most `SOME`, always the same.
    """
    drawn = np.flatnonzero(np.diff(patches.cumulative, prepend=0.0))
    count = min(SOME, len(drawn), max(1, SOME_PIXELS // patches.lr.shape[1] ** 2))
    numbers = drawn[np.linspace(0, len(drawn) - 1, count).round().astype(np.int64)]
    return normalised(torch.from_numpy(patches.lr[numbers]), colour)


def normalised(codes: Tensor, colour: Channels) -> Tensor:
    """Turn 8-bit R'G'B' codes (N, H, W, 3) into (N, C, H, W), float32, [0, 1].

    Luma is that of BT.601, as in the standard protocol.
    """
    if colour == "rgb":
        return codes.permute(0, 3, 1, 2).to(torch.float32).div_(255)
    weights = torch.tensor(luma_weights(Matrix.SMPTE170M), device=codes.device)
    return torch.mv(codes.reshape(-1, 3).to(torch.float32), weights / 255).view(codes.shape[:3])[
        :, None
    ]
