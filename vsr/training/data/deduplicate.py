"""Find patches that look like one seen before, also after it was compressed again."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from PIL import Image

MAX_DISTANCE = 3
"""Bits of 64 in which two looks may differ and still be of one picture."""

PARTS = MAX_DISTANCE + 1
PART_BITS = 64 // PARTS


class Looks:
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
