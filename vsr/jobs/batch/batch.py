"""``vsr batch``: every file of a folder, once, on all workers; bad files do not stop it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vsr.batch.engine import EngineSpec
from vsr.batch.ledger import Ledger, facts_of, open_ledger
from vsr.batch.plan import Item, Selection, Sources, check_sources, left_out, nothing_in, plan
from vsr.batch.scheduler import Scheduler
from vsr.disk.output_folders import left_as_found
from vsr.errors import Interrupted
from vsr.jobs.batch.outcome import (
    FileState,
    Outcome,
    failed,
    file_state,
    fingerprint,
    interrupted,
    write_report,
)
from vsr.jobs.batch.outlook import outlook
from vsr.jobs.progress import Note, OnProgress, ignore
from vsr.jobs.upscale.shared_options import check_shared
from vsr.jobs.upscale.source_film import is_picture
from vsr.jobs.watchdog import Watchdog
from vsr.jobs.workers.pool import OpenPool, open_pool
from vsr.jobs.workers.shared_film import Crew, FilmInWork
from vsr.jobs.workers.total_progress import TotalProgress
from vsr.jobs.workers.upscale import release_all
from vsr.jobs.workers.worker import FilmSpec
from vsr.media.resume.work import remove_published, segments_folder
from vsr.specs import UpscaleSpec
from vsr.wording import counted

WATCH_SECONDS = 2.0
"""How often a watched folder is scanned; a file is taken once two scans find it unchanged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSpec:
    """A batch: what to do with each file, which files, and which workers."""

    upscale: UpscaleSpec
    selection: Selection = field(default_factory=Selection)
    engine: EngineSpec = field(default_factory=EngineSpec)

    @property
    def upscale_each(self) -> UpscaleSpec:
        """What to do with a file of any kind: what only films have is no fault of a picture."""
        return replace(self.upscale, asked=())

    def ignored(self, files: Iterable[Path]) -> str | None:
        """Return in one line which options change nothing for some of the files; None if none."""
        flags = self.upscale.asked_of_films
        pictures = sum(map(is_picture, files)) if flags else 0
        return f"Ignored for {counted(pictures, 'image')}: {flags}." if pictures else None


def batch(
    source: Sources,
    target: Path,
    spec: BatchSpec,
    *,
    on_progress: OnProgress = ignore,
    note: Note = ignore,
    watchdog: Watchdog | None = None,
) -> Generator[Outcome, None, None]:
    """Upscale every file under ``source`` to the mirrored path under ``target``.

    Files finished from the same input and settings are skipped; a failure is reported, and the
    rest continues. Nothing outside ``target`` is written. At the end, or on close, a report of
    the outcomes so far is written to ``target``.

    Args:
        on_progress: called with the progress over all files.
        note: called with what the batch will take, before it starts.
        watchdog: ends this process if it makes no progress.

    Yields:
        one `Outcome` for each file, as it ends.

    Raises:
        Refused: one of the folders, the engine or an option cannot be used, whatever the files
            are; or another batch is at work.
        Interrupted: Ctrl-C came while films were not finished; also if it is thrown in.
    """
    check_sources(source, target)
    items = plan(source, target, spec.selection)
    if not items:
        raise nothing_in(source, target)
    check_shared(spec.upscale, is_done_here=spec.engine.name == "local")
    with open_ledger(target) as ledger, ExitStack() as stack:
        _name_left_out(source, target, spec.selection, note)
        yield from _Batch(ledger, spec, on_progress, stack, note, watchdog).run(items)


def watch(
    source: Sources,
    target: Path,
    spec: BatchSpec,
    *,
    on_progress: OnProgress = ignore,
    note: Note = ignore,
    sleep: Callable[[float], None] = time.sleep,
    watchdog: Watchdog | None = None,
) -> Generator[Outcome, None, None]:
    """Repeat the batch, taking files that have stopped growing, until interrupted.

    Args:
        note: called with what is left out, as it is at the start.

    Raises:
        Refused: as `batch`; an empty folder is waited for.
        Interrupted: as `batch`; between two scans it is the `KeyboardInterrupt` itself.
    """
    check_sources(source, target)
    check_shared(spec.upscale, is_done_here=spec.engine.name == "local")
    before: dict[Path, Any] = {}
    handled: dict[Path, Any] = {}
    with open_ledger(target) as ledger, ExitStack() as stack:
        _name_left_out(source, target, spec.selection, note)
        work = _Batch(ledger, spec, on_progress, stack, watchdog=watchdog)
        while True:
            items = plan(source, target, spec.selection)
            now = {item.source: facts_of(item.source) for item in items}
            ready = [
                item
                for item in items
                if now[item.source] == before.get(item.source) != handled.get(item.source)
            ]
            yield from work.run(ready)
            handled |= {item.source: now[item.source] for item in ready}
            before = now
            sleep(WATCH_SECONDS)


