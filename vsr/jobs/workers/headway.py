"""How far a film has got, as its tasks report it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vsr.media.resume.segments import Segment


@dataclass(frozen=True, slots=True)
class TaskProgress:
    """How far a running task has got.

    Attributes:
        frames: how many are finished.
        size_bytes: what they take.
        total_frames: how many there will be; 0 if that is unknown, or known from the plan.
    """

    frames: int
    size_bytes: int = 0
    total_frames: int = 0


class Headway:
    """How far a film has got: what its tasks have done, earlier runs included.

    Attributes:
        sizes: of the finished segments, in bytes.
        on_progress: called whenever the count of frames changes.
    """

    def __init__(self, on_progress: Callable[[], None]) -> None:
        self.sizes: dict[Segment, int] = {}
        self.on_progress = on_progress
        self._done: dict[object, TaskProgress] = {}

    @property
    def done(self) -> TaskProgress:
        """The frames that are finished, and their bytes."""
        counts = self._done.values()
        return TaskProgress(
            sum(one.frames for one in counts), sum(one.size_bytes for one in counts)
        )

    @property
    def frames(self) -> int:
        """How many frames are finished."""
        return self.done.frames

    def record(self, task: object, done: TaskProgress) -> None:
        """Record how far a task is; nothing if it starts over."""
        self._count(getattr(task, "segment", type(task)), done)

    def resume(self, segment: Segment, size_bytes: int) -> None:
        """Record that an earlier run finished a segment."""
        self.sizes[segment] = size_bytes
        self._done[segment] = TaskProgress(segment.frames, size_bytes)

    def finish(self, segment: Segment, size_bytes: int) -> None:
        """Record that a segment is complete."""
        self.sizes[segment] = size_bytes
        self._count(segment, TaskProgress(segment.frames, size_bytes))

    def _count(self, key: object, done: TaskProgress) -> None:
        before, self._done[key] = self._done.get(key, TaskProgress(0)), done
        if before.frames != done.frames:
            self.on_progress()
