"""``vsr batch``: every clip of a folder, one after another, past the bad ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from vsr.errors import InvalidOption, NoSuchFile, UnwritableOutput, VsrError
from vsr.jobs.progress import Note, Observer, ignore
from vsr.jobs.upscale import upscale
from vsr.specs import UpscaleSpec

State = Literal["done", "skipped", "failed"]

VIDEO_SUFFIXES = frozenset(
    {".3gp", ".asf", ".avi", ".dv", ".f4v", ".flv", ".h264", ".h265", ".hevc", ".ivf", ".m2ts",
     ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogm", ".ogv",
     ".ts", ".vob", ".webm", ".wmv", ".y4m"}
)  # fmt: skip
"""What is taken for a clip in a folder; anything may be named to ``vsr upscale``."""

KEPT_SUFFIXES = frozenset({".mkv", ".mov", ".mp4", ".webm", ".m4v", ".ts"})
"""Containers that are written as they came; a clip in any other becomes ``.mkv``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one file.

    Attributes:
        message: the error, or the losses, in one line; empty when all went well.
    """

    source: Path
    target: Path
    state: State
    frames: int = 0
    fps: float = 0.0
    message: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {**asdict(self), "source": str(self.source), "target": str(self.target)}


def batch(
    source: Path,
    target: Path,
    spec: UpscaleSpec,
    *,
    observe: Callable[[Path], Observer] = lambda _: ignore,
    note: Note = ignore,
) -> Iterator[Outcome]:
    """Upscale every clip below ``source`` to its mirrored place below ``target``.

    A file that stands in its place is finished and is skipped, as a target only appears whole; one
    that fails is told, and the rest goes on.

    Yields:
        one `Outcome` for each file, in the order of the names.

    Raises:
        NoSuchFile, UnwritableOutput, InvalidOption: one of the folders cannot be used.
    """
    for clip, place in pairs(source, target):
        if place.exists() and spec.existing != "overwrite":
            yield Outcome(source=clip, target=place, state="skipped")
            continue
        yield _attempt(clip, place, replace(spec, existing="overwrite"), observe(clip), note)


def pairs(source: Path, target: Path) -> list[tuple[Path, Path]]:
    """Return each clip below ``source`` with its place below ``target``; no two share a place.

    Raises:
        NoSuchFile, UnwritableOutput, InvalidOption: one of the folders cannot be used.
    """
    if not source.is_dir():
        raise NoSuchFile(f"{source}: no such folder.")
    if target.exists() and not target.is_dir():
        raise UnwritableOutput(f"{target}: is a file. Name a folder for the results.")
    if source.resolve() == target.resolve():
        raise InvalidOption(f"{target}: is the folder of the sources. Name another one.")
    clips = [path for path in sorted(source.rglob("*")) if _is_clip(path, source, target)]
    if not clips:
        raise NoSuchFile(f"{source}: no video in this folder.")
    taken: set[Path] = set()
    found = []
    for clip in clips:
        place = target / clip.relative_to(source)
        if place.suffix.lower() not in KEPT_SUFFIXES:
            place = place.with_suffix(".mkv")
        if place in taken:  # a.avi beside a.mkv
            place = place.with_name(f"{clip.name}.mkv")
        taken.add(place)
        found.append((clip, place))
    return found


def _is_clip(path: Path, source: Path, target: Path) -> bool:
    is_hidden = any(part.startswith(".") for part in path.relative_to(source).parts)
    is_result = path.is_relative_to(target)
    return path.suffix.lower() in VIDEO_SUFFIXES and path.is_file() and not (is_hidden or is_result)


def _attempt(clip: Path, place: Path, spec: UpscaleSpec, observe: Observer, note: Note) -> Outcome:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        result = upscale(clip, place, spec, observe=observe, note=note)
    except (VsrError, OSError) as error:
        return Outcome(source=clip, target=place, state="failed", message=str(error))
    return Outcome(
        source=clip,
        target=place,
        state="done",
        frames=result.frames_out,
        fps=result.fps,
        message="; ".join(result.losses),
    )
