"""What segments hold, by their packets, and whether the finished file holds it too."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from vsr.errors import EncodingFailed, VerificationFailed
from vsr.media.clock import rescaled
from vsr.media.streams.copy_streams import StreamPlan
from vsr.media.writing.target import output_failure
from vsr.values import Size

FIRST_PTS = "vsr_first_pts"
"""The metadata key for the true time of a segment's first frame.

Muxers shift times to avoid negative ones, so the file's own times do not tell it.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """What a segment holds.

    Attributes:
        times: the pts of its frames, ascending, in ticks of the source's time base.
        reorder: how many frames a decoder must hold back.
        extradata: the codec's header, which all segments of a file must share.
        shift: what to add to the file's own times.
    """

    path: Path
    times: array[int]
    reorder: int
    extradata: bytes
    shift: int

    @property
    def lasting(self) -> int | None:
        """How long its last frame but one is shown; None if there is none."""
        return self.times[-1] - self.times[-2] if len(self.times) > 1 else None


def scan(path: Path, time_base: Fraction) -> Scan:
    """Read the packets of a segment without decoding.

    Raises:
        EncodingFailed: it cannot be read, or is not a vsr segment.
    """
    try:
        with av.open(f"file:{path}") as container:
            stream = container.streams.video[0]
            tags = {key.lower(): value for key, value in container.metadata.items()}
            first = int(tags[FIRST_PTS])  # Matroska has its tags in capitals
            own = [
                rescaled(packet.pts or 0, packet.time_base, time_base)
                for packet in container.demux(stream)
                if packet.size
            ]
            extradata = stream.codec_context.extradata or b""
    except (av.FFmpegError, OSError, ValueError, LookupError) as error:
        raise output_failure(error, path) from error
    if not own:
        raise EncodingFailed(f"{path}: the segment is empty. Run again with --restart.")
    times = sorted(own)
    shift = first - times[0]
    reorder = max(index - bisect_left(times, pts) for index, pts in enumerate(own))
    return Scan(path, array("q", (pts + shift for pts in times)), reorder, extradata, shift)


class Times:
    """The times of a whole joined stream, in ticks of the source's time base.

    Attributes:
        pts: of every frame, ascending, as written but for the offset.
        given_start: when the first frame begins on the source's own clock.
        given_end: when the last one ends on that clock.
        offset: what is subtracted from every time, if the output has another clock; set by the
            caller.
    """

    def __init__(
        self,
        scans: Sequence[Scan],
        step: int,
        last_duration: int,
        closed_before: Callable[[int], int] = lambda pts: 0,
    ) -> None:
        """Take the times of all segments.

        Args:
            step: how long a frame lasts at the frame rate.
            last_duration: how long the last one is shown.
            closed_before: returns the length of the holes before a time, which are closed
                (`vsr.media.splices.splice_search`).
        """
        _check(scans)
        self._closed_before = closed_before
        self.pts = array("q", (self.closed(pts) for one in scans for pts in one.times))
        self.given_start, last = scans[0].times[0], scans[-1].times[-1]
        self.given_end = last + last_duration
        self.offset = 0
        self._reorder = max(one.reorder for one in scans)
        self._step, self._last_duration = step, last_duration

    @property
    def end(self) -> int:
        """When the last frame ends."""
        return self.pts[-1] + self._duration(len(self.pts) - 1)

    def closed(self, pts: int) -> int:
        """Return the time of a frame, as the reader gave it, without the holes before it."""
        return pts - self._closed_before(pts)

    def dts(self, index: int) -> int:
        """Return the decoding time of the packet at a position in decoding order.

        It is the presentation time of the frame ``reorder`` places earlier in presentation order:
        rising, and never later than the packet's own presentation time.
        """
        place = index - self._reorder
        if place >= 0:
            return self.pts[place] - self.offset
        # Not by the first frame's own duration: it may be a slide that stands for minutes.
        return self.pts[0] - self.offset + place * min(self._step, self._duration(0))

    def duration(self, pts: int) -> int:
        """Return how long the frame at a time is shown."""
        return self._duration(bisect_left(self.pts, pts))

    def _duration(self, place: int) -> int:
        if place + 1 < len(self.pts):
            return self.pts[place + 1] - self.pts[place]
        return self._last_duration


def _check(scans: Sequence[Scan]) -> None:
    """Refuse segments that do not continue one another."""
    if not scans:
        raise EncodingFailed("no frame was encoded: there is nothing to join.")
    for before, after in pairwise(scans):
        if after.extradata != before.extradata:
            raise EncodingFailed(
                f"{after.path}: encoded differently from {before.path.name} (another version or "
                f"other settings of the encoder). Run again with --restart."
            )
        if after.times[0] <= before.times[-1]:
            raise EncodingFailed(
                f"{after.path}: overlaps {before.path.name} in time. Run again with --restart."
            )


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
