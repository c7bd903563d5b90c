"""``vsr compare A B``: two files on one page, their frames matched by time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from vsr.errors import InvalidData, Refused
from vsr.frames import HostFrame
from vsr.jobs.estimate.figures import Between, about_bytes
from vsr.jobs.estimate.moments import (
    Crop,
    Moment,
    clock,
    moment_around,
    moment_at,
    moment_between,
    moment_near,
    seconds_at,
)
from vsr.jobs.evaluate_video import luma_codes, luma_scores
from vsr.jobs.preview.assemble import Contents, Side, write_page
from vsr.jobs.preview.beginning import (
    Beginning,
    beginning_note,
    beginning_of,
    common_time,
    matching,
)
from vsr.jobs.preview.choose import (
    ChosenFrame,
    Motion,
    PictureAt,
    busiest_crop,
    choices_of,
    crop_of,
    frames_a_second,
    loop_label,
    moving_of,
    span_in_header,
)
from vsr.jobs.preview.page import Variant
from vsr.jobs.preview.pictures import Window, displayed_window, shown, stored_window
from vsr.jobs.preview.place import is_page_wanted, sheet_of
from vsr.jobs.preview.spec import CompareSpec, PageResult
from vsr.jobs.progress import Count, Note, ignore
from vsr.jobs.upscale.source_film import films_of, is_picture, size_bytes
from vsr.media.frames.deinterlace import deinterlace
from vsr.media.images.pictures import Picture
from vsr.media.reading.black_bars import as_shown
from vsr.media.reading.probe import probe
from vsr.media.source.info import MediaInfo
from vsr.metrics.evaluation import Scores
from vsr.metrics.scores import WINDOW
from vsr.values import TimeRange
from vsr.wording import printable

SAME_SHAPE = 0.01
"""Aspect ratios that differ by less are taken for rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """One of the two files, with the frames that are shown of it."""

    info: MediaInfo
    stills: tuple[HostFrame, ...]
    loop: tuple[HostFrame, ...]

    def picture(self, frame: HostFrame) -> Picture:
        """Return a frame as displayed."""
        return shown(frame, self.info.video.sar, self.info.video.display_matrix)

    def moving(self) -> PictureAt | None:
        """Return the pictures of the loop."""
        frames = self.loop
        return (lambda index: self.picture(frames[index])) if frames else None


def compare(
    first: Path,
    second: Path,
    page: Path,
    spec: CompareSpec,
    *,
    watch: Count = lambda _done, _of: None,
    note: Note = ignore,
) -> PageResult:
    """Write a page that shows two films side by side: the same frames by their times.

    Args:
        page: the HTML file; the sheet goes next to it.
        watch: called with how many frames are read, and of how many.
        note: called with remarks for the user.

    Raises:
        Refused: a film cannot be opened, a time is beyond the end of one; a page that exists or
            cannot be written.
        DecodingFailed: a film cannot be read.
    """
    names = _names(first, second)
    for path in (first, second):
        if is_picture(path):
            raise Refused(f"{path}: is an image, and compare takes videos. Name a video.")
    with films_of(first, second, note) as (one, other):
        infos = as_shown(probe(one)), as_shown(probe(other))
        for path in (first, second):
            if not is_page_wanted(path, page, spec.existing):
                return PageResult(page=page, sheet=sheet_of(page), is_skipped=True)
        contents = _contents(infos, (first, second), names, spec, watch, note)
    write_page(contents, page, note)
    watch(3, 3)
    return PageResult(page=page, sheet=sheet_of(page), rows=contents.rows())


def _contents(
    infos: tuple[MediaInfo, MediaInfo],
    sources: tuple[Path, Path],
    names: tuple[str, str],
    spec: CompareSpec,
    watch: Count,
    note: Note,
) -> Contents:
    """Return what is on the page."""
    beginning = beginning_of(infos, spec.start_seconds)
    common = common_time(infos, beginning, spec.at)
    if text := beginning_note(infos, names[1], beginning):
        note(text)
    choices = choices_of(infos[0], common, spec.at, spec.count, note)
    watch(0, 3)
    times = [seconds_at(infos[0], one.pts) for one in choices]
    moments = [moment_at(infos[0], one.pts, context=1) for one in choices]
    stills = (
        [_progressive(one)[-1] for one in moments],
        [_nearest(infos[1], seconds, beginning, spec.at) for seconds in times],
    )
    watch(1, 3)
    loops, motion = _loops(infos, choices, moments, common)
    watch(2, 3)
    films = [Film(info, tuple(s), tuple(m)) for info, s, m in zip(infos, stills, loops)]
    scores = _scores(films)
    sizes = [size_bytes(source) for source in sources]
    return Contents(
        subject=" and ".join(names),
        summary="Frames of one time, side by side.",
        moments=tuple((clock(seconds), one.why) for seconds, one in zip(times, choices)),
        sides=(
            _side(films[0], names[0], sizes[0], ()),
            _side(films[1], names[1], sizes[1], scores),
        ),
        motion=motion,
        notes=(matching(names, beginning), *_notes(films, scores)),
        made_by="vsr compare",
    )


