"""``vsr upscale``: one film or image, as tasks over a pool of workers.

The pool is the one that was asked for, and `TotalProgress` adds up how far its films have got.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from vsr.batch.engine import EngineSpec, Scheduler, WorkerPool, open_inline
from vsr.batch.local import open_local
from vsr.errors import Interrupted, InvalidOption
from vsr.jobs.process_setup import Watchdog, core_count, watchdog_of_worker
from vsr.jobs.progress import Note, OnProgress, Phase, Progress, Result, ignore
from vsr.jobs.upscale.plan import is_kept
from vsr.jobs.upscale.spool import PIPE, spooled
from vsr.jobs.upscale.standard_streams import as_clip
from vsr.jobs.workers.shared_film import FilmInWork
from vsr.jobs.workers.worker import FilmWorker, opener
from vsr.media.images.images import is_image
from vsr.media.resume.work import remove_published
from vsr.media.writing.target import folder_made
from vsr.specs import UpscaleSpec


def upscale(
    source: Path | Sequence[Path],
    target: Path,
    spec: UpscaleSpec,
    *,
    engine: EngineSpec | None = None,
    on_progress: OnProgress = ignore,
    note: Note = ignore,
    watchdog: Watchdog | None = None,
) -> Result:
    """Upscale one clip, or image. The target appears only once it is complete and verified.

    Args:
        source: the clip; ``-`` is standard input; a numbered name, a pattern, a folder or a list
            are the images of a sequence.
        target: the file to write; ``-`` is standard output, written as it comes.
        engine: the workers that share it; None is this process alone.
        on_progress: called after every finished frame, and with each phase.
        note: called, before the start and on the way, with remarks for the user.
        watchdog: ends this process if it makes no progress.

    Raises:
        Refused: nothing was started.
        Failed: it was started and could not be finished.
        Interrupted: it was stopped, and can be resumed.
    """
    with as_clip(source, target, spec, note) as clip:
        if clip != source and engine is not None and engine.name == "ray":
            raise InvalidOption(
                "--engine ray: a sequence or animation is read through a temporary file, which "
                "other hosts do not see. Omit --engine ray."
            )
        return _upscale(clip, target, spec, engine, on_progress, note, watchdog)


def _upscale(
    source: Path,
    target: Path,
    spec: UpscaleSpec,
    engine: EngineSpec | None,
    on_progress: OnProgress,
    note: Note,
    watchdog: Watchdog | None,
) -> Result:
    if engine is not None and PIPE in (source, target):
        raise InvalidOption("-: a pipe cannot be split among workers. Omit --workers and --engine.")
    if is_image(source):
        engine = None  # nothing to distribute: it is done in this process
    elif target != PIPE and spec.existing != "overwrite":  # its segments would be reused
        remove_published(target)  # the work folder of a finished film, if a crash left one
    if is_kept(source, target, spec):
        return Result(output=target, is_skipped=True)
    with spooled(source) as clip, nullcontext() if target == PIPE else folder_made(target.parent):
        return _spread(clip, target, spec, engine, on_progress, note, watchdog)


def _spread(
    source: Path,
    target: Path,
    spec: UpscaleSpec,
    engine: EngineSpec | None,
    on_progress: OnProgress,
    note: Note,
    watchdog: Watchdog | None,
) -> Result:
    """Let the workers of a pool do it, and wait for them."""
    progress = TotalProgress(on_progress)
    is_here = engine is None
    films: list[FilmInWork] = []
    with ExitStack() as stack:
        stack.callback(release_all, films)  # once no worker writes any more
        opened = stack.enter_context(open_pool(engine, spec, watchdog))
        film = FilmInWork(
            source if is_here else source.absolute(),  # a worker may run in another folder
            target if is_here else target.absolute(),
            opened.spec,
            is_shared=opened.is_shared,
            is_mixed=engine is not None and engine.is_mixed,
            workers=opened.pool.size,
            note=note,
            on_progress=progress.report,
        )
        films.append(film)
        progress.add(film)
        if is_here:
            progress.start()
        try:
            for _ in Scheduler(opened.pool).run(films):
                pass
        except KeyboardInterrupt as error:
            if text := film.how_to_go_on():
                raise Interrupted(text) from error
            raise
    return replace(film.outcome(), output=target)


def release_all(films: Iterable[FilmInWork]) -> None:
    """Release what films still hold; call it once no worker writes any more."""
    for film in films:
        film.release()


class TotalProgress:
    """Adds up films and reports the sum."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self._started: float | None = None
        self._films: list[FilmInWork] = []

    def add(self, film: FilmInWork) -> None:
        """Count one more film."""
        self._films.append(film)

    def start(self) -> None:
        """Start the clock; else the first progress does, as workers take long to open."""
        self._started = time.monotonic()

    def report(self) -> None:
        """Report the progress."""
        self._on_progress(self.progress())

    def progress(self) -> Progress:
        """Return the progress over all films; a failed film counts as done."""
        if self._started is None:  # workers start up before the first frame
            self._started = time.monotonic()
        elapsed = time.monotonic() - self._started
        films = self._films
        if not any(film.headway.frames > film.frames_before for film in films):
            self._started, elapsed = time.monotonic(), 0.0  # looking and opening is not counted
        done = sum(film.frames if film.error else film.headway.frames for film in films)
        here = sum(film.headway.frames - film.frames_before for film in films)
        seconds = sum(film.headway.frames * film.seconds_per_frame for film in films)
        seconds_here = sum(
            (film.headway.frames - film.frames_before) * film.seconds_per_frame for film in films
        )
        return Progress(
            frames=done,
            total_frames=self._total_frames(),
            out_seconds=seconds,
            elapsed_seconds=elapsed,
            fps=max(0.0, here / elapsed) if elapsed else 0.0,  # a part may have started over
            speed=max(0.0, seconds_here / elapsed) if elapsed else 0.0,
            bytes_written=sum(film.headway.done.size_bytes for film in films),
            phase=self._phase(),
        )

    def _total_frames(self) -> int | None:
        """Return how many frames there will be; None while a film has more than it said."""
        films = self._films
        if any(film.headway.frames > film.frames and not film.is_over for film in films):
            return None
        return sum(max(film.frames, film.headway.frames) for film in films) or None

    def _phase(self) -> Phase:
        """Return what is being done: upscaling, as long as one of the films is."""
        phases = [film.phase for film in self._films if not film.is_over]
        return phases[0] if phases and Phase.UPSCALING not in phases else Phase.UPSCALING


