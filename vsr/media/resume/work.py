"""The work folder next to a target: the plan, its finished segments, and the lock of its owner.

The finished segments and ``job.json`` are the only state. A killed run leaves them; the next one
with the same fingerprint resumes where it was. One killed between publishing its file and removing
the folder would leave it forever, as the next one is refused: the target exists. A note says so.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from vsr.closing import Closing
from vsr.disk.locks import locked, remove_lock
from vsr.disk.output_folders import make_folder
from vsr.disk.publishing import name_around, publish, published, sync_folder
from vsr.errors import DecodingFailed, OutputBusy, OutputError, UnwritableOutput
from vsr.media.resume.manifest import (
    Fingerprint,
    Manifest,
    mismatch,
    source_facts,
)
from vsr.media.resume.segments import Segment
from vsr.media.sequence import is_numbered
from vsr.media.writing.numbered_images import publish_images


class Work(Closing):
    """The work folder of one target, owned by this process while the ``with`` lasts.

    Attributes:
        folder: where it is.
        store: where the segments are; another folder if they were put on another disk.
        fingerprint: of this run and of any before it.
        segments: the plan, of the run that started it if there was one.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.folder = self.store = work_folder_of(target)
        self.fingerprint: Fingerprint = {}
        self.segments: tuple[Segment, ...] = ()
        self._lock = ExitStack()

    @classmethod
    def begin(
        cls,
        target: Path,
        fingerprint: Fingerprint,
        plan: Callable[[], tuple[Segment, ...]],
        *,
        is_restart: bool = False,
        work_dir: Path | None = None,
    ) -> Self:
        """Take the work folder of ``target``; reuse the plan in it, or make one.

        Args:
            fingerprint: of this run.
            plan: makes the segments; called only if no plan can be reused.
            is_restart: discard what an earlier run left.
            work_dir: where to put the segments, if not in the work folder itself. Those of an
                earlier run stay where they are.

        Raises:
            OutputBusy: another run is writing this target.
            OutputError: an earlier run with other settings, or on another machine, left its work;
                the message names the difference.
            UnwritableOutput: a folder cannot be created.
        """
        work = cls(target)
        work._take()
        try:
            if is_restart:
                work._clear()
            work._plan(json.loads(json.dumps(dict(fingerprint))), plan, work_dir)
        except BaseException:
            if (work.folder / MANIFEST).exists():
                work.close()
            else:
                work.remove()
            raise
        return work

    def path_of(self, segment: Segment) -> Path:
        """Return the path of a finished segment."""
        return self.store / f"{segment.index:06d}.nut"

    @property
    def finished(self) -> tuple[Segment, ...]:
        """The segments that are complete and on disk."""
        return tuple(one for one in self.segments if self.path_of(one).exists())

    @property
    def pending(self) -> tuple[Segment, ...]:
        """The segments still to do."""
        return tuple(one for one in self.segments if not self.path_of(one).exists())

    def recorded(self, segment: Segment) -> dict[str, Any]:
        """Return what was recorded about a finished segment."""
        path = self.path_of(segment).with_suffix(".json")
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}

    @property
    def joined(self) -> Path:
        """Where the final file is written before it gets its name: on the target's own disk."""
        name = "joined" if is_numbered(self.target) else f"joined{self.target.suffix}"
        return self.folder / name

    def check_source(self, source: Path) -> None:
        """Check that the input is still the one the plan was made for.

        Raises:
            DecodingFailed: it is gone, or has changed.
        """
        try:
            facts = source_facts(source)
        except OSError as error:
            raise DecodingFailed(
                f"{source}: removed during the upscale ({error.strerror}). Put it back and "
                f"run the same command again."
            ) from error
        changed = [key for key in facts if facts[key] != self.fingerprint.get(key, facts[key])]
        if changed:
            raise DecodingFailed(
                f"{source}: changed while it was being upscaled ({', '.join(changed)}). "
                f"Start over with --restart."
            )

    def publish(self, *, is_kept: bool = False) -> None:
        """Give the joined file the target's name.

        Args:
            is_kept: the folder is to stay; else a later run removes it if this one cannot.
        """
        if is_kept:
            (self.folder / PUBLISHED).unlink(missing_ok=True)
        else:
            note_published(self.folder, self.joined)
        if self.joined.is_dir():
            publish_images(self.joined, self.target)
        else:
            publish(self.joined, self.target)

    def remove(self) -> None:
        """Delete the folder and its contents; call it once the target is published."""
        remove_folder(self.target)
        self.close()
        remove_lock(self.folder / LOCK)

    def close(self) -> None:
        """Release the folder, and keep its contents."""
        self._lock.close()

    def _take(self) -> None:
        try:
            self._lock.enter_context(locked(self.folder / LOCK))
        except BlockingIOError as error:
            raise OutputBusy(
                f"{self.target}: another run is writing it. Wait for it, or choose another name."
            ) from error
        except OSError as error:
            raise UnwritableOutput(
                f"{self.folder}: cannot be created ({error.strerror}). Choose another folder."
            ) from error

    def _clear(self) -> None:
        remove_store(self.target)
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != LOCK:
                path.unlink()

    def _plan(
        self,
        fingerprint: Fingerprint,
        plan: Callable[[], tuple[Segment, ...]],
        work_dir: Path | None,
    ) -> None:
        self.fingerprint = fingerprint
        self.store = store_of(self.target)
        for folder in {self.folder, self.store}:
            for part in folder.glob("*.part"):  # left by a killed run
                part.unlink()
        path = self.folder / MANIFEST
        if path.exists():
            earlier = Manifest.read(path)
            changed = mismatch(self.target, earlier.fingerprint, self.fingerprint)
            if changed is None:
                self.segments = earlier.segments
                return
            is_unfinished = any(self.store.glob("*.nut")) and not is_published(self.target)
            if is_unfinished:
                raise changed
        self._clear()
        self.segments = plan()
        place = None if work_dir is None else work_dir.absolute() / store_name(self.target)
        self.store = place or self.folder
        make_folder(self.store)
        Manifest(fingerprint, self.segments, place).write(path)
        sync_folder(self.folder.parent)


