"""How far a film is: its pictures, counted by task, and the finished segments' sizes."""

from __future__ import annotations

from collections.abc import Callable

from vsr.jobs.tasks import Part, Task
from vsr.media.segments import Segment


class Headway:
    """Counts what is done of one film, an earlier run's included.

    Attributes:
        sizes: of the finished segments, in bytes.
    """

    def __init__(self, told: Callable[[], None]) -> None:
        """Begin at nothing.

        Args:
            told: called when the count of pictures has changed.
        """
        self.sizes: dict[Segment, int] = {}
        self._frames: dict[object, int] = {}
        self._told = told

    @property
    def frames(self) -> int:
        """How many pictures are finished."""
        return sum(self._frames.values())

    @property
    def size_bytes(self) -> int:
        """How large the finished segments are."""
        return sum(self.sizes.values())

    def tell(self, task: Task, frames: int) -> None:
        """Take in how many pictures a task has done; 0 if it begins anew."""
        self._count(task.segment if isinstance(task, Part) else type(task), frames)

    def finish(self, segment: Segment, size_bytes: int) -> None:
        """Take in that a segment is whole."""
        self.sizes[segment] = size_bytes
        self._count(segment, segment.frames)

    def _count(self, key: object, frames: int) -> None:
        self._frames[key] = frames
        self._told()
