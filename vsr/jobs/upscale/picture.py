"""``vsr upscale photo.png out.png``: one image, with its alpha and colour profile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, lcm
from pathlib import Path

import numpy as np

from vsr.device.select import Device, select
from vsr.disk.publishing import published
from vsr.errors import InvalidOption, Refused, UnsuitableContainer
from vsr.frames import HostFrame, Layout
from vsr.jobs.progress import Note, Result
from vsr.jobs.upscale.choice import Choice, choose_blend, with_model
from vsr.jobs.upscale.picture_losses import losses_of_picture
from vsr.jobs.upscale.segment_worker import SegmentWorker
from vsr.jobs.upscale.strength import condition_of_picture
from vsr.jobs.upscale.upscale_plan import Load
from vsr.media.images.deep_images import CODE, DeepCodes, codes_of, frame_of
from vsr.media.images.images import (
    WRITTEN,
    StillImage,
    is_written,
    read_image,
    write_image,
)
from vsr.media.streams.losses_before_start import Loss, content_of, refuse_losses
from vsr.media.writing.target import check_no_folder, is_wanted, output_failure
from vsr.models import catalog
from vsr.models.catalog import Model
from vsr.specs import Existing, UpscaleSpec
from vsr.upscaling.alpha import enlarged_plane, with_hidden_filled
from vsr.upscaling.engine.precision import with_precision
from vsr.upscaling.engine.tile_size import approximation, pinned_tile
from vsr.upscaling.passes.chroma_from_luma import REACH
from vsr.upscaling.plan import SQUARE, SizePlan, plan_sizes
from vsr.upscaling.steps import StepContext
from vsr.upscaling.tiles.tiling import Window, windows
from vsr.values import CropBox, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureJob:
    """The upscale of one image, fully decided.

    Attributes:
        losses: everything that the target cannot hold.
        choice: what was decided of the network that was ``auto``, and by what.
    """

    source: Path
    target: Path
    spec: UpscaleSpec
    picture: StillImage
    sizes: SizePlan
    model: Model
    device: Device
    choice: Choice
    losses: tuple[Loss, ...] = ()

    @property
    def frames_expected(self) -> int:
        """One."""
        return 1

    @property
    def network(self) -> str:
        """The model with its blend, and what decided it."""
        return self.choice.in_words(self.model)

    @property
    def outline(self) -> str:
        """Where, by which network and through which sizes, on one line."""
        return f"{self.device}; {self.network}; {self.sizes}"

    @property
    def lost(self) -> tuple[str, ...]:
        """What somebody would miss: it is reported at the end, and the exit code is 3."""
        return content_of(self.losses)

    def notes(self) -> Iterator[str]:
        """Yield the remarks for the user before the start, one line each."""
        if note := self.choice.note(self.model):
            yield note
        if note := self.sizes.restoring_note:
            yield note
        if note := approximation(self.model, self.sizes.source, self.spec.tile):
            yield note
        yield from (f"{loss}." for loss in self.losses)


def prepare_picture(
    source: Path, target: Path, spec: UpscaleSpec, load: Load = catalog.load
) -> PictureJob:
    """Decide everything about an image; write nothing.

    Raises:
        Refused: whatever would fail later, found now.
    """
    check_name(source, target)
    if flags := spec.asked_of_films:
        raise InvalidOption(f"{source.name}: a picture. Omit what only films have: {flags}.")
    picture, spec = _cropped(source, read_image(source), spec.crop), with_model(spec)
    losses = tuple(losses_of_picture(picture, target))
    if spec.is_strict:
        refuse_losses(source, losses)
    rows, columns = picture.codes.shape[:2]
    sizes = _sizes(source, Size(columns, rows), spec)
    choice = choose_blend(
        spec,
        sizes.scale,
        lambda: condition_of_picture(source, frame_of(picture.codes).planes[0] / CODE),
    )
    model = load(choice.spec.model, sizes.scale, choice.spec.blend())
    frame = frame_of(picture.codes)
    device = with_precision(
        select(spec.device, spec.precision), spec.precision, model, frame.layout, frame.colour
    )
    tile = pinned_tile(model, sizes.source, device, spec.tile)
    return PictureJob(
        source=source,
        target=target,
        spec=replace(choice.spec, tile=tile),
        picture=picture,
        sizes=sizes,
        model=model,
        device=device,
        choice=choice,
        losses=losses,
    )


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


def _cropped(source: Path, picture: StillImage, text: str | None) -> StillImage:
    """Return the part of an image that is kept."""
    if text is None:
        return picture
    rows, columns = picture.codes.shape[:2]
    if text == "auto":
        raise InvalidOption(f"{source}: --crop auto is for films. Write --crop W:H:X:Y.")
    box = CropBox.read(text)
    if box.y + box.size.height > rows or box.x + box.size.width > columns:
        raise InvalidOption(f"{source}: --crop {box} is not inside {Size(columns, rows)}.")
    return picture.cropped(box)


def _sizes(source: Path, size: Size, spec: UpscaleSpec) -> SizePlan:
    """Plan as for a film, except that an image may have odd sides."""
    try:
        plan = plan_sizes(size, SQUARE, spec.size, catalog.scales(spec.model))
    except Refused as error:
        raise type(error)(f"{source}: {error}") from error
    if spec.size.scale is not None:
        plan = replace(plan, output=size.scaled(spec.size.scale))
    return plan


MOST_PIXELS = 1 << 21
"""Of the output, done at once; the steps take up to twenty numbers of float32 for each."""
RESAMPLED = 2
"""Samples on either side that a resize looks at, of the coarser of its two grids."""


def _strips(job: PictureJob) -> tuple[Window, ...]:
    """Return the rows of the source to do at once: bounds on memory, not on the picture.

    Each begins where a row of the output does, so that a resize samples as it would in the whole.
    """
    sizes, traits = job.sizes, job.model.traits
    ratio = Fraction(sizes.output.height, sizes.source.height)
    unit = lcm(ratio.denominator, traits.multiple, 2)  # chroma may have half the rows
    rows = max(1, int(MOST_PIXELS / (sizes.output.width * ratio * unit))) * unit
    halo = traits.radius + REACH + ceil(max(Fraction(RESAMPLED), RESAMPLED / ratio))
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


def check_name(source: Path, target: Path) -> None:
    """Refuse a name that is not an image's.

    Raises:
        UnsuitableContainer: its suffix is of another kind of file, or missing.
    """
    if not is_written(target):
        raise UnsuitableContainer(
            f"{target}: {source.name} is an image, and so is its result. "
            f"Name it with one of {', '.join(WRITTEN)}."
        )


def is_picture_wanted(source: Path, target: Path, existing: Existing) -> bool:
    """Check the target of an image; return False if an existing one is to be kept.

    Raises:
        Refused: it is not an image's name, exists and may not be replaced, or cannot be written.
    """
    check_name(source, target)
    check_no_folder(target)
    return is_wanted(source, target, existing)
