"""``vsr preview``: a page that shows what settings make of a film, and what they take.

Every moment of a preview in every setting: one network open at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from vsr.errors import Refused
from vsr.frames import HostFrame
from vsr.jobs.estimate.estimate import estimate_with, paced
from vsr.jobs.estimate.figures import Between, about_bytes, about_seconds
from vsr.jobs.estimate.moments import Moment, clock, moment_at, seconds_at
from vsr.jobs.estimate.pace import Pace, Rate, pace_of, rate_of
from vsr.jobs.estimate.trial import RenderedMoment, Trial, shown_at, source_frames
from vsr.jobs.preview.assemble import Contents, Side, write_page
from vsr.jobs.preview.choose import (
    Motion,
    PictureAt,
    choices_of,
    frames_a_second,
    loop_label,
    loop_moment,
)
from vsr.jobs.preview.page import Variant
from vsr.jobs.preview.pictures import lanczos, shown, size_of
from vsr.jobs.preview.place import is_page_wanted, sheet_of
from vsr.jobs.preview.remarks import notes_on, summary_of
from vsr.jobs.preview.spec import PageResult, PreviewSpec, SettingSpec
from vsr.jobs.progress import Count, Note, ignore
from vsr.jobs.upscale.choice import draws_less_than_there_is
from vsr.jobs.upscale.job import Job
from vsr.jobs.upscale.plan import prepare
from vsr.jobs.upscale.segment_worker import SegmentWorker
from vsr.jobs.upscale.source_film import film_of, is_picture, size_bytes
from vsr.jobs.upscale.spool import PIPE
from vsr.media.images.pictures import Picture
from vsr.media.reading.probe import at_part, probe
from vsr.media.source.info import MediaInfo
from vsr.temporary import temporary_folder
from vsr.wording import printable

SOURCE, FILE = "Source (Lanczos)", "File size"


def preview(
    source: Path,
    page: Path,
    spec: PreviewSpec,
    *,
    watch: Count = lambda _done, _of: None,
    note: Note = ignore,
) -> PageResult:
    """Try settings on a few frames of a film, and write a page that compares them.

    Args:
        page: the HTML file; the sheet goes next to it.
        watch: called with how many renderings are done, and of how many.
        note: called with what is being done, and with remarks for the user.

    Raises:
        Refused: what `vsr upscale` would refuse with one of the settings; a page that exists or
            cannot be written; a time beyond the end.
        Failed: a frame could not be decoded, computed or encoded.
    """
    _check_film(source)
    with film_of(source, note, spec.settings[0].spec.fps) as film:
        info = probe(film)
        if not is_page_wanted(source, page, spec.existing):
            return PageResult(page=page, sheet=sheet_of(page), is_skipped=True)
        contents = _contents(info, source, spec, watch, note)
    write_page(contents, page, note)
    return PageResult(page=page, sheet=sheet_of(page), rows=contents.rows())


def _contents(
    info: MediaInfo, source: Path, spec: PreviewSpec, watch: Count, note: Note
) -> Contents:
    """Return what is on the page."""
    settings, jobs = _planned(info, spec.settings)
    first = jobs[0]
    info = at_part(info, first.spec.time.start_seconds)
    widest = max(jobs, key=lambda job: job.context)
    choices = choices_of(info, first.spec.time, spec.at, spec.count, note)
    moments = [
        moment_at(info, one.pts, context=widest.context, decoding=first.decoding) for one in choices
    ]
    loop = loop_moment(widest, choices, moments)
    made = render_all(jobs, moments, loop, watch, note)
    times = [] if loop is None else _times(made, loop)
    sides = [_side(one, setting, times) for one, setting in zip(made, settings)]
    return Contents(
        subject=printable(source.name),
        summary=summary_of(jobs),
        moments=tuple((clock(seconds_at(info, one.pts)), one.why) for one in choices),
        sides=(_source_side(made[0], size_bytes(source), moments, loop, times), *sides),
        motion=None if loop is None else _motion(first, loop, times),
        notes=notes_on({one.name: job for one, job in zip(settings, jobs)}, len(moments)),
    )


def _planned(
    info: MediaInfo, settings: Sequence[SettingSpec]
) -> tuple[list[SettingSpec], list[Job]]:
    """Return the settings to show, and what each would do.

    Raises:
        Refused: one of them, unless it is only a proposal.
    """
    load = SegmentWorker().load
    shown, jobs = list[SettingSpec](), list[Job]()
    for one in settings:
        if one.is_for_drawn and not draws_less_than_there_is(jobs[0].model):
            continue
        try:
            jobs.append(prepare(info.path, one.target, one.spec, load))
        except Refused:
            if not one.is_for_drawn:
                raise
            continue
        shown.append(one)
    return shown, jobs


def _check_film(source: Path) -> None:
    """Refuse an image and a pipe.

    Raises:
        Refused: it is one.
    """
    if is_picture(source):
        raise Refused(
            f"{source}: is an image, and a preview shows a video. Upscale the image itself."
        )
    if source == PIPE:
        raise Refused("-: a preview reads a video in several places. Name a file.")


def _times(made: Sequence[RenderedSetting], loop: Moment) -> list[Fraction]:
    """Return when the frames of the loop are shown, on the source's clock.

    They are those of the setting that shows most: one may make a frame of every field.
    """
    finest = max(made, key=lambda one: one.job.fields.ratio).job
    return [frame.pts * finest.video.time_base for frame in source_frames(finest, loop)]


def _side(made: RenderedSetting, setting: SettingSpec, times: Sequence[Fraction]) -> Side:
    job = made.job
    frame_seconds = paced(job, made.pace)
    estimate = estimate_with(job, frame_seconds, made.rate)
    frame = f"{frame_seconds.middle:.3g}"
    film = file = "length unknown"
    if estimate is not None and estimate.file_bytes is not None:
        film, file = about_seconds(estimate.seconds), about_bytes(estimate.file_bytes)
    variant = Variant(
        name=setting.name,
        detail=f"{job.network}; {job.video.size}; {_encoder(job)}",
        facts={"Seconds per frame": frame, "Whole video": film, FILE: file},
        command=setting.command,
        short=f"{frame} s a frame, {film}, {file}",
    )
    return Side(variant=variant, pictures=made.pictures, loop=_moving(made, times))


def _moving(made: RenderedSetting, times: Sequence[Fraction]) -> PictureAt | None:
    video, job, frames = made.job.video, made.job, made.loop
    if not frames:
        return None
    return lambda index: shown(shown_at(job, frames, times[index]), video.sar, video.display_matrix)


def _source_side(
    made: RenderedSetting,
    on_disk: int,
    moments: Sequence[Moment],
    loop: Moment | None,
    times: Sequence[Fraction],
) -> Side:
    """Return the source as a good player would show it, at the size of the first setting.

    Args:
        on_disk: its bytes.
    """
    job, video = made.job, made.job.source.video
    file = about_bytes(Between(on_disk, on_disk))
    variant = Variant(
        name=SOURCE,
        detail=f"As a good player shows it: {video.size} enlarged; {video.codec}",
        facts={FILE: file},
        short=f"{video.size} {video.codec}, {file}",
    )
    pictures = [
        lanczos(
            shown(
                shown_at(job, source_frames(job, moment), moment.pts * video.time_base),
                video.sar,
                video.display_matrix,
            ),
            size_of(like),
        )
        for moment, like in zip(moments, made.pictures)
    ]
    moving = _moving(made, times)
    if loop is None or moving is None:
        return Side(variant=variant, pictures=pictures)
    frames, size = source_frames(job, loop), size_of(moving(0))

    def at(index: int) -> Picture:
        frame = shown_at(job, frames, times[index])
        return lanczos(shown(frame, video.sar, video.display_matrix), size)

    return Side(variant=variant, pictures=pictures, loop=at)


def _motion(job: Job, loop: Moment, times: Sequence[Fraction]) -> Motion:
    rate = frames_a_second([float(time) for time in times])
    return Motion(frames=len(times), fps=rate, label=loop_label(loop, job.source))


def _encoder(job: Job) -> str:
    options = " ".join(f"{key} {value}" for key, value in job.encoder.options.items())
    return f"{job.encoder.name} {options}".strip()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RenderedSetting:
    """What one setting made of a film.

    Attributes:
        pictures: of each moment, as displayed.
        loop: its frames, after the encoder; empty without a loop.
    """

    job: Job
    pictures: tuple[Picture, ...]
    loop: tuple[HostFrame, ...]
    pace: Pace
    rate: Rate


def render_all(
    jobs: Sequence[Job], moments: Sequence[Moment], loop: Moment | None, watch: Count, note: Note
) -> list[RenderedSetting]:
    """Render moments and loop in every setting.

    Args:
        watch: called with how many renderings are done, and of how many.

    Raises:
        Failed: one could not be computed or encoded.
    """
    total = len(jobs) * (len(moments) + (loop is not None))
    done = 0
    made = []
    watch(done, total)
    with temporary_folder("preview") as folder:
        for job in jobs:
            with closing(Trial(job, folder, note)) as trial:
                rendered: list[RenderedMoment] = []
                for moment in (*moments, *([loop] if loop is not None else [])):
                    rendered.append(trial.render(moment))
                    done += 1
                    watch(done, total)
            made.append(_made(job, moments, rendered))
    return made


def _made(
    job: Job, moments: Sequence[Moment], rendered: Sequence[RenderedMoment]
) -> RenderedSetting:
    stills, moving = rendered[: len(moments)], rendered[len(moments) :]
    video, one = job.video, moving[0] if moving else None
    return RenderedSetting(
        job=job,
        pictures=tuple(
            shown(
                shown_at(job, still.encoded.frames, moment.pts * job.source.video.time_base),
                video.sar,
                video.display_matrix,
            )
            for moment, still in zip(moments, stills)
        ),
        loop=one.encoded.frames if one is not None else (),
        pace=pace_of(moments, stills, one),
        rate=rate_of(stills, one),
    )
