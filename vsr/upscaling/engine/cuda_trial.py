"""Which form of a network a device computes: the fastest that runs there and agrees with autocast.

Only bits count, no time, on codes that are the same each time: a resumed run and every worker with
the same device choose alike.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import torch
from torch import Tensor

from vsr.upscaling.engine.cuda_forms import Form
from vsr.upscaling.engine.cuda_slots import DeviceSlot

log = logging.getLogger(__name__)

TOLERANCE = 2
"""How far, in 8-bit codes, a form may be from autocast: the rounding of half precision."""


def draw(slot: DeviceSlot) -> None:
    """Put codes that can occur where decoded planes are uploaded to, the same each time.

    Others may overflow half precision, in two different ways.
    """
    codes, source = torch.Generator().manual_seed(0), slot.way().source
    for plane in source.tensors(slot.source):
        plane.copy_(torch.randint(1 << source.layout.bits, plane.shape, generator=codes))


class Trial:
    """What autocast makes of drawn codes, for other forms to be compared with.

    Args:
        slot: memory to run the forms in.
        take: lets the slot run a form.
    """

    def __init__(self, slot: DeviceSlot, take: Callable[[Form], None], reference: Form) -> None:
        self._slot, self._take = slot, take
        draw(slot)
        self._expected = self._codes(reference)
        self._unit = 1 << (slot.way().target.layout.bits - 8)

    def agrees(self, form: Form) -> bool:
        """Return whether a form runs here, near the reference, and twice to the same bits.

        Raises:
            RuntimeError: there is not enough memory (`vsr.device.failures.is_shortage`).
        """
        try:
            codes, again = self._codes(form), self._codes(form)
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError as error:
            if form.name != "fused":
                raise
            # what cuDNN cannot fuse it refuses in the words of a shortage
            log.info("not fused: %s", str(error).splitlines()[0])
            return False
        furthest = int((codes - self._expected).abs().max())
        log.info("%s: %d codes from autocast", form.name, furthest)
        return torch.equal(codes, again) and furthest <= TOLERANCE * self._unit

    def _codes(self, form: Form) -> Tensor:
        self._take(form)
        self._slot.compute()
        planes = self._slot.way().target.tensors(self._slot.target)
        return torch.cat([plane.flatten().to(torch.int32) for plane in planes])
