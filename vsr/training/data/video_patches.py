"""The files of a prepared set that hold what a camera and a codec left of its patches.

Beside ``lr_x4.u8`` lie, for each degradation of a video::

    lr_x4_video-medium.u8        (count, p, p, 3), uint8: the patch as received
    lr_x4_video-medium_next.u8   the same, one frame later
    lr_x4_video-medium_move.i8   (count, 2), int8: by how much (down, right) the picture's window
                                 moved between the two, in pixels of the high resolution
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from vsr.training.damage.degradation import DEGRADATIONS, Degraded, Piece, Shot
from vsr.training.data.manifest import low_name, move_name, next_name


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
