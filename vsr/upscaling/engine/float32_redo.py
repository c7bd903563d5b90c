"""A frame that was not finite in half precision, recomputed in float32."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from vsr.device.select import Device
from vsr.frames import HostFrame
from vsr.upscaling.engine.cuda_pass import DevicePass
from vsr.upscaling.engine.cuda_slots import DeviceSlot, OutputSlot, download, fill, upload


@dataclass(slots=True)
class Float32Redo:
    """Recomputes whole frames, each in memory of its own, and reports it once.

    Attributes:
        say: called when the first frame is redone.
    """

    device: Device
    say: Callable[[str], None]
    _has_said: bool = field(default=False, init=False)

    def into(self, output: OutputSlot, frame: HostFrame, full: DevicePass) -> None:
        """Compute a frame by the pass ``full`` into an output slot, and wait for it."""
        if not self._has_said:
            self._has_said = True
            self.say(
                f"{self.device.precision} overflowed at pts {frame.pts}: "
                "such frames are redone in fp32."
            )
        slot = DeviceSlot.of(full, self.device.torch_device)
        block = np.empty(full.source.size, np.uint8)
        fill(full.source, block, frame)
        upload(block, slot)
        slot.compute(full)
        download(slot, output)
        if self.device.is_cuda:
            torch.cuda.current_stream(self.device.torch_device).synchronize()
