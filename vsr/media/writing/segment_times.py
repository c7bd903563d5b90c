"""What segments hold, by their packets, and the times of the stream that is joined from them."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

import av

from vsr.errors import EncodingFailed
from vsr.media.clock import rescaled
from vsr.media.writing.target import output_failure

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


LONGEST_LEAD = 4
"""Frames for each that is reordered, by which decoding may begin before the first is shown: where
players overlook the edit list, the pictures are late by that.
"""


class Times:
    """The times of a whole joined stream, in ticks of the source's time base.

    Attributes:
        scans: of the segments that it is joined from.
        pts: of every frame, ascending, as written but for the offset.
        given_start: when the first frame begins on the source's own clock.
        given_end: when the last one ends on that clock.
        last_duration: how long that one is shown.
        offset: what is subtracted from every time, if the output has another clock; set by the
            caller.
    """

    def __init__(
        self,
        scans: Sequence[Scan],
        step: int,
        last_duration: int,
        closed_before: Callable[[int], int] = lambda pts: 0,
        *,
        counts_decoding: bool = False,
    ) -> None:
        """Take the times of all segments.

        Args:
            step: how long a frame lasts at the frame rate.
            last_duration: how long the last one is shown.
            closed_before: returns the length of the holes before a time, which are closed
                (`vsr.media.splices.splice_search`).
            counts_decoding: the container (mp4, mov) stores distances of decoding times, and
                many readers take their sum for the length of the film.
        """
        _check(scans)
        self.scans, self._closed_before = scans, closed_before
        self.pts = array("q", (self.closed(pts) for one in scans for pts in one.times))
        self.given_start, last = scans[0].times[0], scans[-1].times[-1]
        self.given_end = last + last_duration
        self.offset = 0
        self._reorder = max(one.reorder for one in scans)
        self.last_duration, self.counts_decoding = last_duration, counts_decoding
        self._lead = self._usual_lead(step)
        if counts_decoding and len(self.pts) > self._reorder:
            # As long before as the last frames take to be shown, so that the sum is the length.
            lead = self.pts[-1] - self.pts[-1 - self._reorder]
            self._lead = lead if lead <= LONGEST_LEAD * self._reorder * step else self._lead

    @property
    def longest(self) -> int:
        """The longest distance that is stored: from one packet to the next, or until it is shown.

        A frame may be shown as many frames late as are reordered, and decoded as many early.
        """
        later = islice(self.pts, 2 * self._reorder + 1, None)
        return max([self.last_duration, *(after - pts for pts, after in zip(self.pts, later))])

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
        return self.pts[0] - self.offset - self._lead * -place // self._reorder

    def decoding(self, index: int, pts: int) -> tuple[int, int]:
        """Return when a packet is decoded, and the duration to store beside it.

        Where decoding times are counted, the last packet makes their sum the length of the film.

        Args:
            index: in decoding order.
            pts: without the offset.
        """
        if not self.counts_decoding or index + 1 < len(self.pts):
            return self.dts(index), self.duration(pts)
        # As late as lets its duration end with the film: a frame near the end may stand for long.
        last = max(self.dts(index), pts - self.offset - self._lead)
        return last, self.end - self.pts[0] - (last - self.dts(0))

    def _usual_lead(self, step: int) -> int:
        # Not by the first frame's own duration: it may be a slide that stands for minutes.
        return self._reorder * min(step, self._duration(0))

    def duration(self, pts: int) -> int:
        """Return how long the frame at a time is shown."""
        return self._duration(bisect_left(self.pts, pts))

    def _duration(self, place: int) -> int:
        if place + 1 < len(self.pts):
            return self.pts[place + 1] - self.pts[place]
        return self.last_duration


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
