"""Every moment of a preview in every setting: one network open at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from vsr.frames import HostFrame
from vsr.jobs.estimate.cost import Pace, Rate, pace_of, rate_of
from vsr.jobs.estimate.moments import Moment
from vsr.jobs.estimate.trial import Rendered, Trial
from vsr.jobs.preview.pictures import shown
from vsr.jobs.progress import Count, Note
from vsr.jobs.upscale.upscale_plan import Job
from vsr.metrics.pictures import Picture


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Made:
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
) -> list[Made]:
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
    with tempfile.TemporaryDirectory(prefix="vsr-preview-") as folder:
        for job in jobs:
            with closing(Trial(job, Path(folder), note)) as trial:
                rendered: list[Rendered] = []
                for moment in (*moments, *([loop] if loop is not None else [])):
                    rendered.append(trial.render(moment))
                    done += 1
                    watch(done, total)
            made.append(_made(job, moments, rendered))
    return made


def _made(job: Job, moments: Sequence[Moment], rendered: Sequence[Rendered]) -> Made:
    stills, moving = rendered[: len(moments)], rendered[len(moments) :]
    video, one = job.video, moving[0] if moving else None
    return Made(
        job=job,
        pictures=tuple(
            shown(still.encoded.frames[-1], video.sar, video.display_matrix) for still in stills
        ),
        loop=one.encoded.frames if one is not None else (),
        pace=pace_of(moments, stills, one),
        rate=rate_of(stills, one),
    )
