"""What a running job shows: a bar for people, JSON lines for programs, or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click

from vsr.jobs.progress import Note, Observer, Progress, ignore

JSON_INTERVAL_SECONDS = 0.5
"""ffmpeg's own default interval of ``-progress``."""


@dataclass(frozen=True, slots=True)
class Report:
    """Where a job's progress and notes go."""

    observe: Observer
    note: Note


@contextmanager
def report_for(label: str, *, as_json: bool, is_quiet: bool) -> Iterator[Report]:
    """Yield the report that the user asked for, and close it."""
    if as_json:
        yield Report(_JsonLines(), lambda text: emit({"event": "note", "message": text}))
    elif is_quiet:
        yield Report(ignore, ignore)
    else:
        with _bar(label) as report:
            yield report


def emit(event: dict[str, Any]) -> None:
    """Print one JSON line to stdout."""
    click.echo(json.dumps(event, ensure_ascii=False))


@contextmanager
def _bar(label: str) -> Iterator[Report]:
    from tqdm import tqdm

    with tqdm(desc=label, unit=" frames", dynamic_ncols=True, smoothing=0.1) as bar:

        def observe(progress: Progress) -> None:
            if bar.total != progress.total_frames:
                bar.total = progress.total_frames
            if bar.n == 0 and progress.frames > 1:  # an earlier run's frames took no time now
                bar.initial = progress.frames - 1
            bar.set_postfix_str(f"{progress.speed:.2f}× real time", refresh=False)
            bar.update(progress.frames - bar.n)

        yield Report(observe, lambda text: tqdm.write(f"vsr: {text}", file=bar.fp))


class _JsonLines:
    """Prints a progress line at most twice a second, with ffmpeg's names."""

    def __init__(self) -> None:
        self._next_seconds = 0.0

    def __call__(self, progress: Progress) -> None:
        if progress.elapsed_seconds < self._next_seconds:
            return
        self._next_seconds = progress.elapsed_seconds + JSON_INTERVAL_SECONDS
        emit({"event": "progress", **progress_fields(progress), "progress": "continue"})


def progress_fields(progress: Progress) -> dict[str, Any]:
    """Return a progress as ffmpeg's ``-progress`` names it, with the total beside it."""
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
    }


def clock(seconds: float) -> str:
    """Return ``HH:MM:SS.ffffff``."""
    microseconds = round(seconds * 1e6)
    whole, fraction = divmod(microseconds, 1_000_000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.{fraction:06}"
