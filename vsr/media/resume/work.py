"""The work folder next to a target: the plan, its finished segments, and the lock of its owner.

The finished segments and ``job.json`` are the only state. A killed run leaves
them; the next one with the same fingerprint resumes where it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from vsr.closing import Closing
from vsr.disk.lock import locked
from vsr.disk.publishing import publish, sync_folder
from vsr.errors import DecodingFailed, OutputBusy, OutputError, UnwritableOutput
from vsr.media.resume.manifest import Fingerprint, Manifest, differences, source_facts
from vsr.media.resume.segments import Segment
from vsr.media.resume.work_folder import (
    LOCK,
    MANIFEST,
    PUBLISHED,
    is_published,
    note_published,
    remove_folder,
    work_folder_of,
)


class Work(Closing):
    """The work folder of one target, owned by this process while the ``with`` lasts.

    Attributes:
        folder: where it is.
        fingerprint: of this run and of any before it.
        segments: the plan, of the run that started it if there was one.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.folder = work_folder_of(target)
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
    ) -> Self:
        """Take the work folder of ``target``; reuse the plan in it, or make one.

        Args:
            fingerprint: of this run.
            plan: makes the segments; called only if no plan can be reused.
            is_restart: discard what an earlier run left.

        Raises:
            OutputBusy: another run is writing this target.
            OutputError: an earlier run with other settings, or on another machine, left its work;
                the message names the difference.
            UnwritableOutput: the folder cannot be created.
        """
        work = cls(target)
        work._take()
        try:
            if is_restart:
                work._clear()
            work._plan(json.loads(json.dumps(dict(fingerprint))), plan)
        except BaseException:
            if (work.folder / MANIFEST).exists():
                work.close()
            else:
                work.remove()
            raise
        return work

    def path_of(self, segment: Segment) -> Path:
        """Return the path of a finished segment."""
        return self.folder / f"{segment.index:06d}.nut"

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
        return self.folder / f"joined{self.target.suffix}"

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
        publish(self.joined, self.target)

    def remove(self) -> None:
        """Delete the folder and its contents; call it once the target is published."""
        remove_folder(self.folder)
        self.close()

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
        for path in self.folder.iterdir():
            if path.name != LOCK:
                path.unlink()

    def _plan(self, fingerprint: Fingerprint, plan: Callable[[], tuple[Segment, ...]]) -> None:
        self.fingerprint = fingerprint
        for part in self.folder.glob("*.part"):  # left by a killed run
            part.unlink()
        path = self.folder / MANIFEST
        if path.exists():
            earlier = Manifest.read(path)
            changed = differences(earlier.fingerprint, self.fingerprint)
            if not changed:
                self.segments = earlier.segments
                return
            if not is_published(self.target):
                raise self._mismatch(changed)
        self._clear()
        self.segments = plan()
        Manifest(fingerprint, self.segments).write(path)
        sync_folder(self.folder.parent)

    def _mismatch(self, changed: tuple[str, ...]) -> OutputError:
        return OutputError(
            f"{self.target}: an earlier run with other settings, or on another "
            f"machine, left unfinished work ({'; '.join(changed)}). Repeat its settings to "
            f"resume, or start over with --restart."
        )
