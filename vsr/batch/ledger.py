"""What a batch has finished: one line of JSON per fact, on disk before the next file starts.

A line is written when a file starts and when it ends, and never changed. A crash can lose only
the last line, and then the result itself shows it: it appears under its name only once complete.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, Literal, Self, TextIO

from vsr.disk.locks import BINARY, held
from vsr.disk.publishing import writing
from vsr.errors import OutputBusy, UnwritableOutput

LEDGER, LOCK = ".vsr-ledger.jsonl", ".vsr-lock"

Event = Literal["begun", "done", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One line.

    Attributes:
        target: path of the output, relative to the output folder.
        key: what the result depends on: facts of the source, and of the settings.
        result: size and time of the file under the result's name: before, for ``begun``; after, for
            ``done``; None if there was none.
        summary: for the report.
    """

    event: Event
    name: str
    target: str
    key: Mapping[str, Any]
    result: tuple[int, int] | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)

    def as_line(self) -> str:
        """Return one line of JSON; any file name survives in it."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(values, default=dict) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Self | None:
        """Return the entry of a line, or None if a crash truncated it."""
        try:
            values = json.loads(line)
            result = values.pop("result")
            return cls(result=tuple(result) if result else None, **values)
        except (ValueError, TypeError, LookupError, AttributeError):
            return None


class Ledger:
    """The ledger of an output folder, owned by one batch at a time; see `open_ledger`."""

    def __init__(self, folder: Path, file: TextIO) -> None:
        self.folder = folder
        self._file = file
        self._last: dict[str, LedgerEntry] = {}
        self._done: dict[str, LedgerEntry] = {}
        file.seek(0)
        text = file.read()
        for entry in filter(None, map(LedgerEntry.from_line, text.splitlines())):
            self._take(entry)
        if text and not text.endswith("\n"):
            file.write("\n")

    def is_finished(self, target: Path, key: Mapping[str, Any]) -> bool:
        """Return whether there is a complete result for the same input and settings."""
        entry = self._maker(target)
        return entry is not None and entry.key == key

    def is_ours(self, target: Path) -> bool:
        """Return whether the file at ``target`` was made by a batch, from whatever input."""
        return self._maker(target) is not None

    def summary(self, target: Path) -> Mapping[str, Any]:
        """Return the summary of the last result at ``target``."""
        entry = self._maker(target)
        return entry.summary if entry else {}

    def source_of(self, target: Path) -> tuple[int, int] | None:
        """Return size and time of what the file at ``target`` was made of; None if not by us."""
        entry = self._maker(target)
        key = entry.key if entry is not None else {}
        return (key["source size"], key["source time"]) if "source time" in key else None

    def begin(self, files: Iterable[tuple[str, Path, Mapping[str, Any]]]) -> None:
        """Record the name, target and key of each file before any work on it starts."""
        entries = [self._entry("begun", name, target, key, {}) for name, target, key in files]
        self._write(entries)

    def write(
        self,
        event: Event,
        name: str,
        target: Path,
        key: Mapping[str, Any],
        summary: Mapping[str, Any],
    ) -> None:
        """Record how a file ended."""
        self._write([self._entry(event, name, target, key, summary)])

    def _entry(
        self,
        event: Event,
        name: str,
        target: Path,
        key: Mapping[str, Any],
        summary: Mapping[str, Any],
    ) -> LedgerEntry:
        return LedgerEntry(
            event=event,
            name=name,
            target=self._name(target),
            key=key,
            result=facts_of(target),
            summary=summary,
        )

    def _write(self, entries: Iterable[LedgerEntry]) -> None:
        with writing(self.folder / LEDGER):
            for entry in entries:
                self._take(entry)
                self._file.write(entry.as_line())
            self._file.flush()
            os.fsync(self._file.fileno())

    def _name(self, target: Path) -> str:
        return target.relative_to(self.folder).as_posix()

    def _take(self, entry: LedgerEntry) -> None:
        self._last[entry.target] = entry
        if entry.event == "done":
            self._done[entry.target] = entry

    def _maker(self, target: Path) -> LedgerEntry | None:
        """Return the entry that produced the file at ``target``.

        After ``begun`` without an end, the process died: a file that was not there before is the
        finished result, since it only ever appears complete.
        """
        name, now = self._name(target), facts_of(target)
        last, done = self._last.get(name), self._done.get(name)
        if now is None or last is None:
            return None
        if last.event == "begun" and now != last.result:
            return last
        return done if done is not None and now == done.result else None


@contextmanager
def open_ledger(folder: Path) -> Iterator[Ledger]:
    """Open, or create, the ledger of an output folder, and lock it against a second batch.

    The lock goes at the end, and so does a ledger in which nothing could be written.

    Raises:
        OutputBusy: another batch is writing into this folder.
        UnwritableOutput, NoSpace: the folder cannot be created or written.
    """
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(held(folder / LOCK))
        except BlockingIOError as error:
            raise OutputBusy(
                f"{folder}: another batch is writing into it. Wait for it, or choose another "
                "folder."
            ) from error
        except OSError as error:
            raise UnwritableOutput(
                f"{folder}: cannot be written ({error.strerror}). Choose another folder."
            ) from error
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | BINARY
        with writing(folder / LEDGER):
            handle = os.open(folder / LEDGER, flags, 0o644)
        file = os.fdopen(handle, "r+", encoding="utf-8")
        stack.callback(_close, file, folder / LEDGER)
        yield Ledger(folder, file)


def read_ledger(folder: Path) -> Ledger:
    """Return the ledger that an earlier batch left, as a copy in memory; else an empty one."""
    path = folder / LEDGER
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return Ledger(folder, StringIO(text))


def _close(file: TextIO, path: Path) -> None:
    """Close the ledger; one in which nothing could be written is removed."""
    with suppress(OSError):  # a full disk: what was written is on it, and the error is told
        file.close()
    with suppress(OSError):
        if not path.stat().st_size:
            path.unlink()


def facts_of(path: Path) -> tuple[int, int] | None:
    """Return size and modification time in nanoseconds, or None if there is no such file."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_size, facts.st_mtime_ns
