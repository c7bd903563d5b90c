"""The progress of many films, as one."""

from __future__ import annotations

import time

from vsr.jobs.progress import Observer, Progress
from vsr.jobs.workers.shared_film import FilmInWork


class TotalProgress:
    """Adds up films and notifies an observer."""

    def __init__(self, observe: Observer) -> None:
        self._observe = observe
        self._started: float | None = None
        self._films: list[FilmInWork] = []

    def add(self, film: FilmInWork) -> None:
        """Count one more film."""
        self._films.append(film)

    def tell(self) -> None:
        """Notify the observer of the progress."""
        self._observe(self.progress())

    def progress(self) -> Progress:
        """Return the progress over all films; a failed film counts as done."""
        if self._started is None:  # workers start up before the first frame
            self._started = time.monotonic()
        elapsed = time.monotonic() - self._started
        films = self._films
        done = sum(film.frames if film.error else film.headway.frames for film in films)
        here = sum(film.headway.frames - film.frames_before for film in films)
        seconds = sum(film.headway.frames * film.seconds_per_frame for film in films)
        seconds_here = sum(
            (film.headway.frames - film.frames_before) * film.seconds_per_frame for film in films
        )
        return Progress(
            frames=done,
            total_frames=sum(max(film.frames, film.headway.frames) for film in films) or None,
            out_seconds=seconds,
            elapsed_seconds=elapsed,
            fps=here / elapsed if elapsed else 0.0,
            speed=seconds_here / elapsed if elapsed else 0.0,
            bytes_written=sum(film.headway.size_bytes for film in films),
        )
