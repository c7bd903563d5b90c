"""Slots that are used again and again, each only after its last reader let go. Pure.

A slot is lent with `Ring.take` and comes back with `Ring.give`; a `Lease` gives it back by itself
when the last array that looks into it is gone (an encoder may hold a picture for a while).
"""

from __future__ import annotations

from collections.abc import Iterable
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Slot = TypeVar("Slot")


class Starved(RuntimeError):
    """Every slot is still lent out after the time allowed."""


class Ring(Generic[Slot]):
    """A fixed set of slots. Thread-safe; giving back is safe inside a finaliser too."""

    def __init__(self, slots: Iterable[Slot]) -> None:
        # SimpleQueue.put is reentrant, which a call from a garbage collector's finaliser needs.
        self._free: SimpleQueue[Slot] = SimpleQueue()
        self.size = 0
        for slot in slots:
            self._free.put(slot)
            self.size += 1
        if self.size == 0:
            raise ValueError("a ring needs at least one slot")

    @property
    def free(self) -> int:
        """How many slots are free now."""
        return self._free.qsize()

    def take(self, timeout_seconds: float | None = None) -> Slot:
        """Wait for a free slot and lend it.

        Raises:
            Starved: none came back within ``timeout_seconds``.
        """
        try:
            return self._free.get(timeout=timeout_seconds)
        except Empty as error:
            raise Starved(
                f"all {self.size} slots are still in use after {timeout_seconds:g} s"
            ) from error

    def give(self, slot: Slot) -> None:
        """Take a slot back; the next `take` may hand it out."""
        self._free.put(slot)


class Lease(Generic[Slot]):
    """Memory of a lent slot as an array; the slot returns when the last view of it is gone.

    numpy collapses chains of views to the array that owns the memory, so watching one view would
    not do. An array made from ``__array_interface__`` keeps this object as its base instead, and
    with it every view of a view.
    """

    def __init__(self, ring: Ring[Slot], slot: Slot, memory: NDArray[Any]) -> None:
        self._ring = ring
        self._slot = slot
        self._memory = memory
        self.__array_interface__ = memory.__array_interface__

    def array(self) -> NDArray[Any]:
        """Return the memory; this array and its views keep the slot lent."""
        return np.asarray(self)

    def __del__(self) -> None:
        self._ring.give(self._slot)
