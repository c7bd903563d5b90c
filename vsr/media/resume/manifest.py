"""``job.json``: the settings of a run, and how it cut the clip."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from vsr.disk.publishing import published
from vsr.errors import OutputError
from vsr.media.resume.segments import Segment
from vsr.media.writing.target import output_failure
from vsr.values import PtsSpan

VERSION = 1


HASHED_BYTES = 1 << 20


_SHA256 = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")


Fingerprint = Mapping[str, Any]
"""Everything that the bytes of the output depend on, as JSON values by name."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A run's fingerprint and its segments.

    Attributes:
        segments_in: the folder that they are in; None if it is the manifest's own.
    """

    fingerprint: Fingerprint
    segments: tuple[Segment, ...]
    segments_in: Path | None = None

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a manifest.

        Raises:
            OutputError: it is not one, or of another version.
        """
        try:
            content = dict(json.loads(path.read_text(encoding="utf-8")))
            segments = tuple(
                Segment(index, PtsSpan(start, end), frames, *bit_rate)
                for index, (start, end, frames, *bit_rate) in enumerate(content["segments"])
            )
            place = Path(content["segments_in"]) if content.get("segments_in") else None
            manifest = cls(dict(content["fingerprint"]), segments, place)
            version = content["version"]
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise OutputError(
                f"{path}: not a vsr manifest ({error!r}). Start over with --restart."
            ) from error
        if version != VERSION:
            raise OutputError(f"{path}: has unknown version {version}. Start over with --restart.")
        return manifest

    def write(self, path: Path) -> None:
        """Write it atomically.

        Raises:
            NoSpace, EncodingFailed: it cannot be written.
        """
        content = {
            "version": VERSION,
            "fingerprint": self.fingerprint,
            "segments": [_row(one) for one in self.segments],
            "segments_in": str(self.segments_in) if self.segments_in else None,
        }
        try:
            with published(path) as part:
                part.write_text(json.dumps(content, indent=1), encoding="utf-8")
        except OSError as error:
            raise output_failure(error, path) from error


def _row(segment: Segment) -> list[int | None]:
    rate = [] if segment.bit_rate is None else [segment.bit_rate]
    return [segment.span.start, segment.span.end, segment.frames, *rate]


def source_facts(path: Path) -> dict[str, Any]:
    """Return what identifies an input: size, modification time, hash of the first MiB."""
    facts = path.stat()
    with path.open("rb") as file:
        head = sha256(file.read(HASHED_BYTES)).hexdigest()
    return {"source size": facts.st_size, "source time": facts.st_mtime_ns, "source head": head}


def mismatch(target: Path, earlier: Fingerprint, now: Fingerprint) -> OutputError | None:
    """Return why the work of an earlier run cannot be resumed, and what to do; None if it can."""
    if changed := source_changes(earlier, now):
        return OutputError(
            f"{target}: its source has changed since an earlier run left unfinished work "
            f"({'; '.join(changed)}). Start over with --restart, or put the earlier file back."
        )
    if not (changed := differences(earlier, now)):
        return None
    if not any(earlier.get(key) != now.get(key) for key in {**earlier, **now}.keys() - {"vsr"}):
        return OutputError(
            f"{target}: another version of vsr left unfinished work ({'; '.join(changed)}). Start "
            "over with --restart, or go on with that version."
        )
    return OutputError(
        f"{target}: an earlier run with other settings, or on another machine, left unfinished "
        f"work ({'; '.join(changed)}). Repeat its settings to resume, or start over with --restart."
    )


def source_changes(earlier: Fingerprint, now: Fingerprint) -> tuple[str, ...]:
    """Say in words how the source differs between two fingerprints; nothing if it does not."""
    changed = [key for key in SOURCE if earlier.get(key) != now.get(key)]
    if "source size" in changed:
        return (f"it had {_bytes(earlier)} and has {_bytes(now)}", *_times(earlier, now))
    return _times(earlier, now) or ("its contents differ",) * bool(changed)


SOURCE = ("source size", "source time", "source head")


def _bytes(facts: Fingerprint) -> str:
    return f"{facts.get('source size', 0):,} bytes".replace(",", " ")


def _times(earlier: Fingerprint, now: Fingerprint) -> tuple[str, ...]:
    before, after = (int(facts.get("source time", 0)) for facts in (earlier, now))
    if before == after or min(before, after) < FIRST_TIME:
        return ()
    dates = [datetime.fromtimestamp(time / 1e9, UTC).astimezone() for time in (before, after)]
    spec = "milliseconds" if before // 10**9 == after // 10**9 else "seconds"
    was, is_now = (date.replace(tzinfo=None).isoformat(" ", spec) for date in dates)
    return (f"it was last changed at {was} and is now of {is_now}",)


FIRST_TIME = 1 << 48
"""A modification time before this one, in nanoseconds (a few days), stands for the contents of a
pipe."""


def differences(earlier: Fingerprint, now: Fingerprint) -> tuple[str, ...]:
    """Name what differs between two fingerprints, with both values.

    The source is left out. Of a table, only the entries that differ are named: ``encoder options
    crf was 18, is 16``.
    """
    keys = [key for key in {**earlier, **now} if key not in SOURCE]
    return tuple(text for key in keys for text in _difference(key, earlier.get(key), now.get(key)))


def _difference(name: str, earlier: Any, now: Any) -> Iterator[str]:
    if earlier == now:
        return
    if isinstance(earlier, Mapping) and isinstance(now, Mapping):
        for key in {**earlier, **now}:
            yield from _difference(f"{name} {key}", earlier.get(key), now.get(key))
        return
    yield f"{name.replace('_', ' ')} was {shown(earlier)}, is {shown(now)}"


def shown(value: Any) -> str:
    """Return a fingerprint's value for people: twelve digits of a SHA-256 are enough."""
    if value is None:
        return "not given"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {shown(one)}" for key, one in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value)) or "none"
    return f"{value:.6g}" if isinstance(value, float) else _SHA256.sub(r"\1", str(value))
