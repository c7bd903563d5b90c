"""What a job shows: a bar for people, JSON lines for programs, or nothing."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from vsr.cli.shared.lines import columns, say
from vsr.cli.shared.status_line import LogLines, StatusLine
from vsr.jobs.progress import Note, OnProgress, Progress, ignore

if TYPE_CHECKING:
    from vsr.jobs.ending import Leave

LOGGER = "vsr"
"""Every job's logger is below it, under its module's name."""

JSON_INTERVAL_SECONDS = 0.5
"""ffmpeg's own default interval of ``-progress``."""


@dataclass(frozen=True, slots=True)
class Report:
    """Where a job's progress and notes go.

    Attributes:
        show: on a terminal, what is being done and one figure of it.
    """

    on_progress: OnProgress
    note: Note
    show: Callable[[str, str], None]


@contextmanager
def report_for(
    label: str, *, as_json: bool, is_quiet: bool, to_stderr: bool = False
) -> Iterator[Report]:
    """Yield the report that the user asked for, and close it.

    Args:
        to_stderr: print JSON lines there, because stdout carries the video.
    """
    if as_json:
        yield Report(
            _JsonLines(to_stderr),
            lambda text: emit({"event": "note", "message": text}, to_stderr=to_stderr),
            ignore_two,
        )
    elif is_quiet:
        yield Report(ignore, ignore, ignore_two)
    else:
        with StatusLine(label, columns) as line, _logged_above(line):
            show = line.show_one if line.is_live else ignore_two
            yield Report(line.on_progress, line.note, show)


@contextmanager
def looking(label: str, *, is_quiet: bool) -> Iterator[None]:
    """Show on a terminal that a file is examined: the libraries alone take seconds to load."""
    if is_quiet or not sys.stderr.isatty():
        yield
        return
    with StatusLine(label, columns):
        yield


def ignore_two(_head: str, _figure: str) -> None:
    """Ignore both."""


@contextmanager
def _logged_above(line: StatusLine) -> Iterator[None]:
    """Print the log of ``-v`` above the status line."""
    handlers = [one for one in logging.getLogger(LOGGER).handlers if isinstance(one, LogLines)]
    for one in handlers:
        one.status = line
    try:
        yield
    finally:
        for one in handlers:
            one.status = None


def emit(event: dict[str, Any], *, to_stderr: bool = False) -> None:
    """Print one JSON line to stdout, or to stderr."""
    click.echo(json.dumps(event, ensure_ascii=False), err=to_stderr)


def leaving(*, as_json: bool, to_stderr: bool = False) -> Leave:
    """Return a function that prints a last line and ends the process at once, from any thread."""

    def tell(text: str, code: int) -> None:
        with suppress(OSError, ValueError):  # whoever read it is gone
            if as_json:
                emit({"event": "error", "code": code, "message": text}, to_stderr=to_stderr)
            click.echo(err=True)
            say(text)
            sys.stdout.flush()

    def leave(text: str, code: int) -> None:
        telling = threading.Thread(target=tell, args=(text, code), daemon=True)
        telling.start()
        telling.join(TELLING_SECONDS)
        os._exit(code)

    return leave


TELLING_SECONDS = 2.0
"""How long a reader who has stopped reading is waited for."""


class _JsonLines:
    """Prints a progress line at most twice a second, with ffmpeg's names."""

    def __init__(self, to_stderr: bool) -> None:
        self._to_stderr = to_stderr
        self._next_seconds = 0.0

    def __call__(self, progress: Progress) -> None:
        if progress.elapsed_seconds < self._next_seconds or not progress.frames:
            return
        self._next_seconds = progress.elapsed_seconds + JSON_INTERVAL_SECONDS
        event = {"event": "progress", **progress_fields(progress), "progress": "continue"}
        emit(event, to_stderr=self._to_stderr)


def progress_fields(progress: Progress) -> dict[str, Any]:
    """Return the progress under the names of ffmpeg's ``-progress``, with total and phase."""
    seconds = progress.out_seconds
    bits = 8 * progress.bytes_written
    return {
        "frame": progress.frames,
        "total_frames": progress.total_frames,
        "fps": round(progress.fps, 2),
        "bitrate": f"{bits / seconds / 1000:.1f}kbits/s" if seconds > 0 else "N/A",
        "total_size": progress.bytes_written,
        "out_time_us": round(seconds * 1e6),
        "out_time": clock(seconds),
        "dup_frames": 0,
        "drop_frames": 0,
        "speed": f"{progress.speed:.3g}x",
        "phase": progress.phase.value,
    }


def clock(seconds: float) -> str:
    """Return ``HH:MM:SS.ffffff``."""
    microseconds = round(seconds * 1e6)
    whole, fraction = divmod(microseconds, 1_000_000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.{fraction:06}"
