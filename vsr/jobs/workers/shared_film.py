"""A film shared by several workers, as the driver process sees it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vsr.batch.shared import wait_for
from vsr.errors import VsrError
from vsr.jobs.progress import Note, ignore
from vsr.jobs.result import Result, joined_result
from vsr.jobs.workers.film_progress import Headway
from vsr.jobs.workers.film_spec import FilmSpec, Seen
from vsr.jobs.workers.tasks import Begin, Begun, Finish, Look, Part, Task, Whole
from vsr.media.resume.segments import FEWEST_FRAMES, PATIENCE, Segment
from vsr.media.resume.work import Work
from vsr.media.writing.scan import Joined
from vsr.media.writing.target import check_space
from vsr.specs import UpscaleSpec


class FilmInWork:
    """Turns a film into tasks, and their results into a `Result`; a `vsr.batch.scheduler.Piece`.

    Attributes:
        result: the finished result, or None.
        error: why it failed, or None.
        headway: how far it has got.
        frames: how many there will be; 0 while unknown.
        frames_before: of these, finished by an earlier run.
        seconds_per_frame: of the film; 0 while unknown.
        weight: frames times their area.
    """

    def __init__(
        self,
        source: Path,
        target: Path,
        spec: UpscaleSpec,
        *,
        is_shared: bool,
        is_mixed: bool = False,
        note: Note = ignore,
        told: Callable[[], None] = lambda: None,
    ) -> None:
        """Store what is to be done; start nothing.

        Args:
            is_shared: several workers may do parts of it at once.
            is_mixed: workers may be of different classes.
            note: called with remarks for the user.
            told: called whenever `headway` changes.
        """
        encode = replace(spec.encode, options=dict(spec.encode.options))  # a dict can be pickled
        self.film = FilmSpec(
            source=source.absolute(), target=target.absolute(), spec=replace(spec, encode=encode)
        )
        self.result: Result | None = None
        self.error: BaseException | None = None
        self.frames, self.frames_before = 0, 0
        self.weight, self.seconds_per_frame = 0.0, 0.0
        self.headway = Headway(told)
        self._is_shared, self._is_mixed, self._note = is_shared, is_mixed, note
        self._work: Work | None = None
        self._begun: Begun | None = None
        self._started = time.monotonic()

    @property
    def is_over(self) -> bool:
        """It has finished or failed."""
        return self.result is not None or self.error is not None

    def begin(self) -> Sequence[Task]:
        """Look at the file first."""
        return (Look(self.film),)

    def told(self, task: Task, tick: int | str | None) -> None:
        """Record a count of frames, a note, or a restart of the task."""
        if isinstance(tick, str):
            self._note(tick)
            return
        self.headway.tell(task, tick or 0)

    def ended(self, task: Task, value: Any) -> Sequence[Task]:
        """Record the result of a task; return the tasks that come next."""
        match task:
            case Look():
                return self._seen(value)
            case Whole():
                self.result = value
                self.headway.tell(task, value.frames_out)
            case Begin():
                return self._planned(value)
            case Part():
                return self._did(task, value)
            case Finish():
                self._publish(*value)
        return ()

    def fail(self, error: BaseException) -> None:
        """Record that it has failed; other workers may still be writing parts of it."""
        self.error = error

    def release(self) -> None:
        """Release the work folder; call it once no worker writes this film any more.

        Finished segments stay for another run; without any, the folder is removed.
        """
        work, self._work = self._work, None
        if work is not None:
            if work.finished:
                work.close()
            else:
                work.remove()

    def outcome(self) -> Result:
        """Return the result.

        Raises:
            VsrError, OSError: it failed.
        """
        if self.result is None:
            raise self.error or VsrError(f"{self.film.source}: not finished.")
        return self.result

    def _seen(self, seen: Seen) -> Sequence[Task]:
        frames = self.frames = seen.frames or 0
        self.weight, self.seconds_per_frame = float(frames * seen.pixels), seen.seconds_per_frame
        self._started = time.monotonic()
        fewest = self.film.spec.segment_frames or FEWEST_FRAMES
        is_long = not frames or frames >= PATIENCE * fewest
        return (Begin(self.film),) if self._is_shared and is_long else (Whole(self.film),)

    def _planned(self, begun: Begun) -> Sequence[Task]:
        """Take the work folder, and create tasks for what is missing in it."""
        film = self.film
        check_space(film.target.parent, begun.least_bytes)
        is_restart = film.spec.is_restart
        self._work = Work.begin(
            film.target, begun.fingerprint, lambda: begun.segments, is_restart=is_restart
        )
        self._begun = begun
        self.film = replace(film, spec=begun.spec)
        planned, finished = self._work.segments, self._work.finished
        self.frames = sum(segment.frames for segment in planned)
        if done := len(finished):
            self._note(f"resuming: {done} of {len(planned)} segments are already finished.")
        for segment in finished:
            self.frames_before += segment.frames
            self.headway.finish(segment, self._work.path_of(segment).stat().st_size)
        parts = [self._part(segment) for segment in self._work.pending]
        return parts or self._finish()

    def _part(self, segment: Segment) -> Part:
        assert self._work is not None
        assert self._begun is not None
        path = self._work.path_of(segment)
        return Part(self.film, self._begun.fingerprint, segment, path, self._is_mixed)

    def _did(self, part: Part, size_bytes: int) -> Sequence[Task]:
        assert self._work is not None
        wait_for(part.path, size_bytes)
        wait_for(part.path.with_suffix(".json"))
        self._work.check_source(self.film.source)
        self.headway.finish(part.segment, size_bytes)
        return self._finish() if len(self.headway.sizes) == len(self._work.segments) else ()

    def _finish(self) -> Sequence[Task]:
        work = self._work
        assert work is not None
        assert self._begun is not None
        paths = tuple((work.path_of(one), self.headway.sizes[one]) for one in work.segments)
        return (Finish(self.film, self._begun.fingerprint, paths, work.joined),)

    def _publish(self, joined: Joined, size_bytes: int) -> None:
        work, self._work = self._work, None
        assert work is not None
        with work:
            wait_for(work.joined, size_bytes)
            work.publish(is_kept=self.film.spec.keeps_work)
            met = [work.recorded(segment) for segment in work.segments]
            if not self.film.spec.keeps_work:
                work.remove()
        assert self._begun is not None
        self.result = joined_result(
            self.film.target,
            joined,
            met,
            elapsed_seconds=time.monotonic() - self._started,
            model=self._begun.model,
        )


def release_all(films: Iterable[FilmInWork]) -> None:
    """Release what films still hold; call it once no worker writes any more."""
    for film in films:
        film.release()
