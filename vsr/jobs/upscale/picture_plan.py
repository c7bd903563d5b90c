"""Everything about the upscale of one image that can be decided, or refused, before it is begun."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from vsr.device.select import Device, select
from vsr.errors import InvalidOption, Refused
from vsr.jobs.upscale.beforehand import check_name
from vsr.jobs.upscale.choice import Choice, choose_blend, with_model
from vsr.jobs.upscale.strength import condition_of_picture
from vsr.media.images.deep_images import CODE, MOST, frame_of
from vsr.media.images.images import HAS_ALPHA, StillImage, read_image
from vsr.media.streams.losses_before_start import Loss, content_of, refuse_losses
from vsr.models import catalog
from vsr.models.catalog import Load, Model
from vsr.specs import UpscaleSpec
from vsr.upscaling.engine.precision import with_precision
from vsr.upscaling.engine.tile_size import approximation, pinned_tile
from vsr.upscaling.plan import SQUARE, SizePlan, plan_sizes
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
        raise InvalidOption(f"{source.name}: is an image. Omit what only videos have: {flags}.")
    picture, spec = _cropped(source, read_image(source), spec.crop), with_model(spec)
    losses = tuple(_losses(picture, target))
    if spec.is_strict:
        refuse_losses(source, losses)
    frame = frame_of(picture.codes)
    sizes = _sizes(source, frame.size, spec)
    choice = choose_blend(
        spec, sizes.scale, lambda: condition_of_picture(source, frame.planes[0] / CODE)
    )
    model = load(choice.spec.model, sizes.scale, choice.spec.blend())
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


def _cropped(source: Path, picture: StillImage, text: str | None) -> StillImage:
    """Return the part of an image that is kept."""
    if text is None:
        return picture
    rows, columns = picture.codes.shape[:2]
    if text == "auto":
        raise InvalidOption(f"{source}: --crop auto is for videos. Write --crop W:H:X:Y.")
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


def _losses(picture: StillImage, target: Path) -> Iterator[Loss]:
    """Yield what the target cannot hold, and what reading has taken already."""
    suffix = target.suffix.lower()
    if picture.alpha is not None and suffix not in HAS_ALPHA:
        is_seen = bool((picture.alpha < MOST).any())
        what = "alpha, which is lost" if is_seen else "alpha; it is opaque everywhere"
        yield Loss(f"{target.suffix} cannot store {what}", is_content=is_seen)
    if picture.bits == 16 and suffix != ".png":
        text = f"{target.suffix} is written at 8 bits (the source has 16)"
        yield Loss(text, is_content=True)
    if picture.converted_from:
        yield Loss(f"{picture.converted_from} is converted to R'G'B', not by a colour profile")
    if picture.is_profile_lost:
        text = "the colour profile is lost: it is not one for R'G'B' (but CMYK, say)"
        yield Loss(text, is_content=True)
    if picture.bits_lost:
        yield Loss(f"it is read at {picture.bits} bits (the source has more)", is_content=True)
    if names := picture.tags.lost_in(suffix):
        yield Loss(f"{target.suffix} cannot store its {', '.join(names)}")
    if picture.frames_lost:
        text = f"only the first of {picture.frames_lost + 1} images in the file is upscaled"
        yield Loss(text, is_content=True)
