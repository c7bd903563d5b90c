"""How far a film has got: its frames, counted by task, and the finished segments' sizes."""

from __future__ import annotations

from collections.abc import Callable

from vsr.jobs.workers.tasks import Part, Task
from vsr.media.resume.segments import Segment


class Headway:
    """Counts what is done of one film, including earlier runs.

    Attributes:
        sizes: of the finished segments, in bytes.
    """

    def __init__(self, told: Callable[[], None]) -> None:
        """Start from zero.

        Args:
            told: called whenever the count of frames changes.
        """
        self.sizes: dict[Segment, int] = {}
        self._frames: dict[object, int] = {}
        self._told = told

    @property
    def frames(self) -> int:
        """How many frames are finished."""
        return sum(self._frames.values())

    @property
    def size_bytes(self) -> int:
        """How large the finished segments are."""
        return sum(self.sizes.values())

    def tell(self, task: Task, frames: int) -> None:
        """Record how many frames a task has done; 0 if it starts over."""
        self._count(task.segment if isinstance(task, Part) else type(task), frames)

    def finish(self, segment: Segment, size_bytes: int) -> None:
        """Record that a segment is complete."""
        self.sizes[segment] = size_bytes
        self._count(segment, segment.frames)

    def _count(self, key: object, frames: int) -> None:
        self._frames[key] = frames
        self._told()
