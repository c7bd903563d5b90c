"""Do not compute a frame twice: one equal to the previous frame reuses its output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from vsr.frames import HostFrame
from vsr.upscaling.engine.frame_tensors import is_same_picture

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReuseTicket(Generic[T]):
    """A ticket of the engine, or None for a repeated frame."""

    frame: HostFrame
    ticket: T | None


class Reuse(Generic[T]):
    """Wrap an engine's ``start`` and ``finish``; frames must be finished in the order started.

    Attributes:
        reused: how many frames reused the output of the previous one.
    """

    def __init__(self, start: Callable[[HostFrame], T], finish: Callable[[T], HostFrame]) -> None:
        self.reused = 0
        self._start = start
        self._finish = finish
        self._last_in: HostFrame | None = None
        self._last_out: HostFrame | None = None

    def start(self, frame: HostFrame) -> ReuseTicket[T]:
        """Start the frame, unless it equals the previous one bit for bit."""
        if self._last_in is not None and is_same_picture(self._last_in, frame):
            self.reused += 1
            return ReuseTicket(frame, None)
        ticket = self._start(frame)
        self._last_in = frame
        return ReuseTicket(frame, ticket)

    def finish(self, begun: ReuseTicket[T]) -> HostFrame:
        """Return the enlarged frame; a repeated one shares its planes with the previous one."""
        if begun.ticket is not None:
            self._last_out = self._finish(begun.ticket)
            return self._last_out
        if self._last_out is None:
            raise ValueError("a repeated frame was finished before the one that it repeats")
        return replace(self._last_out, pts=begun.frame.pts, captions=begun.frame.captions)
