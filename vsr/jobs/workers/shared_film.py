"""A film as the driver sees it: which tasks come next, how far it has got, and its result.

Every film is upscaled in this way; the simplest pool has one worker, in this process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vsr.disk.waiting import wait_for
from vsr.errors import VsrError
from vsr.jobs.estimate.room import check_room
from vsr.jobs.progress import Note, Phase, Result, ignore, joined_result
from vsr.jobs.upscale.source_film import animates
from vsr.jobs.upscale.spool import NOTHING_YET, PIPE
from vsr.jobs.workers.headway import Headway, TaskProgress
from vsr.jobs.workers.tasks import (
    HeaderFacts,
    JoinSegments,
    PlanFilm,
    PlannedFilm,
    ReadHeader,
    Task,
    UpscaleSegment,
    UpscaleWhole,
)
from vsr.jobs.workers.worker import FilmSpec
from vsr.media.resume.segments import FEWEST_FRAMES, PATIENCE, Segment
from vsr.media.resume.work import Work, finished_bytes, segments_folder
from vsr.media.writing.target import check_space
from vsr.media.writing.verify import JoinedFile
from vsr.wording import counted, of_all


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Who does a film.

    Attributes:
        is_shared: several workers may do parts of it at once.
        is_mixed: workers may be of different classes.
        workers: how many there are, for an estimate before the start; 0: only if cramped.
    """

    is_shared: bool
    is_mixed: bool = False
    workers: int = 0


