"""Whether a film was telecined: some of its fields repeat, two in every five frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from operator import itemgetter
from typing import Any, Literal

import av
import numpy as np
from numpy.typing import NDArray

from vsr.errors import VsrError
from vsr.frames import HostFrame
from vsr.media.clock import Timing, rounded, ticks, ticks_per_frame
from vsr.media.frames.telecine import CYCLE, Pulldown
from vsr.media.reading.glimpses import after_key_frame
from vsr.media.reading.reader import Reader
from vsr.media.source.info import MediaInfo
from vsr.media.source.opening import open_input
from vsr.values import PtsSpan, TimeRange

TELECINED = "telecined: --deinterlace film gives 24p."
"""What is proposed to whoever has such a film."""

RATE, NEAR = Fraction(30000, 1001), Fraction(1, 200)
"""2:3 pulldown makes this of 24 pictures a second; some files say 30."""

WINDOW = 4 * CYCLE + 1
"""Frames in a row that are looked at."""

PLACES, FEW_PLACES = 8, 3
"""Places to sample in a video that is to be restored (``film``), and in one that might be
telecined."""

AT_START = 10
"""Windows from the beginning on in which the first cycle is sought: seven seconds."""

ROWS, COLUMNS = 8, 32
"""Cells of a field whose differences are compared."""

BUSIEST = 0.05
"""The share of cells that count: what moves may be small."""

NOISE = 1.5
"""The busiest cells move if they differ by more than so many times what the median cell does."""

LEAST = 1.5
"""A difference of fewer 8-bit codes counts as none."""

TIMES = 2.0
"""A field changes if it differs by so many times what the repeated ones differ by."""

CHANGING, MOVING = 0.25, 0.6
"""The least share of the other fields that change in a film, as animation stands still most of the
time; and the share of all fields from which on, if none repeats, it is video."""

Differences = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cadence:
    """What a few frames in a row show.

    Attributes:
        kind: ``film`` if their fields repeat in 2:3 pulldown, ``video`` if they change without, and
            ``still`` if that cannot be told.
        first: which of the first five frames begins a cycle.
        is_top_first: the field order of a film.
    """

    kind: Literal["film", "video", "still"] = "still"
    first: int = 0
    is_top_first: bool = True


@dataclass(frozen=True, slots=True)
class Cadences:
    """What places of a film show."""

    places: tuple[Cadence, ...] = ()

    def count(self, kind: str) -> int:
        """Return how many places are of a kind."""
        return sum(one.kind == kind for one in self.places)

    @property
    def is_film(self) -> bool:
        """Whether it was telecined, all of it that moves."""
        return self.count("film") > 0 and self.count("video") == 0

    @property
    def is_mixed(self) -> bool:
        """Whether parts of it were, and others were not."""
        return self.count("film") > 0 and self.count("video") > 0

    @property
    def is_top_first(self) -> bool:
        """The field order of most places that are film."""
        film = [one.is_top_first for one in self.places if one.kind == "film"]
        return 2 * sum(film) >= len(film)


def may_be_telecined(info: MediaInfo) -> bool:
    """Return whether the frame rate allows it."""
    rate = info.video.frame_rate
    is_near = rate is not None and abs(rate / RATE - 1) <= NEAR
    return is_near and info.video.timing is Timing.GIVEN


SMALL_LINES = 576
"""Up to this height frames that are not marked as interlaced are examined too, as that is quickly
done."""


def looks_telecined(info: MediaInfo) -> bool:
    """Return whether a film that may be telecined is, as far as a short look shows."""
    video = info.video
    if not video.is_interlaced and min(video.size.width, video.size.height) > SMALL_LINES:
        return False
    found = []
    for one in _looks(info, FEW_PLACES):
        found.append(one)
        if one.kind == "video":
            break
    return Cadences(tuple(found)).is_film


def cadences_of(info: MediaInfo, time: TimeRange = TimeRange()) -> Cadences:
    """Look at a few places of a film, or a part of it; nothing is said of what cannot be read."""
    return Cadences(tuple(_looks(info, PLACES, time)))


def _looks(info: MediaInfo, places: int, time: TimeRange = TimeRange()) -> Iterator[Cadence]:
    """Yield what each place shows; nothing of what cannot be read."""
    if not may_be_telecined(info):
        return
    end = min(info.video.duration_seconds or info.duration_seconds or 0.0, time.end_seconds)
    length = max(0.0, end - time.start_seconds)
    first, base = info.video.start_pts or 0, info.video.time_base
    seen = set()
    try:
        with open_input(info.path) as container:
            for place in range(places):
                share = (2 * place + 1) / (2 * places)
                pts = first + ticks(time.start_seconds + share * length, base)
                frames = after_key_frame(container, info, pts, WINDOW)
                if frames and frames[0].pts not in seen:
                    seen.add(frames[0].pts)
                    yield cadence_of(frames)
    except (av.FFmpegError, VsrError, OSError, ValueError):
        return  # what was seen is enough


def pulldown_of(info: MediaInfo, time: TimeRange, *, is_top_first: bool) -> Pulldown:
    """Return how a film, or a part of it, was telecined: where its first whole cycle begins.

    Raises:
        DecodingFailed: the film cannot be read.
    """
    video = info.video
    step = max(1, rounded(ticks_per_frame(video.frame_rate, video.time_base)))
    start = None
    if time.start_seconds:
        start = (video.start_pts or 0) + ticks(Fraction(str(time.start_seconds)), video.time_base)
    with Reader.open(info.path, info, PtsSpan(start, None)) as reader:
        frames = reader.frames()
        opening = list(islice(frames, WINDOW))
        window, passed = opening, 0
        for _ in range(AT_START):
            found = cadence_of(window)
            if found.kind == "film":
                place = (passed + found.first) % CYCLE
                boundary = opening[place].pts if place < len(opening) else 0
                return Pulldown(is_top_first=found.is_top_first, boundary=boundary, step=step)
            passed += len(window) - 1
            window = [*window[-1:], *islice(frames, WINDOW - 1)]
            if len(window) < WINDOW:
                break
    boundary = opening[0].pts if opening else 0
    return Pulldown(is_top_first=is_top_first, boundary=boundary, step=step)


def cadence_of(frames: Sequence[HostFrame]) -> Cadence:
    """Return what frames in a row show: of each field, how much it differs from the one before.

    In 2:3 pulldown of the pictures A B C D, the frames are AA BB BC CD DD: the earlier field of the
    third frame repeats, and the later one of the fifth.
    """
    if len(frames) <= CYCLE:
        return Cadence()
    top, bottom = np.array(list(_differences(frames))).T
    fits = [
        (*_fit(*pair, first), first, pair[0] is top)
        for pair in ((top, bottom), (bottom, top))
        for first in range(CYCLE)
    ]
    _, is_film, first, order = min(fits, key=itemgetter(0))
    if is_film:
        return Cadence("film", first, is_top_first=order)
    both = np.concatenate([top, bottom])
    moves = (both > LEAST * TIMES).mean() >= MOVING
    return Cadence("video" if moves and not _repeats(both) else "still")


def _repeats(differences: Differences) -> bool:
    """Return whether a tenth of the fields and more repeat: then it is some other cadence."""
    usual = np.median(differences)
    return bool((differences < usual / 4).mean() > 0.1)


def _fit(earlier: Differences, later: Differences, first: int) -> tuple[float, bool]:
    """Return how much the fields differ that repeat if a cycle begins with the frame ``first``.

    And whether the others differ so much more that they do repeat.

    Args:
        earlier: of the earlier fields of the second frame, the third and so on.
        later: of the later ones.
    """
    place = (np.arange(len(earlier)) + 1 - first) % CYCLE
    repeated = np.concatenate([earlier[place == 2], later[place == 4]])
    others = np.concatenate([earlier[place != 2], later[place != 4]])
    bar = max(LEAST, TIMES * float(repeated.max()))
    return float(repeated.max()), bool((others > bar).mean() >= CHANGING)


def _differences(frames: Iterable[HostFrame]) -> Iterator[tuple[float, float]]:
    """Yield how much the top and the bottom field differ from those of the frame before."""
    before: tuple[NDArray[Any], NDArray[Any]] | None = None
    for frame in frames:
        luma = frame.planes[0]
        fields = luma[0::2, ::2].astype(np.int32), luma[1::2, ::2].astype(np.int32)
        if before is not None:
            scale = 1 << (frame.layout.bits - 8)
            top, bottom = (_difference(a, b) / scale for a, b in zip(before, fields))
            yield top, bottom
        before = fields


def _difference(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Return the mean absolute difference of the cells that differ most, beyond that of most cells.

    Noise differs everywhere alike: it is not motion.
    """
    change = np.abs(one - other)
    rows, columns = (side // cell * cell for side, cell in zip(change.shape, (ROWS, COLUMNS)))
    if not rows or not columns:
        return float(change.mean())
    cells = change[:rows, :columns].reshape(rows // ROWS, ROWS, columns // COLUMNS, COLUMNS)
    ordered = np.sort(cells.mean(axis=(1, 3)), axis=None)
    busiest = ordered[-max(1, int(BUSIEST * ordered.size)) :].mean()
    return max(0.0, float(busiest - NOISE * np.median(ordered)))
