"""A decoded frame as the picture that people see, in 8 bits."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from vsr.device.yuv import YuvFormat, rgb_of
from vsr.frames import HostFrame


def picture_of(frame: HostFrame) -> NDArray[np.uint8]:
    """Return a frame as (H, W, 3) 8-bit R'G'B'; an untagged colour is guessed from its size."""
    colour = frame.colour.resolved(frame.size.width, frame.size.height)
    planes = [torch.from_numpy(np.ascontiguousarray(plane)) for plane in frame.planes]
    rgb = rgb_of(planes, YuvFormat(frame.layout, colour))[0].clamp(0, 1)
    return (rgb.permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