@dataclass(frozen=True, slots=True)
class OpenPool:
    """A pool, and the spec to give to its workers."""

    pool: WorkerPool
    spec: UpscaleSpec

    @property
    def is_shared(self) -> bool:
        """Several workers may do parts of one film."""
        return self.pool.size > 1


@contextmanager
def open_pool(
    wanted: EngineSpec | None, spec: UpscaleSpec, watchdog: Watchdog | None = None
) -> Iterator[OpenPool]:
    """Open workers for as long as the ``with`` lasts.

    Args:
        wanted: None is one worker in this process, which is left as it is.
        watchdog: ends this process if a worker in it makes no progress.

    Raises:
        Refused: the device or cluster is unavailable, or its workers would make different bytes.
    """
    if wanted is None:
        worker = partial(
            FilmWorker, spec.device, spec.precision, report_seconds=0.0, watchdog=watchdog
        )
        with open_inline(worker) as here:
            yield OpenPool(here, spec)
        return
    if wanted.name == "ray":
        from vsr.batch.ray import open_ray

        spec = replace(spec, threads=wanted.cpus_per_worker or 1)
        with open_ray(
            opener(spec, watchdog_of_worker(), is_remote=True),
            wanted,
            has_gpus=spec.device != "cpu",
        ) as engine:
            yield OpenPool(engine, spec)
        return
    gpus = _gpus(spec)
    if wanted.is_inline and len(gpus) < 2:
        with open_inline(opener(spec, watchdog)) as inline:
            yield OpenPool(inline, spec)
        return
    count = wanted.workers or max(1, len(gpus))
    spec = replace(spec, threads=wanted.cpus_per_worker or max(1, core_count() // count))
    places = [gpus[index % len(gpus)] if gpus else None for index in range(count)]
    with open_local(opener(spec, watchdog_of_worker()), places) as local:
        yield OpenPool(local, spec)


def _gpus(spec: UpscaleSpec) -> list[int]:
    """Return the GPUs to distribute; a device that the user names is used by all workers."""
    if spec.device not in ("auto", "cuda"):
        return []
    from vsr.device.cuda import supported_devices

    return supported_devices()
