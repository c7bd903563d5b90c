"""How far a job has got, and what an upscale did: as values, in words and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsr.wording import counted, printable

if TYPE_CHECKING:
    from vsr.media.writing.verify import JoinedFile


class Phase(Enum):
    """What a job is doing; the values are the words for it."""

    LOOKING = "looking"
    UPSCALING = "upscaling"
    WAITING = "waiting for files"
    JOINING = "joining"
    VERIFYING = "verifying"


@dataclass(frozen=True, slots=True)
class Progress:
    """A snapshot of a job.

    Attributes:
        frames: finished frames, including those of an earlier run.
        total_frames: how many there will be, if known; a hint from the container until planned.
        out_seconds: how much of the output, in time, is finished.
        elapsed_seconds: wall time of this run.
        fps: frames of this run per second of wall time.
        speed: seconds of film of this run per second of wall time.
        bytes_written: size of the video written so far.
        phase: what is being done now.
    """

    frames: int
    total_frames: int | None
    out_seconds: float
    elapsed_seconds: float
    fps: float
    speed: float
    bytes_written: int
    phase: Phase = Phase.UPSCALING


OnProgress = Callable[[Progress], None]
Note = Callable[[str], None]

Count = Callable[[int, int | None], None]
"""Called with how many images or frames are measured, and of how many if that is known."""


def ignore(_: object) -> None:
    """Ignore it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What an upscale did.

    Attributes:
        frames_in: frames that could be decoded.
        frames_out: frames in the output, verified.
        frames_reused: of these, repeats that reused the output of the previous frame.
        reused_tiles: unchanged tiles of the other frames that were not computed again.
        frames_before: of these, finished by an earlier run that this one resumed.
        fps: frames of this run per second of wall time, everything included.
        model: the network, its scale, and its blend of flavours.
        losses: what is damaged or missing, known before the start or found on the way.
        is_skipped: the target existed and was kept.
        paths: in what ways frames were computed, as far as bits depend on it beside the settings.
    """

    output: Path
    frames_in: int = 0
    frames_out: int = 0
    frames_reused: int = 0
    reused_tiles: int = 0
    frames_before: int = 0
    elapsed_seconds: float = 0.0
    losses: tuple[str, ...] = ()
    model: str = ""
    is_skipped: bool = False
    paths: tuple[str, ...] = ()

    @property
    def fps(self) -> float:
        """Frames of this run per second of wall time."""
        here = self.frames_out - self.frames_before
        return max(0, here) / self.elapsed_seconds if self.elapsed_seconds > 0 else 0.0

    @property
    def exit_code(self) -> int:
        """What the command line returns: 3 if anything is lost that somebody would miss."""
        return 3 if self.losses else 0

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "frames_in": self.frames_in,
            "frames_out": self.frames_out,
            "frames_reused": self.frames_reused,
            "reused_tiles": self.reused_tiles,
            "frames_before": self.frames_before,
            "fps": round(self.fps, 3),
            "elapsed_seconds": round(self.elapsed_seconds, 3),
            "output": str(self.output),
            "model": self.model,
            "losses": list(self.losses),
            "skipped": self.is_skipped,
            "paths": list(self.paths),
        }

    def summary(self) -> str:
        """Return a summary for people, with each loss on a line of its own."""
        if self.is_skipped:
            return f"{printable(self.output)}: already exists; skipped."
        lines = [f"{self.output}: {self.speed()}", *(f"loss: {loss}" for loss in self.losses)]
        return "\n".join(map(printable, lines))

    def speed(self) -> str:
        """Return frames, time and rate in a few words."""
        reused = f", {self.frames_reused} repeated" if self.frames_reused else ""
        is_all = self.frames_before >= self.frames_out
        count = "all" if is_all else self.frames_before
        before = f", {count} of them before," if self.frames_before else ""
        rate = f", {self.fps:.2f} fps" if self.fps else ""
        seconds = self.elapsed_seconds
        return f"{counted(self.frames_out)}{reused}{before} in {seconds:.1f} s{rate}"


def joined_result(
    output: Path,
    joined: JoinedFile,
    met: Sequence[Mapping[str, Any]],
    *,
    elapsed_seconds: float,
    model: str,
    note: Note = ignore,
) -> Result:
    """Return the result of a film that was joined from segments.

    Args:
        met: what was recorded for each segment, by any worker in any run.
        note: told if they were computed in more than one way.
    """
    from vsr.media.source.decoder import Damage

    damage = Damage.of(facts.get("damage", {}) for facts in met)
    paths = tuple(dict.fromkeys(path for facts in met for path in facts.get("paths", ())))
    if len(paths) > 1:
        note(
            f"not all of it was computed in one way ({'; '.join(paths)}): the device's memory ran "
            "short, or parts are of another run. Done in one way it would differ in single codes."
        )
    return Result(
        output=output,
        frames_in=sum(facts.get("frames_in", facts["frames"]) for facts in met),
        frames_out=joined.frames,
        frames_reused=sum(facts["reused"] for facts in met),
        reused_tiles=sum(facts.get("reused_tiles", 0) for facts in met),
        elapsed_seconds=elapsed_seconds,
        losses=(*damage.losses, *joined.losses),
        model=model,
        paths=paths,
    )
