"""What a job shows: a bar for people, JSON lines for programs, or nothing; and tables."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import click

from vsr.cli.shared.status_line import LogLines, StatusLine, message
from vsr.cli.shared.width import padded, shortened, width_of, wrapped
from vsr.errors import Refused
from vsr.jobs.progress import Note, OnProgress, Progress, ignore, printable

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
    """Say on a terminal that a file is looked at: loading the libraries alone takes seconds."""
    if is_quiet or not sys.stderr.isatty():
        yield
        return
    with StatusLine(label, columns):
        yield


def ignore_two(_head: str, _figure: str) -> None:
    """Ignore both."""


@contextmanager
def _logged_above(line: StatusLine) -> Iterator[None]:
    """Let the log of ``-v`` be printed above a status line."""
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
    """Return what says a last line and ends the process at once, from any thread."""

    def leave(text: str, code: int) -> None:
        if as_json:
            emit({"event": "error", "code": code, "message": text}, to_stderr=to_stderr)
        click.echo(err=True)
        say(text)
        sys.stdout.flush()
        os._exit(code)

    return leave


def say(text: str) -> None:
    """Print a message on stderr: on a terminal in lines that fit, elsewhere in one."""
    width = columns() if sys.stderr.isatty() else None
    with suppress(OSError):  # a terminal that was closed
        print(message(text, width), file=sys.stderr)


def echo(text: object) -> None:
    """Print a line of a result, whatever is in the names that it holds."""
    click.echo(printable(text))


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


def echo_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print columns as wide as their widest cell; numbers are right-aligned.

    The last one is broken into lines that fit the terminal, or 80 columns without one. On a
    terminal the others are shortened in the middle where they do not fit.
    """
    cells = [[_text(cell) for cell in row] for row in rows]
    widths = [max(map(width_of, column)) for column in zip(heads, *cells, strict=True)]
    is_number = [all(isinstance(row[i], int | float) for row in rows) for i in range(len(heads))]
    if sys.stdout.isatty():
        least = widths[-1] if is_number[-1] else min(widths[-1], LEAST_COLUMNS)
        room = columns() - least - 2 * len(widths[:-1])
        widths[:-1] = _narrowed(widths[:-1], is_number, room)
        for line in cells:
            line[:-1] = [
                shortened(cell, width, width // 2)
                for cell, width in zip(line[:-1], widths[:-1], strict=True)
            ]
    indent = sum(widths[:-1]) + 2 * len(widths[:-1])
    for line in (list(heads), *cells):
        filled = [
            padded(cell, width, is_right=right)
            for cell, width, right in zip(line, widths, is_number, strict=True)
        ]
        last = filled[-1].rstrip()
        lines = wrapped(last, max(columns() - indent, LEAST_COLUMNS), breaks_words=True)
        click.echo("  ".join((*filled[:-1], lines[0])).rstrip())
        for more in lines[1:]:
            click.echo(" " * indent + more)


def _narrowed(widths: Sequence[int], is_number: Sequence[bool], room: int) -> list[int]:
    """Return widths that sum up to ``room``: the widest of those of words give way."""
    narrowed = list(widths)
    while sum(narrowed) > room:
        words = [index for index in range(len(narrowed)) if not is_number[index]]
        widest = max(words, key=lambda index: narrowed[index], default=None)
        if widest is None or narrowed[widest] <= LEAST_NAME:
            break
        narrowed[widest] -= 1
    return narrowed


def echo_wrapped(head: str, text: str) -> None:
    """Print a text behind its head; what does not fit the terminal goes below it."""
    width = max(columns() - len(head), LEAST_COLUMNS)
    lines = wrapped(text, width)
    for index, line in enumerate(lines):
        click.echo(f"{' ' * len(head) if index else head}{line}")


def echo_lines(text: str, *, to_stderr: bool = False) -> None:
    """Print lines; on a terminal, what does not fit goes below, indented. Elsewhere one is one."""
    stream = sys.stderr if to_stderr else sys.stdout
    for line in text.splitlines():
        shown = line
        if stream.isatty():
            shown = "\n".join(wrapped(line, columns(), HANGING))
        click.echo(shown, err=to_stderr)


HANGING = " " * len("loss: ")

LEAST_COLUMNS = 20
"""In which a text is still broken readably."""


LEAST_NAME = 12
"""Columns in which a name is still told from others."""


def columns() -> int:
    """Return the width of the terminal; 80 without one."""
    return get_terminal_size((80, 24)).columns


def name_broken(errors: Sequence[Refused]) -> int:
    """Say on stderr what could not be listed; return the exit code of the list."""
    for error in errors:
        say(str(error))
    return 3 if errors else 0


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}".replace(",", " ")
    if isinstance(cell, float):
        return f"{cell:.2f}"
    return "–" if cell is None else printable(cell)