class FilmInWork:
    """Turns a film into tasks, and their results into a `Result`; a `vsr.batch.scheduler.Piece`.

    Attributes:
        result: the finished result, or None.
        error: why it failed, or None.
        headway: how far it has got.
        phase: what is being done with it.
        frames: how many there will be; 0 while unknown.
        frames_before: of these, finished by an earlier run.
        seconds_per_frame: of the film; 0 while unknown.
        weight: frames times their area.
    """

    def __init__(
        self,
        film: FilmSpec,
        crew: Crew,
        *,
        is_one_of_many: bool = False,
        note: Note = ignore,
        on_progress: Callable[[], None] = lambda: None,
    ) -> None:
        """Store what is to be done; start nothing.

        Args:
            crew: who does it.
            is_one_of_many: it is looked at first, so that the longest can begin first.
            note: called with remarks for the user.
            on_progress: called whenever `headway` changes.
        """
        self.film, self._crew = film, crew
        self.result: Result | None = None
        self.error: BaseException | None = None
        self.frames, self.frames_before = 0, 0
        self.weight, self.seconds_per_frame = 0.0, 0.0
        self.headway = Headway(on_progress)
        self.phase = Phase.LOOKING
        self._is_one_of_many, self._note = is_one_of_many, note
        self._work: Work | None = None
        self._planned: PlannedFilm | None = None
        self._started = time.monotonic()

    @property
    def is_over(self) -> bool:
        """It has finished or failed."""
        return self.result is not None or self.error is not None

    def begin(self) -> Sequence[Task]:
        """Look at one of many files first; begin with one that is alone."""
        if self._is_one_of_many:
            return (ReadHeader(self.film),)
        return (self._first_task(is_whole=self.film.is_uncut),)

    def on_report(self, task: Task, tick: TaskProgress | Phase | str | None) -> None:
        """Record how far a task is, what it does now, a note, or a restart of the task."""
        if isinstance(tick, str):
            self._note(tick)
        elif isinstance(tick, Phase):
            self._enter(tick)
        else:
            if self.phase is Phase.LOOKING and tick:  # an image, or what goes into a pipe
                self.phase = Phase.UPSCALING
            self.frames = (tick and tick.total_frames) or self.frames
            self.headway.record(task, tick or TaskProgress(0))

    def ended(self, task: Task, value: Any) -> Sequence[Task]:
        """Record the result of a task; return the tasks that come next."""
        match task:
            case ReadHeader():
                return self._header_read(value)
            case UpscaleWhole():
                self.result = value
                self.headway.record(task, TaskProgress(value.frames_out, _size_of(value.output)))
            case PlanFilm():
                return self._film_planned(value)
            case UpscaleSegment():
                return self._segment_done(task, value)
            case JoinSegments():
                self._publish(*value)
        return ()

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self.headway.on_progress()

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

    def how_to_go_on(self) -> str:
        """Return what to tell the user who interrupts it; empty if it cannot be resumed at all."""
        if self._work is None:
            return NOTHING_YET if self.phase is Phase.LOOKING else ""
        done, planned = len(self._work.finished), len(self._work.segments)
        if not done:
            early = f"interrupted before the first of {counted(planned, 'segment')} was finished: "
            return early + "nothing is kept, and the same command starts over."
        return (
            f"interrupted; {of_all(done, planned, 'segment')} finished. "
            "Run the same command again to resume."
        )

    def _header_read(self, header: HeaderFacts) -> Sequence[Task]:
        frames = self.frames = header.frames or 0
        self.weight = float(frames * header.pixels)
        self.seconds_per_frame = header.seconds_per_frame
        film, fewest = self.film, self.film.spec.segment_frames or FEWEST_FRAMES
        is_short = self._crew.is_shared and 0 < frames < PATIENCE * fewest
        is_whole = is_short or film.is_uncut or animates(film.source, film.target)
        return (self._first_task(is_whole=is_whole),)

    def _first_task(self, *, is_whole: bool) -> Task:
        return UpscaleWhole(self.film) if is_whole else PlanFilm(self.film, self._crew.workers)

    def _film_planned(self, planned: PlannedFilm) -> Sequence[Task]:
        """Take the work folder, and create tasks for what is missing in it."""
        film, self._planned = self.film, planned
        self._started = time.monotonic()
        self.seconds_per_frame = planned.seconds_per_frame
        check_space(film.target.parent, planned.least_bytes)
        self._check_room(planned)
        self._work = Work.begin(
            film.target,
            planned.fingerprint,
            self._plan,
            is_restart=film.spec.is_restart,
            work_dir=segments_folder(film.spec.work_dir),
        )
        if self._crew.is_shared:
            self.film = replace(film, spec=planned.spec)  # what was decided is decided for all
        segments, finished = self._work.segments, self._work.finished
        self.frames = sum(segment.frames for segment in segments)
        if done := len(finished):
            self._note(f"resuming: {of_all(done, len(segments), 'segment')} already finished.")
        for segment in finished:
            self.frames_before += segment.frames
            self.headway.resume(segment, self._work.path_of(segment).stat().st_size)
        tasks = [
            UpscaleSegment(
                self.film, planned.fingerprint, one, self._work.path_of(one), self._crew.is_mixed
            )
            for one in self._work.pending
        ]
        self._enter(Phase.UPSCALING)
        return tasks or self._join()

    def _check_room(self, planned: PlannedFilm) -> None:
        """Refuse what will not fit the disk, and warn of what may not.

        Raises:
            UnwritableOutput: too little is free.
        """
        if planned.estimate is None:
            return
        folder = self.film.target.absolute().parent
        segments = segments_folder(self.film.spec.work_dir) or folder
        done_bytes = finished_bytes(self.film.target)
        if warning := check_room(folder, segments, planned.estimate, done_bytes):
            self._note(warning)

    def _plan(self) -> tuple[Segment, ...]:
        """Use the plan: there is none of an earlier run."""
        assert self._planned is not None
        if self._planned.remark:
            self._note(self._planned.remark)
        return self._planned.segments

    def _segment_done(self, task: UpscaleSegment, size_bytes: int) -> Sequence[Task]:
        assert self._work is not None
        self._await(task.path, size_bytes)
        self._await(task.path.with_suffix(".json"))
        self._work.check_source(self.film.source)
        self.headway.finish(task.segment, size_bytes)
        return self._join() if len(self.headway.sizes) == len(self._work.segments) else ()

    def _await(self, path: Path, size_bytes: int | None = None) -> None:
        """Wait for a file of another machine, and say so if it is not there yet."""
        if not path.exists():
            self._enter(Phase.WAITING)
        wait_for(path, size_bytes)
        if self.phase is Phase.WAITING:
            self._enter(Phase.UPSCALING)

    def _join(self) -> Sequence[Task]:
        self._enter(Phase.JOINING)
        work = self._work
        assert work is not None
        assert self._planned is not None
        paths = tuple((work.path_of(one), self.headway.sizes[one]) for one in work.segments)
        return (JoinSegments(self.film, self._planned.fingerprint, paths, work.joined),)

    def _publish(self, joined: JoinedFile, size_bytes: int) -> None:
        work, self._work = self._work, None
        assert work is not None
        with work:
            wait_for(work.joined, size_bytes)
            work.publish(is_kept=self.film.spec.keeps_work)
            met = [work.recorded(segment) for segment in work.segments]
            if not self.film.spec.keeps_work:
                work.remove()
        assert self._planned is not None
        result = joined_result(
            self.film.target,
            joined,
            met,
            elapsed_seconds=time.monotonic() - self._started,
            model=self._planned.model,
            note=self._note,
        )
        losses = (*self._planned.lost, *result.losses)
        self.result = replace(result, losses=losses, frames_before=self.frames_before)


def _size_of(path: Path) -> int:
    return path.stat().st_size if path != PIPE and path.exists() else 0
