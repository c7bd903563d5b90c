"""How far the films of a pool have got together."""

from __future__ import annotations

import time

from vsr.jobs.progress import OnProgress, Phase, Progress
from vsr.jobs.workers.shared_film import FilmInWork


class TotalProgress:
    """Adds up films and reports the sum."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self._started: float | None = None
        self._films: list[FilmInWork] = []

    def add(self, film: FilmInWork) -> None:
        """Count one more film."""
        self._films.append(film)

    def clear(self) -> None:
        """Forget the films, which are all over, and the time that they took."""
        self._films.clear()
        self._started = None

    def start(self) -> None:
        """Start the clock; else the first progress does, as workers take long to open."""
        self._started = time.monotonic()

    def report(self) -> None:
        """Report the progress."""
        self._on_progress(self.progress())

    def progress(self) -> Progress:
        """Return the progress over all films; a failed film counts as done."""
        films, now = self._films, time.monotonic()
        has_frames = any(film.headway.frames > film.frames_before for film in films)
        if self._started is None or not has_frames:  # looking and opening is not counted
            self._started = now
        elapsed = now - self._started
        done = sum(film.frames if film.error else film.headway.frames for film in films)
        here = sum(film.headway.frames - film.frames_before for film in films)
        seconds = sum(film.headway.frames * film.seconds_per_frame for film in films)
        seconds_here = sum(
            (film.headway.frames - film.frames_before) * film.seconds_per_frame for film in films
        )
        return Progress(
            frames=done,
            total_frames=self._total_frames(),
            out_seconds=seconds,
            elapsed_seconds=elapsed,
            fps=max(0.0, here / elapsed) if elapsed else 0.0,  # a part may have started over
            speed=max(0.0, seconds_here / elapsed) if elapsed else 0.0,
            bytes_written=sum(film.headway.done.size_bytes for film in films),
            phase=self._phase(),
        )

    def _total_frames(self) -> int | None:
        """Return how many frames there will be; None while a film has more than it said."""
        films = self._films
        if any(film.headway.frames > film.frames and not film.is_over for film in films):
            return None
        return sum(max(film.frames, film.headway.frames) for film in films) or None

    def _phase(self) -> Phase:
        """Return what is being done: upscaling, as long as one of the films is."""
        phases = [film.phase for film in self._films if not film.is_over]
        return phases[0] if phases and Phase.UPSCALING not in phases else Phase.UPSCALING