MANIFEST, LOCK, PUBLISHED = "job.json", "lock", "published.json"


def work_folder_of(target: Path) -> Path:
    """Return the folder in which the segments of ``target`` are made."""
    return target.with_name(name_around(".", target.name, ".vsr"))


def segments_folder(work_dir: str | None) -> Path | None:
    """Return the folder that ``--work-dir`` names; None: segments are next to their target."""
    return None if work_dir is None else Path(work_dir).expanduser()


def store_name(target: Path) -> str:
    """Return the name of the folder with the segments of ``target`` in a folder for many."""
    digest = sha256(str(target.absolute()).encode()).hexdigest()[:12]
    return name_around(".", target.name, f"-{digest}.vsr")


def store_of(target: Path) -> Path:
    """Return where the segments of an earlier run are: its manifest knows."""
    folder = work_folder_of(target)
    try:
        place = Manifest.read(folder / MANIFEST).segments_in
    except OutputError:
        place = None
    return place if place is not None and place.name == store_name(target) else folder


def remove_store(target: Path) -> None:
    """Delete the segments of ``target`` if they are in another folder than its work folder."""
    store = store_of(target)
    if store != work_folder_of(target):
        shutil.rmtree(store, ignore_errors=True)


def finished_bytes(target: Path) -> int:
    """Return the size of the segments that an earlier run finished."""
    return sum(path.stat().st_size for path in store_of(target).glob("*.nut"))


def record(segment: Path, facts: Mapping[str, Any]) -> None:
    """Record what was found while making a segment; call it before the commit.

    Args:
        segment: its future path.
        facts: JSON values.
    """
    part = segment.with_suffix(f".{os.getpid()}.json.part")  # a lost worker may still be writing
    part.write_text(json.dumps(dict(facts)), encoding="utf-8")
    publish(part, segment.with_suffix(".json"))


def note_published(folder: Path, joined: Path) -> None:
    """Note which file is about to get the target's name: size and time go with it."""
    facts = joined.stat()
    with published(folder / PUBLISHED) as part:
        part.write_text(json.dumps([facts.st_size, facts.st_mtime_ns]), encoding="utf-8")


def is_published(target: Path) -> bool:
    """Return whether the file at ``target`` came from the work folder next to it."""
    try:
        noted = json.loads((work_folder_of(target) / PUBLISHED).read_text(encoding="utf-8"))
        facts = target.stat()
    except (OSError, ValueError):
        return False
    return bool(noted == [facts.st_size, facts.st_mtime_ns])


def remove_folder(target: Path) -> None:
    """Delete a work folder that this process has locked; the note goes last."""
    folder = work_folder_of(target)
    remove_store(target)
    for path in folder.glob("*"):
        if path.name not in (LOCK, PUBLISHED):
            with suppress(OSError):
                path.unlink()
    shutil.rmtree(folder, ignore_errors=True)


def remove_published(target: Path) -> None:
    """Remove the work folder that a crash left next to its finished file, if any."""
    folder = work_folder_of(target)
    if is_published(target):
        with suppress(OSError), locked(folder / LOCK):  # else whoever holds the lock removes it
            remove_folder(target)