def _name_left_out(source: Sources, target: Path, selection: Selection, note: Note) -> None:
    if note is not ignore:
        for line in left_out(source, target, selection):
            note(line)


class _Batch:
    """An open ledger and, once there is work, an open engine."""

    def __init__(
        self,
        ledger: Ledger,
        spec: BatchSpec,
        on_progress: OnProgress,
        stack: ExitStack,
        note: Note = ignore,
        watchdog: Watchdog | None = None,
    ) -> None:
        self._watchdog = watchdog
        self._ledger, self._spec, self._stack = ledger, spec, stack
        self._progress, self._note = TotalProgress(on_progress), note
        self._opened: OpenPool | None = None
        self._films: list[FilmInWork] = []
        self._outcomes: list[Outcome] = []
        stack.callback(self._report)
        stack.enter_context(left_as_found(segments_folder(spec.upscale.work_dir)))
        stack.callback(release_all, self._films)  # after the engine: once no worker writes
        self._settings = fingerprint(spec.upscale)

    def run(self, items: list[Item]) -> Iterator[Outcome]:
        """Settle the files that need no work, then do the rest, longest first.

        Raises:
            Interrupted: films are not finished; the message names the first of them.
        """
        try:
            for outcome in self._run(items):
                self._outcomes.append(outcome)
                yield outcome
        except KeyboardInterrupt as error:
            unfinished = [film.film.source for film in self._films if not film.is_over]
            if unfinished:
                raise Interrupted(interrupted(self._outcomes, unfinished)) from error
            raise

    def _run(self, items: list[Item]) -> Iterator[Outcome]:
        todo: list[FileState] = []
        for item in items:
            settled = self._settled(item, todo)
            if settled is not None:
                yield settled
        if todo:
            self._opened = self._opened or self._stack.enter_context(
                open_pool(self._spec.engine, self._spec.upscale_each, self._watchdog)
            )
            if self._note is not ignore:
                work = [one.item for one in todo]
                each, workers = self._spec.upscale_each, self._opened.pool.size
                for line in outlook(work, self._ledger.folder, each, workers):
                    self._note(line)
                if ignored := self._spec.ignored(item.source for item in work):
                    self._note(ignored)
            yield from self._work(self._opened, todo)

    def _settled(self, item: Item, todo: list[FileState]) -> Outcome | None:
        """Return the outcome of a file that needs no work, or put it on the list."""
        found = file_state(item, self._ledger, self._spec.upscale.existing, self._settings)
        if found.settled is not None:
            if found.settled.state == "skipped":
                remove_published(item.target)
            return found.settled
        if not item.target.parent.exists():
            self._stack.enter_context(left_as_found(item.target.parent))
        try:
            item.target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return failed(item, error)
        todo.append(found)
        return None

    def _work(self, opened: OpenPool, todo: list[FileState]) -> Iterator[Outcome]:
        """Do the films; each is in the ledger before it is reported."""
        self._ledger.begin([(one.item.name, one.item.target, one.key) for one in todo])
        spec = replace(opened.spec, existing="overwrite")
        films: dict[int, FileState] = {}
        crew = Crew(is_shared=opened.is_shared, is_mixed=self._spec.engine.is_mixed)
        for one in todo:
            source, target = one.item.source.absolute(), one.item.target.absolute()
            wanted = FilmSpec(source=source, target=target, spec=spec)
            film = FilmInWork(wanted, crew, is_one_of_many=True, on_progress=self._progress.report)
            films[id(film)] = one
            self._films.append(film)
            self._progress.add(film)
        for piece in Scheduler(opened.pool).run(self._films):
            assert isinstance(piece, FilmInWork)
            yield self._ended(piece, films[id(piece)])
        self._films.clear()
        self._progress.clear()

    def _ended(self, film: FilmInWork, one: FileState) -> Outcome:
        film.release()
        result, item, key = film.result, one.item, one.key
        if result is None:
            outcome = failed(item, film.error)
            self._ledger.write("failed", item.name, item.target, key, {"error": outcome.error})
            return outcome
        outcome = Outcome(
            source=item.source,
            target=item.target,
            state="done",
            frames=result.frames_out,
            fps=result.fps,
            reused=result.frames_reused,
            losses=result.losses,
            model=result.model,
        )
        self._ledger.write("done", item.name, item.target, key, outcome.facts())
        return outcome

    def _report(self) -> None:
        with suppress(OSError):  # a full disk; that error is already propagating
            write_report(self._ledger.folder, self._outcomes)
