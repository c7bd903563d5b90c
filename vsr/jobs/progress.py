"""How far a job has got: plain values to make a bar or a line of JSON from."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """A snapshot of a job.

    Attributes:
        frames: finished frames, including those of an earlier run.
        total_frames: how many there will be, if known; a hint from the container until planned.
        out_seconds: how much of the output, in time, is finished.
        elapsed_seconds: wall time of this run.
        fps: frames of this run per second of wall time.
        speed: seconds of film of this run per second of wall time.
        bytes_written: size of the video written so far.
    """

    frames: int
    total_frames: int | None
    out_seconds: float
    elapsed_seconds: float
    fps: float
    speed: float
    bytes_written: int


OnProgress = Callable[[Progress], None]
Note = Callable[[str], None]

Count = Callable[[int, int | None], None]
"""Called with how many images or frames are measured, and of how many if that is known."""


def ignore(_: object) -> None:
    """Ignore it."""


class Stopwatch:
    """Counts frames against the clock and reports each to `OnProgress`."""

    def __init__(
        self,
        on_progress: OnProgress,
        total_frames: int | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_progress, self._clock = on_progress, clock
        self._started = clock()
        self.total_frames = total_frames
        self.frames_before, self.seconds_before = 0, 0.0
        self.frames, self.out_seconds = 0, 0.0

    def skip(self, frames: int, seconds: float) -> None:
        """Count what an earlier run finished."""
        self.frames_before += frames
        self.seconds_before += seconds

    def tick(self, out_seconds: float, bytes_written: int) -> None:
        """Count one frame and report the progress.

        Args:
            out_seconds: the time up to which the output is finished.
        """
        self.frames += 1
        self.out_seconds = max(self.out_seconds, out_seconds)
        self._on_progress(self.progress(bytes_written))

    @property
    def elapsed_seconds(self) -> float:
        """Wall time since the start."""
        return self._clock() - self._started

    def progress(self, bytes_written: int) -> Progress:
        """Return the current progress."""
        elapsed = self.elapsed_seconds
        return Progress(
            frames=self.frames_before + self.frames,
            total_frames=self.total_frames,
            out_seconds=self.out_seconds,
            elapsed_seconds=elapsed,
            fps=self.frames / elapsed if elapsed > 0 else 0.0,
            speed=(self.out_seconds - self.seconds_before) / elapsed if elapsed > 0 else 0.0,
            bytes_written=bytes_written,
        )
