"""One line that says how far a job is, rewritten in place; in a log, a line now and then."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TextIO

from vsr.cli.shared.width import cut, padded, shortened, width_of, wrapped
from vsr.closing import Closing
from vsr.jobs.estimate.figures import duration
from vsr.jobs.progress import Phase, Progress
from vsr.wording import counted, printable

REDRAW_SECONDS = 0.1
"""The shortest time between two lines."""

TICK_SECONDS = 0.5
"""A phase without news shows a sign of life after this long."""

LOG_SECONDS = 30.0
"""The shortest time between two lines where stderr is no terminal."""

LEAST_FPS = 1e-4
"""A lower rate (a frame in three hours) is not shown: nothing can be said of it yet."""

LONGEST_LABEL, LABEL_END = 24, 9
"""Columns of a label, and how many its end gets of them where it is longer."""


class StatusLine(Closing):
    """A line of a job on stderr.

    On a terminal it appears at once, and goes when it is closed. Elsewhere a line is printed for
    each phase that has frames, and every half minute.

    Attributes:
        is_live: there is a terminal.

    Args:
        label: what the job is about.
        width: columns of the terminal, asked before each line.
    """

    def __init__(
        self,
        label: str,
        width: Callable[[], int],
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._label, self._width, self._clock = printable(label), width, clock
        self._stream = sys.stderr if stream is None else stream
        self.is_live = self._stream.isatty()
        self._lock, self._closed = threading.RLock(), threading.Event()
        self._parts: Sequence[str] = ()
        self._head = Phase.LOOKING.value
        self._begun = self._drawn_at = clock()
        self._drawn = ""
        if self.is_live:
            self._draw()
            threading.Thread(target=self._tick, daemon=True, name="status line").start()

    def on_progress(self, progress: Progress) -> None:
        """Show how far a film has got."""
        is_done = progress.frames == progress.total_frames
        self.show(progress.phase.value, parts_of(progress), is_news=is_done)

    def show(self, head: str, parts: Sequence[str], *, is_news: bool = False) -> None:
        """Show a phase with its figures, the least important last.

        Args:
            is_news: show it at once, however recent the last line is.
        """
        with self._lock:
            now = self._clock()
            is_new = head != self._head
            if is_new:
                self._head, self._begun = head, now
            self._parts = parts
            pause = REDRAW_SECONDS if self.is_live else LOG_SECONDS
            if is_new or is_news or now - self._drawn_at >= pause:
                self._draw()

    def show_one(self, head: str, figure: str) -> None:
        """Show a phase with one figure."""
        self.show(head, (figure,))

    def note(self, text: str) -> None:
        """Print a line above this one."""
        with self._lock:
            self._wipe()
            shown = message(text, self._width() if self.is_live else None)
            self._write(f"{shown}\n")
            if self.is_live and not self._closed.is_set():
                self._draw()

    def close(self) -> None:
        """Take the line away; what was printed in a log stays."""
        self._closed.set()
        with self._lock:
            self._wipe()

    def _tick(self) -> None:
        while not self._closed.wait(TICK_SECONDS):
            with self._lock:
                if self._clock() - self._drawn_at >= TICK_SECONDS and not self._closed.is_set():
                    self._draw()

    def _draw(self) -> None:
        self._drawn_at = self._clock()
        text = fitted(self._label, self._head, self._timed(), self._width() - 1)
        if self.is_live:
            self._write("\r" + padded(text, width_of(self._drawn)))
            self._drawn = text
        else:
            self._write(f"{text}\n")

    def _timed(self) -> Sequence[str]:
        """Return the figures; of a phase without any, how long it has lasted."""
        seconds = self._drawn_at - self._begun
        return self._parts or ((duration(seconds),) if seconds >= 1 else ())

    def _wipe(self) -> None:
        if self._drawn:
            self._write("\r" + " " * width_of(self._drawn) + "\r")
            self._drawn = ""

    def _write(self, text: str) -> None:
        with suppress(OSError):  # a terminal that was closed: the job is worth more than its line
            self._stream.write(text)
            self._stream.flush()


def message(text: str, width: int | None) -> str:
    """Return what the program says, in lines of ``width`` columns; None is one line."""
    line = f"{SPEAKER}{printable(text)}"
    if width is None:
        return line
    return "\n".join(wrapped(line, width, " " * len(SPEAKER)))


SPEAKER = "vsr: "


def parts_of(progress: Progress) -> list[str]:
    """Return the figures of a film in words, the least important last; none but of frames."""
    if progress.phase is not Phase.UPSCALING or not (progress.frames or progress.total_frames):
        return []
    done, total = progress.frames, progress.total_frames
    if not total:
        return [counted(done), f"{progress.fps:.1f} fps"]
    parts = [f"{100 * done // total}%", f"{done}/{total} frames"]
    if progress.fps > LEAST_FPS:
        if done < total:
            parts.append(f"{duration((total - done) / progress.fps)} left")
        parts += [f"{progress.fps:.1f} fps"]
        parts += [f"{progress.speed:.2f}× real time"] * (progress.speed > 0)  # not of a still image
    return parts


def fitted(label: str, head: str, parts: Sequence[str], width: int) -> str:
    """Return one line of at most ``width`` columns; what does not fit is left out at its end."""
    text = f"{shortened(label, LONGEST_LABEL, LABEL_END)}: {head}"
    for part in parts:
        if width_of(text) + 2 + width_of(part) > width:
            break
        text += f", {part}"
    return cut(text, width)


class LogLines(logging.Handler):
    """Prints each record as a line: above the status line, while there is one."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.status: StatusLine | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Print it."""
        text = record.getMessage()
        if self.status is not None:
            self.status.note(text)
        else:
            with suppress(OSError):  # a terminal that was closed
                print(message(text, None), file=sys.stderr)
