"""``vsr upscale`` with several workers: one film, its segments on all of them."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from vsr.batch.engine import EngineSpec
from vsr.batch.scheduler import Scheduler
from vsr.errors import InvalidOption
from vsr.jobs.progress import Note, Observer, ignore
from vsr.jobs.result import Result
from vsr.jobs.upscale.standard_streams import PIPE
from vsr.jobs.upscale.upscale import is_kept, upscale
from vsr.jobs.workers.engines import open_batch_engine
from vsr.jobs.workers.shared_film import FilmInWork, release_all
from vsr.jobs.workers.total_progress import TotalProgress
from vsr.media.images.images import is_image
from vsr.specs import UpscaleSpec


def upscale_spread(
    source: Path,
    target: Path,
    spec: UpscaleSpec,
    *,
    engine: EngineSpec,
    observe: Observer = ignore,
    note: Note = ignore,
) -> Result:
    """Upscale one clip on the workers of an engine; the rest is as in `vsr.jobs.upscale.upscale`.

    Raises:
        Refused: nothing was started.
        Failed: it was started and could not be finished.
    """
    if PIPE in (source, target):
        raise InvalidOption("-: a pipe cannot be split among workers. Omit --workers and --engine.")
    if is_image(source):  # nothing to distribute: it is done in this process
        return upscale(source, target, spec, observe=observe, note=note)
    if is_kept(source, target, spec):
        return Result(output=target, is_skipped=True)
    progress = TotalProgress(observe)
    films: list[FilmInWork] = []
    with ExitStack() as stack:
        stack.callback(release_all, films)  # once no worker writes any more
        opened = stack.enter_context(open_batch_engine(engine, spec))
        film = FilmInWork(
            source,
            target,
            opened.spec,
            is_shared=opened.is_shared,
            is_mixed=engine.is_mixed,
            note=note,
            told=progress.tell,
        )
        films.append(film)
        progress.add(film)
        for _ in Scheduler(opened.engine).run(films):
            pass
    return film.outcome()
