"""``vsr upscale photo.png out.png``: one image, with its alpha and colour profile."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from vsr.device.select import select
from vsr.disk.publishing import published
from vsr.errors import Refused, UnsuitableContainer
from vsr.frames import HostFrame
from vsr.jobs.progress import Note, Observer, Stopwatch
from vsr.jobs.result import Result
from vsr.jobs.upscale.choice import Choice, choose_blend, with_model
from vsr.jobs.upscale.plan import Load
from vsr.jobs.upscale.segment_worker import SegmentWorker
from vsr.jobs.upscale.strength import condition_of_picture
from vsr.media.images.deep_images import CODE, DeepCodes
from vsr.media.images.images import (
    HAS_ALPHA,
    RESULTS,
    StillImage,
    codes_of,
    frame_of,
    image_size,
    is_image,
    read_image,
    write_image,
)
from vsr.media.writing.target import check_no_folder, is_wanted, output_failure
from vsr.models import catalog
from vsr.models.catalog import Model
from vsr.specs import Existing, Size, UpscaleSpec
from vsr.upscaling.plan import SQUARE, SizePlan, plan_sizes
from vsr.upscaling.steps import StepContext


def upscale_picture(
    source: Path,
    target: Path,
    spec: UpscaleSpec,
    worker: SegmentWorker,
    observe: Observer,
    note: Note,
) -> Result:
    """Upscale one image; the target appears under its name only once it is complete.

    Raises:
        Refused: nothing was started.
        Failed: it was started and could not be finished.
    """
    watch = Stopwatch(observe, 1)
    if not is_picture_wanted(source, target, spec.existing):
        return Result(output=target, is_skipped=True)
    picture = read_image(source)
    losses = _losses(source, picture, target, spec)
    plan, model, choice = _decided(source, picture, spec, worker.load)
    spec = choice.spec
    if text := choice.note(model):
        note(text)
    codes = _enlarged(picture.codes, plan, model, spec, worker, note)
    alpha = picture.alpha
    if alpha is not None:
        bicubic = catalog.load("bicubic", plan.scale)  # a network would invent edges in it
        alpha = _enlarged(alpha, plan, bicubic, spec, worker, note)
    _write(target, replace(picture, codes=codes, alpha=alpha))
    watch.tick(0.0, target.stat().st_size)
    return Result(
        output=target,
        frames_in=1,
        frames_out=1,
        elapsed_seconds=watch.elapsed_seconds,
        losses=tuple(losses),
        model=str(model),
    )


def look_at_picture(source: Path, target: Path, spec: UpscaleSpec) -> dict[str, Any]:
    """Return what `upscale_picture` would do, as text; write nothing.

    Raises:
        Refused: whatever `upscale_picture` would refuse about the image.
    """
    check_name(target)
    picture = read_image(source)
    losses = _losses(source, picture, target, spec)
    plan, model, choice = _decided(source, picture, spec, catalog.load)
    device = select(spec.device, spec.precision)
    return {
        "file": str(source),
        "picture": f"{plan.source}, {picture.bits} bit" + ", alpha" * (picture.alpha is not None),
        "output": str(target),
        "sizes": str(plan),
        "network": choice.told(model),
        "device": f"{device}: {device.why}",
        "notes": losses,
    }


def check_picture(source: Path, target: Path, spec: UpscaleSpec, load: Load) -> None:
    """Refuse what `upscale_picture` would, as far as the header of the image shows.

    With ``--strict`` the whole file is read, because losses may show outside the header.

    Raises:
        Refused: an impossible size, scale or flavour, or a loss that is not allowed.
        MediaError: it does not exist, or cannot be read.
    """
    spec = with_model(spec)
    scale = _sizes(source, image_size(source), spec).scale
    load(spec.model, scale, choose_blend(spec, scale, lambda: None).spec.blend())
    if spec.is_strict:
        _losses(source, read_image(source), target, spec)


def _decided(
    source: Path, picture: StillImage, spec: UpscaleSpec, load: Load
) -> tuple[SizePlan, Model, Choice]:
    """Return the sizes, the network, and how the network was chosen."""
    spec = with_model(spec)
    rows, columns = picture.codes.shape[:2]
    plan = _sizes(source, Size(columns, rows), spec)
    choice = choose_blend(
        spec,
        plan.scale,
        lambda: condition_of_picture(source, frame_of(picture.codes).planes[0] / CODE),
    )
    return plan, load(choice.spec.model, plan.scale, choice.spec.blend()), choice


def _sizes(source: Path, size: Size, spec: UpscaleSpec) -> SizePlan:
    """Plan as for a film, except that an image may have odd sides."""
    try:
        plan = plan_sizes(size, SQUARE, spec.target, catalog.scales(spec.model))
    except Refused as error:
        raise type(error)(f"{source}: {error}") from error
    if spec.target.scale is not None:
        plan = replace(plan, output=size.scaled(spec.target.scale))
    return plan


def _enlarged(
    codes: DeepCodes,
    plan: SizePlan,
    model: Model,
    spec: UpscaleSpec,
    worker: SegmentWorker,
    note: Note,
) -> DeepCodes:
    frame = frame_of(codes)
    context = StepContext(
        plan=plan,
        layout=frame.layout,
        colour=frame.colour.resolved(plan.source.width, plan.source.height),
        output_layout=frame.layout,
        model=model,
        device=select(spec.device, spec.precision),
        tile=spec.tile,
        deinterlace="off",
    )
    flow = iter((frame,))
    for step in worker.steps(spec.steps, context, note):
        flow = step(flow)
    (enlarged,) = list[HostFrame](flow)
    return codes_of(enlarged)


def _write(target: Path, picture: StillImage) -> None:
    try:
        with published(target) as part:
            write_image(part, target.suffix, picture)
    except OSError as error:
        raise output_failure(error, target) from error


def _losses(source: Path, picture: StillImage, target: Path, spec: UpscaleSpec) -> list[str]:
    """Return what the target cannot hold.

    Raises:
        Refused: something would be lost, and ``--strict`` was given.
    """
    losses = []
    if picture.alpha is not None and target.suffix.lower() not in HAS_ALPHA:
        losses.append(f"{target.suffix} cannot store alpha, which is lost")
    if picture.bits == 16 and target.suffix.lower() != ".png":
        losses.append(f"{target.suffix} is written at 8 bits (the source has 16)")
    if picture.is_profile_lost:
        losses.append("the colour profile is lost: it is not one for R'G'B' (but CMYK, say)")
    if picture.frames_lost:
        losses.append(f"only the first of {picture.frames_lost + 1} images in the file is upscaled")
    if spec.is_strict and losses:
        raise Refused(
            f"{source}: --strict was given, but not everything can be kept: {'; '.join(losses)}. "
            "Choose another format, or omit --strict."
        )
    return losses


def check_name(target: Path) -> None:
    """Refuse a name that is not an image's.

    Raises:
        UnsuitableContainer: its suffix is of another kind of file, or missing.
    """
    if not is_image(target):
        raise UnsuitableContainer(
            f"{target}: not the name of an image format that vsr writes. "
            f"Choose one of {', '.join(RESULTS)}."
        )


def is_picture_wanted(source: Path, target: Path, existing: Existing) -> bool:
    """Check the target of an image; return False if an existing one is to be kept.

    Raises:
        Refused: it is not an image's name, exists and may not be replaced, or cannot be written.
    """
    check_name(target)
    check_no_folder(target)
    return is_wanted(source, target, existing)