def _progressive(moment: Moment) -> list[HostFrame]:
    return list(deinterlace(moment.frames, moment.span))


def _nearest(
    second: MediaInfo, seconds: float, beginning: Beginning, at: Sequence[float]
) -> HostFrame:
    """Return the frame of the second film that is shown at a time of the first."""
    option = f"--at {clock(seconds)} minus --start:" if beginning.seconds else "--at"
    moment = moment_near(second, seconds - beginning.seconds, option if at else "")
    return _progressive(moment)[-1]


def _loops(
    infos: Sequence[MediaInfo],
    choices: Sequence[ChosenFrame],
    moments: Sequence[Moment],
    common: TimeRange,
) -> tuple[tuple[list[HostFrame], list[HostFrame]], Motion | None]:
    """Return the frames of the loop in both films, paired by time, and what it shows."""
    first, second = infos
    index = moving_of(choices)
    crop = busiest_crop(first, moments[index])
    within, start = span_in_header(first, common), common.start_seconds
    loop = moment_around(first, choices[index].pts, within, crop, context=1)
    mine = _progressive(loop)
    if len(mine) < 2:
        return ([], []), None
    times = [seconds_at(first, frame.pts) for frame in mine]
    there = _other_crop(first, second, crop)
    theirs = _progressive(moment_between(second, times[0] - start, times[-1] - start, there))
    if not theirs:
        return ([], []), None
    marks = [start + seconds_at(second, frame.pts) for frame in theirs]
    paired = [
        theirs[min(range(len(marks)), key=lambda i: abs(marks[i] - seconds))]  # called at once
        for seconds in times
    ]
    label = loop_label(loop, first)
    return (mine, paired), Motion(frames=len(mine), fps=frames_a_second(times), label=label)


def _other_crop(first: MediaInfo, second: MediaInfo, crop: Crop) -> Crop:
    """Return the same part of the picture of the second film."""
    whole = first.video.size
    window = Window(
        crop.left / whole.width,
        crop.top / whole.height,
        crop.size.width / whole.width,
        crop.size.height / whole.height,
    )
    seen = displayed_window(window, first.video.display_matrix)
    return crop_of(second.video.size, stored_window(seen, second.video.display_matrix))


def _scores(films: Sequence[Film]) -> tuple[Scores, ...]:
    """Return PSNR and SSIM of the shown frames; empty if the films are stored differently."""
    first, second = (film.info.video for film in films)
    is_same = first.size == second.size and first.display_matrix == second.display_matrix
    if not is_same or min(first.size.width, first.size.height) < WINDOW:
        return ()
    return tuple(
        luma_scores(luma_codes(mine), luma_codes(theirs))
        for mine, theirs in zip(films[0].stills, films[1].stills)
    )


def _side(film: Film, name: str, size: int, scores: Sequence[Scores]) -> Side:
    info, video = film.info, film.info.video
    seconds = video.duration_seconds or info.duration_seconds
    facts = {
        "Size": f"{video.size}",
        "Codec": f"{video.codec}, {video.pix_fmt}",
        "Rate": f"{float(video.frame_rate):.4g} fps" if video.frame_rate else "unknown",
        "Length": clock(seconds) if seconds else "unknown",
        "File size": about_bytes(Between(size, size)),
    }
    if scores:
        facts["PSNR of luma"] = _spread([one.psnr_y or 0.0 for one in scores], ".2f", " dB")
        facts["SSIM of luma"] = _spread([one.ssim_y or 0.0 for one in scores], ".4f", "")
    variant = Variant(name=name, facts=facts, short=", ".join(list(facts.values())[:2]))
    return Side(
        variant=variant,
        pictures=[film.picture(frame) for frame in film.stills],
        loop=film.moving(),
    )


def _spread(values: Sequence[float], digits: str, unit: str) -> str:
    """Return the mean, and the range if there are several."""
    mean = f"{fmean(values):{digits}}{unit}"
    if len(values) == 1:
        return mean
    return f"{mean} ({min(values):{digits}}–{max(values):{digits}})"


def _names(first: Path, second: Path) -> tuple[str, str]:
    if first.name != second.name:
        return printable(first.name), printable(second.name)
    if str(first) == str(second):
        raise InvalidData(f"{first}: is compared with itself. Give two files.")
    return printable(first), printable(second)


def _notes(films: Sequence[Film], scores: Sequence[Scores]) -> tuple[str, ...]:
    notes: list[str] = []
    shapes = [film.picture(film.stills[0]).shape[:2] for film in films]
    if shapes[0] != shapes[1]:
        small = min(shapes)
        notes.append(
            f"The video of {small[1]}×{small[0]} is enlarged by Lanczos to the size of the other."
        )
        ratios = [columns / rows for rows, columns in shapes]
        if abs(ratios[0] / ratios[1] - 1) > SAME_SHAPE:
            notes.append("The two have different shapes: one of them is shown stretched.")
    if scores:
        count = len(scores)
        notes.append(
            f"PSNR and SSIM are of the {count} frames shown, the first file being the reference; "
            "vsr evaluate A B measures every frame."
        )
    else:
        notes.append("PSNR and SSIM need two files of one size.")
    return tuple(notes)
