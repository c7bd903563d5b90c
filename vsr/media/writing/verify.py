"""Whether the finished file holds what the segments held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from vsr.errors import VerificationFailed
from vsr.media.streams.stream_plan import StreamPlan
from vsr.media.writing.segment_times import Times
from vsr.values import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedFile:
    """What was written, for `verify` and the report; seconds are on the output's clock.

    Attributes:
        start_seconds: when the first frame begins.
        last_seconds: when the last one begins.
        end_seconds: when it ends.
        losses: what damage took, for the report; empty if nothing.
        empty: the source's streams without packets; mp4 then leaves them out.
    """

    frames: int
    start_seconds: float
    last_seconds: float
    end_seconds: float
    losses: tuple[str, ...] = ()
    empty: frozenset[int] = frozenset()

    @classmethod
    def of(
        cls, times: Times, time_base: Fraction, losses: tuple[str, ...], empty: frozenset[int]
    ) -> JoinedFile:
        """Return the description of a file with these times."""
        moments = times.pts[0], times.pts[-1], times.end
        start, last, end = (float((pts - times.offset) * time_base) for pts in moments)
        shown = {"start_seconds": start, "last_seconds": last, "end_seconds": end}
        return cls(frames=len(times.pts), losses=losses, empty=empty, **shown)


TOLERANCE_SECONDS = 0.002
"""Matroska rounds the first and the last time to milliseconds."""

SECONDS_BACK = (0, 20, 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFacts:
    """What a finished file must hold.

    Attributes:
        shown_seconds: from the start of the first frame to that of the last.
        streams: how many of each kind there must be besides the upscaled video.
    """

    size: Size
    frames: int
    shown_seconds: float
    streams: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, joined: JoinedFile, plan: StreamPlan, size: Size) -> OutputFacts:
        """Return what a join must produce; containers may leave out a stream without packets."""
        counts = Counter(
            "cover art" if fate.stream.is_cover_art else fate.stream.kind
            for fate in plan.carried
            if fate.stream.index not in joined.empty
        )
        shown = joined.last_seconds - joined.start_seconds
        return cls(size=size, frames=joined.frames, shown_seconds=shown, streams=counts)


def verify(path: Path, expected: OutputFacts) -> None:
    """Read the whole file back: count frames, check streams and times, decode the last frame.

    Raises:
        VerificationFailed: anything differs; the message names the first difference.
    """
    try:
        with av.open(f"file:{path}") as container:
            video = _video(container)
            if video is None:
                raise VerificationFailed(f"{path}: the finished file has no video stream.")
            _check_streams(path, container, expected)
            times = [packet.pts or 0 for packet in container.demux(video) if packet.size]
            _check_times(path, video, times, expected)
            _check_last(path, container, video, max(times))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise VerificationFailed(f"{path}: the finished file cannot be read ({error}).") from error


def _video(container: InputContainer) -> VideoStream | None:
    return next((one for one in container.streams.video if not _is_cover_art(one)), None)


def _is_cover_art(stream: VideoStream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def _check_streams(path: Path, container: InputContainer, expected: OutputFacts) -> None:
    found = Counter(str(stream.type) for stream in container.streams)
    covers = sum(_is_cover_art(stream) for stream in container.streams.video)
    found["video"] -= covers + 1
    found["cover art"] = covers
    for kind, count in expected.streams.items():
        if found[kind] < count:
            raise VerificationFailed(
                f"{path}: {found[kind]} of {count} {kind} streams are in the finished file."
            )


def _check_times(path: Path, video: VideoStream, times: list[int], expected: OutputFacts) -> None:
    if len(times) != expected.frames:
        raise VerificationFailed(
            f"{path}: {len(times)} frames are in the finished file, not {expected.frames}."
        )
    size = Size(video.width, video.height)
    if size != expected.size:
        raise VerificationFailed(f"{path}: the finished file is {size}, not {expected.size}.")
    assert video.time_base is not None
    shown = float((max(times) - min(times)) * video.time_base)
    if abs(shown - expected.shown_seconds) > TOLERANCE_SECONDS:
        raise VerificationFailed(
            f"{path}: the frames of the finished file span {shown:.3f} s, "
            f"not {expected.shown_seconds:.3f} s."
        )


def _check_last(path: Path, container: InputContainer, video: VideoStream, last_pts: int) -> None:
    """Decode from the last key frame on; the frame with the last time must come out.

    MPEG-TS has no index, and a seek in it can land after the key frame: then from further back.
    """
    assert video.time_base is not None
    for seconds in SECONDS_BACK:
        try:
            container.seek(last_pts - int(seconds / video.time_base), stream=video)
            if any(frame.pts == last_pts for frame in container.decode(video)):
                return
        except (av.InvalidDataError, EOFError, PermissionError):
            # Damage, no key frame, or no place to seek to (-1, read as EPERM): from further back.
            continue
    raise VerificationFailed(f"{path}: the last frame of the finished file cannot be decoded.")
