"""Which precision a network runs at on the CPU: by the network, the source and the processor.

Never by a timing: two runs, two workers and a resume decide the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vsr.colour import Colour
from vsr.device.select import Device
from vsr.errors import InvalidOption
from vsr.frames import Layout
from vsr.specs import Precision

if TYPE_CHECKING:
    from vsr.models.catalog import Model

INT8_BITS = 8
"""The deepest source for which ``auto`` takes int8, whose errors are near half a code of 8 bits."""

HDR_TRANSFERS = (16, 18)
"""PQ and HLG: codes further apart than those of SDR. Source: H.273, table 3."""


def with_precision(
    device: Device, wanted: Precision, model: Model, layout: Layout, colour: Colour
) -> Device:
    """Return the device at the precision of this network and source, and why.

    Args:
        wanted: what was asked for when the device was selected.
        layout: of the source, and
        colour: of its codes.

    Raises:
        InvalidOption: int8 was asked for, and the network or the processor cannot.
    """
    if device.is_cuda or wanted not in ("auto", "int8"):
        return device
    if model.net is None:
        return replace(device, precision="fp32")
    reason = why_not_int8(model)
    if wanted == "int8":
        if reason is not None:
            raise InvalidOption(f"--precision int8: {reason}. Omit --precision.")
        return device
    if reason is None and layout.bits > INT8_BITS:
        reason = f"the source has {layout.bits} bits"
    if reason is None and colour.transfer in HDR_TRANSFERS:
        reason = "the source is HDR"
    if reason is None:
        return replace(device, precision="int8", why=f"{device.why}; int8 is exact here")
    return replace(device, precision="fp32", why=f"{device.why}; fp32, as {reason}")


def why_not_int8(model: Model) -> str | None:
    """Return why a network cannot run in 8-bit integers here; None if it can."""
    from vsr.models.int8.convolution import refusal
    from vsr.models.plain import Plain

    if not isinstance(model.net, Plain):
        return f"{model.name} is no plain network with ReLU"
    return refusal()
