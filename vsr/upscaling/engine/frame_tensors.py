"""Host frames ↔ tensors of the same memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vsr.errors import Failed
from vsr.frames import HostFrame, Plane
from vsr.upscaling.passes.passes import PassSpec


def check_frame(frame: HostFrame, spec: PassSpec) -> None:
    """Check that a frame is what the engine was opened for.

    Raises:
        Failed: it is not.
    """
    expected = spec.source_format.layout
    if frame.size != spec.source or frame.layout != expected:
        raise Failed(
            f"the frame at pts {frame.pts} is {frame.size} {frame.layout.subsampling} "
            f"{frame.layout.bits} bit, the clip began as {spec.source} {expected.subsampling} "
            f"{expected.bits} bit. Cut the clip where it changes (--start, --end)."
        )


def tensor_of(plane: Plane) -> Tensor:
    """Return a plane as a tensor of the same memory, or of a copy if it cannot be shared."""
    if not plane.flags.writeable or any(stride < 0 for stride in plane.strides):
        return torch.from_numpy(
            plane.copy()
        )  # torch shares neither read-only memory nor negative strides
    return torch.from_numpy(plane)


def enlarged(source: HostFrame, planes: tuple[NDArray[Any], ...], spec: PassSpec) -> HostFrame:
    """Return enlarged planes as a frame with the source's time and extras."""
    return source.with_pixels(planes, spec.output_format.layout, spec.output_format.colour)


def is_same_picture(one: HostFrame, other: HostFrame) -> bool:
    """Return whether two frames have the same layout and equal planes, bit for bit."""
    return one.layout == other.layout and all(
        np.array_equal(a, b) for a, b in zip(one.planes, other.planes, strict=True)
    )
