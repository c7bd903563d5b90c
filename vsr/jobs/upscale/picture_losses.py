"""What is lost of an image, known before the start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vsr.media.images.deep_images import MOST
from vsr.media.images.images import HAS_ALPHA, StillImage
from vsr.media.streams.losses_before_start import Loss


def losses_of_picture(picture: StillImage, target: Path) -> Iterator[Loss]:
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
