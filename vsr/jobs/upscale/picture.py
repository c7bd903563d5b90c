"""``vsr upscale photo.png out.png``: one image, as it was planned, in strips of bounded memory."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from math import ceil, lcm
from pathlib import Path

import numpy as np

from vsr.disk.publishing import published
from vsr.frames import HostFrame, Layout
from vsr.jobs.progress import Note, Result
from vsr.jobs.upscale.picture_plan import PictureJob
from vsr.jobs.upscale.segment_worker import SegmentWorker
from vsr.media.images.deep_images import DeepCodes, codes_of, frame_of
from vsr.media.images.images import StillImage, write_image
from vsr.media.writing.target import output_failure
from vsr.upscaling.alpha import enlarged_plane, with_hidden_filled
from vsr.upscaling.passes import chroma_from_luma, local_means
from vsr.upscaling.plan import SizePlan
from vsr.upscaling.steps import StepContext
from vsr.upscaling.tiles.tiling import Window, windows
from vsr.values import Size


def upscale_picture(job: PictureJob, worker: SegmentWorker, note: Note) -> Result:
    """Upscale one image; the target appears under its name only once it is complete.

    Raises:
        Failed: it was started and could not be finished.
    """
    started = time.monotonic()
    picture = job.picture
    frame = frame_of(picture.codes)
    if picture.alpha is not None:
        frame = with_hidden_filled(replace(frame, alpha=picture.alpha))
    codes, alpha = _enlarged(frame, job, worker, note), picture.alpha
    del frame
    if len(_strips(job)) > 1:
        worker.close()  # its memory is needed to write the result
    if alpha is not None:
        rows, columns = codes.shape[:2]
        alpha = enlarged_plane(alpha, Size(columns, rows), 16, 16).astype(np.uint16)
    _write(job.target, replace(picture, codes=codes, alpha=alpha))
    return Result(
        output=job.target,
        frames_in=1,
        frames_out=1,
        elapsed_seconds=time.monotonic() - started,
        losses=job.lost,
        model=str(job.model),
    )


MOST_PIXELS = 1 << 21
"""Output pixels of a strip: the steps take up to twenty float32 numbers for each."""
RESAMPLED = 2
"""Samples on either side that a resize looks at, of the coarser of its two grids."""


def _strips(job: PictureJob) -> tuple[Window, ...]:
    """Return the rows of the source to do at once: bounds on memory, not on the picture.

    Each begins where a row of the output does, so that a resize samples as it would in the whole.
    """
    sizes, traits = job.sizes, job.model.traits
    reach = chroma_from_luma.REACH + local_means.REACH * job.model.keeps_means
    ratio = Fraction(sizes.output.height, sizes.source.height)
    unit = lcm(ratio.denominator, traits.multiple, local_means.BLOCK)
    rows = max(1, int(MOST_PIXELS / (sizes.output.width * ratio * unit))) * unit
    halo = traits.radius + reach + ceil(max(Fraction(RESAMPLED), RESAMPLED / ratio))
    return windows(sizes.source, Size(sizes.source.width, rows), halo, unit)


def _enlarged(frame: HostFrame, job: PictureJob, worker: SegmentWorker, note: Note) -> DeepCodes:
    """Return the codes of the whole output, made strip by strip."""
    strips, size = _strips(job), job.sizes.output
    if len(strips) == 1:
        return _steps_of(frame, job.sizes, job, worker, note)
    ratio = Fraction(size.height, job.sizes.source.height)
    codes = np.empty((size.height, size.width, 3)[: 2 if len(frame.planes) == 1 else 3], np.uint16)
    for rows in (strip.rows for strip in strips):
        planes = tuple(plane[rows.first : rows.end] for plane in frame.planes)
        part = replace(frame, planes=planes, alpha=None)
        plan = replace(
            job.sizes,
            source=part.size,
            network=part.size.scaled(job.sizes.scale),
            output=Size(size.width, round(part.size.height * ratio)),
        )
        enlarged = _steps_of(part, plan, job, worker, note)
        first, core, end = (round(row * ratio) for row in (rows.first, rows.core, rows.core_end))
        codes[core:end] = enlarged[core - first : end - first]
    return codes


def _steps_of(
    frame: HostFrame, plan: SizePlan, job: PictureJob, worker: SegmentWorker, note: Note
) -> DeepCodes:
    context = StepContext(
        plan=plan,
        layout=frame.layout,
        colour=frame.colour.resolved(job.sizes.source.width, job.sizes.source.height),
        output_layout=frame.layout,
        coded_layout=_coded(frame.layout, job.picture.halved),
        model=job.model,
        device=job.device,
        tile=job.spec.tile,
        deinterlace="off",
    )
    flow = iter((frame,))
    for step in worker.steps(job.spec.steps, context, note):
        flow = step(flow)
    (enlarged,) = list[HostFrame](flow)
    return codes_of(enlarged)


def _coded(layout: Layout, halved: tuple[bool, bool]) -> Layout | None:
    """Return the layout that a codec held, if that is another."""
    if layout.is_gray or not any(halved):
        return None
    across, down = halved
    return replace(layout, x_shift=int(across), y_shift=int(down))


def _write(target: Path, picture: StillImage) -> None:
    try:
        with published(target) as part:
            write_image(part, target.suffix, picture)
    except OSError as error:
        raise output_failure(error, target) from error
