"""What this machine took before: a small file in the user's cache, which may be lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vsr.disk import cache_folder, published
from vsr.jobs.estimate.words import Between

FILE = "pace.json"

MOST = 500
"""Entries; the oldest go first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of work, as far as its pace depends on it.

    Attributes:
        hardware: as `vsr.device.select.Device.hardware`.
        cores: that the process may use.
        network: name and scale; the blend does not matter.
        sizes: from what to what.
        pixels: of a frame of the source.
        source: codec and pixel format of what is decoded.
        encoder: with its options.
    """

    hardware: str
    cores: int
    network: str
    precision: str
    sizes: str
    pixels: int
    source: str
    encoder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The pace of a kind of work.

    Attributes:
        frame_seconds: wall time of a frame.
        is_of_runs: of whole runs, rather than of a few frames before one.
    """

    kind: Kind
    frame_seconds: Between
    is_of_runs: bool = False


def recall(kind: Kind) -> Remembered | None:
    """Return what is remembered of a kind of work."""
    return next((one for one in remembered() if one.kind == kind), None)


def remembered() -> Iterator[Remembered]:
    """Yield everything that is remembered, the latest first."""
    for entry in reversed(_entries()):
        with suppress(TypeError, KeyError, ValueError):  # of another version
            yield Remembered(
                kind=Kind(**entry["kind"]),
                frame_seconds=Between(*map(float, entry["frame_seconds"])),
                is_of_runs=bool(entry["is_of_runs"]),
            )


def remember(value: Remembered) -> None:
    """Remember the pace of a kind of work; where that cannot be written, nothing is lost."""
    kind = asdict(value.kind)
    entries = [entry for entry in _entries() if entry.get("kind") != kind]
    pace = [value.frame_seconds.low, value.frame_seconds.high]
    entries.append({"kind": kind, "frame_seconds": pace, "is_of_runs": value.is_of_runs})
    path = _path()
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with published(path) as part:
            part.write_text(json.dumps(entries[-MOST:], indent=1), encoding="utf-8")


def _path() -> Path:
    return cache_folder() / FILE


def _entries() -> list[dict[str, Any]]:
    try:
        found = json.loads(_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
