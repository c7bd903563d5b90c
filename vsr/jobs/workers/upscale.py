"""``vsr upscale``: one film or image, as tasks over a pool of workers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from vsr.batch.engine import EngineSpec
from vsr.batch.scheduler import Scheduler
from vsr.disk.output_folders import folder_made, left_as_found
from vsr.errors import Interrupted, InvalidOption
from vsr.jobs.progress import Note, OnProgress, Result, ignore
from vsr.jobs.upscale.beforehand import is_kept
from vsr.jobs.upscale.spool import PIPE, named, spooled
from vsr.jobs.upscale.standard_streams import as_clip
from vsr.jobs.watchdog import Watchdog
from vsr.jobs.workers.pool import open_pool
from vsr.jobs.workers.shared_film import Crew, FilmInWork
from vsr.jobs.workers.total_progress import TotalProgress
from vsr.jobs.workers.worker import FilmSpec
from vsr.media.images.images import is_image
from vsr.media.resume.work import remove_published, segments_folder
from vsr.specs import UpscaleSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How a caller follows an upscale, and what ends one that is stuck."""

    on_progress: OnProgress
    note: Note
    watchdog: Watchdog | None


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
        watch = Watch(on_progress=on_progress, note=note, watchdog=watchdog)
        return _upscale(clip, target, spec, engine, watch)


def _upscale(
    source: Path, target: Path, spec: UpscaleSpec, engine: EngineSpec | None, watch: Watch
) -> Result:
    if engine is not None and PIPE in (source, target):
        raise InvalidOption("-: a pipe cannot be split among workers. Omit --workers and --engine.")
    if is_image(source):
        engine = None  # nothing to distribute: it is done in this process
    elif target != PIPE and target.name and spec.existing != "overwrite":  # which reuses segments
        remove_published(target)  # the work folder of a finished film, if a crash left one
    if is_kept(source, target, spec):
        return Result(output=target, is_skipped=True)
    with spooled(source) as clip, nullcontext() if target == PIPE else folder_made(target.parent):
        return _spread(clip, target, spec, engine, watch)


def _spread(
    source: Path, target: Path, spec: UpscaleSpec, engine: EngineSpec | None, watch: Watch
) -> Result:
    """Have the workers of a pool do it, and wait for them."""
    progress = TotalProgress(watch.on_progress)
    is_here = engine is None
    its_source = source if is_here else source.absolute()  # a worker may run in another folder
    its_target = target if is_here else target.absolute()
    films: list[FilmInWork] = []
    with ExitStack() as stack:
        if not is_here:
            stack.enter_context(named(its_source, source))
            stack.enter_context(named(its_target, target))
        stack.enter_context(left_as_found(segments_folder(spec.work_dir)))
        stack.callback(release_all, films)  # once no worker writes any more
        opened = stack.enter_context(open_pool(engine, spec, watch.watchdog))
        crew = Crew(
            is_shared=opened.is_shared,
            is_mixed=engine is not None and engine.is_mixed,
            workers=opened.pool.size,
        )
        wanted = FilmSpec(source=its_source, target=its_target, spec=opened.spec)
        film = FilmInWork(wanted, crew, note=watch.note, on_progress=progress.report)
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
        result = film.outcome()
    return replace(result, output=target)


def release_all(films: Iterable[FilmInWork]) -> None:
    """Release what films still hold; call it once no worker writes any more."""
    for film in films:
        film.release()
