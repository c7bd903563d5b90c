"""``vsr train teach``: what a network makes of a prepared set, as targets for another to learn."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from vsr.batch.engine import DeviceClass, WorkerPool, open_inline
from vsr.batch.local import open_local
from vsr.disk.publishing import writing
from vsr.errors import Interrupted, InvalidOption, OutputExists
from vsr.specs import Precision
from vsr.training.data.manifest import (
    BICUBIC,
    MANIFEST,
    TRUTH,
    DatasetManifest,
    Taught,
    read_manifest,
)
from vsr.training.data.new_set import alone
from vsr.training.data.prepare import PrepareSpec
from vsr.training.run.context import training_device
from vsr.training.teacher.lesson import JOURNAL, Class, Lesson
from vsr.training.teacher.teacher import Correction, Teacher, TeacherSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class TeachSpec:
    """Who teaches what.

    Attributes:
        data: a prepared set.
        teachers: whose pictures are averaged.
        name: of the targets, which a recipe names as its ``target``.
        scales: of the set; empty are all that it has.
        degradations: of the set; empty are all but bicubic, or bicubic if there is no other.
        workers: processes; one thread each where there are several.
    """

    data: Path
    teachers: tuple[TeacherSpec, ...]
    name: str = "teacher"
    scales: tuple[int, ...] = ()
    degradations: tuple[str, ...] = ()
    correction: Correction = field(default_factory=Correction)
    device: str = "auto"
    precision: Precision = "auto"
    workers: int = 1

    def __post_init__(self) -> None:
        if not self.teachers:
            raise InvalidOption("--teacher: name a network or a weights file.")
        if not re.fullmatch(r"[A-Za-z0-9-]+", self.name) or self.name == TRUTH:
            raise InvalidOption(
                f"--name {self.name}: use letters, digits and '-', and not '{TRUTH}'."
            )
        if self.workers < 1:
            raise InvalidOption(f"--workers {self.workers} must be at least 1.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TeachWatch:
    """How a caller follows it, and stops it after the current chunk."""

    on_chunk: Callable[[int, int], None] = lambda *_: None
    should_stop: Callable[[], bool] = lambda: False


def check_teachers(spec: TeachSpec, scales: tuple[int, ...]) -> None:
    """Refuse teachers that cannot teach every scale, or not on that device.

    Raises:
        Refused: as `Teacher.open` and `training_device`.
    """
    training_device(spec.device, spec.precision)
    for scale in scales:
        Teacher.open(spec.teachers, scale)


def begun(spec: PrepareSpec, name: str) -> DatasetManifest | None:
    """Return what the same spec has prepared, if targets of that name are still to be made.

    Raises:
        InvalidData: its manifest cannot be read.
    """
    if not (spec.out / MANIFEST).is_file():
        return None
    found = read_manifest(spec.out)
    is_taught = any(one.name == name for one in found.taught)
    is_complete = is_taught and not any(spec.out.glob(f"*{JOURNAL}"))
    return found if found.asked == spec.digest and not is_complete else None


def teach(spec: TeachSpec, watch: TeachWatch = TeachWatch()) -> tuple[Taught, ...]:
    """Make the targets that are not there yet; return all of them.

    A stopped run goes on where it was when it is started again with the same values.

    Args:
        watch: told (chunks done, chunks in all) after each.

    Raises:
        Refused: the set or a teacher; targets of that name that were made otherwise.
        OutputBusy: another process is making targets of this set.
        NoSpace, UnwritableOutput, Interrupted: what is done is kept.
    """
    lessons = _lessons(spec)
    with alone(spec.data / LOCK, spec.data, BUSY):
        return _taught_all(spec, lessons, watch)


LOCK = ".teach.lock"
"""The lock of a prepared set: all targets that are made of it share its manifest and its unfinished
files."""

BUSY = "which is making targets of it. Wait for it."


def _taught_all(spec: TeachSpec, lessons: list[Lesson], watch: TeachWatch) -> tuple[Taught, ...]:
    """Do what `teach` does, alone."""
    classes = [Class(lesson) for lesson in lessons]
    lacking = [(one, _left(one)) for one in classes]
    total = sum(len(left) for _, left in lacking)
    done = 0
    for one, left in lacking:
        with _opened(one.lesson, spec.workers) as engine:
            for _ in _taught(engine, one, left, watch.should_stop):
                done += 1
                watch.on_chunk(done, total)
        _register(one)
    taught = read_manifest(spec.data).taught
    names = {(one.lesson.scale, one.lesson.degradation) for one in classes}
    return tuple(
        entry
        for entry in taught
        if entry.name == spec.name and (entry.scale, entry.degradation) in names
    )


def _lessons(spec: TeachSpec) -> list[Lesson]:
    manifest = read_manifest(spec.data)
    videos = tuple(name for name in manifest.degradations if name != BICUBIC)
    degradations = spec.degradations or videos or (BICUBIC,)
    device = training_device(spec.device, spec.precision)
    lessons = []
    for scale, degradation in product(spec.scales or manifest.scales, degradations):
        manifest.check_offers(scale, degradation, spec.data)
        lessons.append(
            Lesson(
                folder=spec.data,
                name=spec.name,
                scale=scale,
                degradation=degradation,
                parts=spec.teachers,
                correction=spec.correction,
                device=device,
            )
        )
    return lessons


def _left(one: Class) -> list[int]:
    """Return the chunks that are left to do; none of targets that are complete.

    Raises:
        OutputExists: complete ones that were made otherwise.
    """
    there = _entry(one.manifest, one.lesson)
    if there is None:
        return one.file.begin()
    if there != one.lesson.entry(one.teacher, there.sha256):
        raise OutputExists(
            f"{one.file.path}: made by {', '.join(there.teachers)}, {there.corrected}. Choose "
            "another --name."
        )
    return []


def _entry(manifest: DatasetManifest, lesson: Lesson) -> Taught | None:
    wanted = (lesson.name, lesson.scale, lesson.degradation)
    there = (one for one in manifest.taught if (one.name, one.scale, one.degradation) == wanted)
    return next(there, None)


def _register(one: Class) -> None:
    """Publish the file and tell the manifest."""
    manifest = read_manifest(one.lesson.folder)
    if _entry(manifest, one.lesson) is None:
        entry = one.lesson.entry(one.teacher, one.file.publish())
        with writing(one.lesson.folder):
            replace(manifest, taught=(*manifest.taught, entry)).write(one.lesson.folder)
    one.file.forget()


def _taught(
    engine: WorkerPool, one: Class, left: list[int], should_stop: Callable[[], bool]
) -> Iterator[int]:
    """Let the workers do the chunks; yield each that is done and noted."""
    waiting, running = list(reversed(left)), 0
    while waiting or running:
        while waiting and engine.free:
            chunk = waiting.pop()
            engine.start(chunk, chunk)
            running += 1
        for ended in engine.wait(lambda *_: None):
            running -= 1
            if ended.error is not None:
                raise ended.error
            one.file.note(ended.ticket)
            yield ended.ticket
        if should_stop():
            raise Interrupted(
                f"{one.file.path}: stopped. Go on with the same command, or vsr train teach "
                f"{one.lesson.folder} and the same options."
            )


class TeachWorker:
    """Teaches chunks. Open it with `_open_worker`."""

    def __init__(self, lesson: Lesson) -> None:
        self._class = Class(lesson)

    def do(self, task: Any, report: Callable[[Any], None]) -> None:
        """Make the targets of a chunk."""
        del report
        self._class.teach(task)

    def describe(self) -> DeviceClass:
        """Return what it computes on."""
        device = self._class.lesson.device
        return DeviceClass(device=str(device), versions="", host="")

    def close(self) -> None:
        """Nothing is held that the process would not release."""


@contextmanager
def _opened(lesson: Lesson, workers: int) -> Iterator[WorkerPool]:
    if workers == 1:
        with open_inline(partial(_open_worker, lesson, None)) as inline:
            yield inline
        return
    with open_local(partial(_open_worker, lesson, 1), [None] * workers) as local:
        yield local


def _open_worker(lesson: Lesson, threads: int | None) -> TeachWorker:
    if threads is not None:
        from vsr.jobs.process_setup import settle

        settle()
        import torch

        torch.set_num_threads(threads)
    return TeachWorker(lesson)
