"""Which precision a network runs at on the CPU: by the network and the processor.

Never by a timing: two runs, two workers and a resume decide the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vsr.device.select import Device
from vsr.errors import InvalidOption
from vsr.specs import Precision

if TYPE_CHECKING:
    from vsr.models.catalog import Model


def with_precision(device: Device, wanted: Precision, model: Model) -> Device:
    """Return the device at the precision of this network, and why.

    ``auto`` is fp32 on the CPU: int8 is three times as fast, but changes patterns of single pixels
    by up to 128 of 255 codes (``docs/notebook.md``), so it has to be asked for.

    Args:
        wanted: what was asked for when the device was selected.

    Raises:
        InvalidOption: int8 was asked for, and the network or the processor cannot.
    """
    if device.is_cuda or wanted not in ("auto", "int8"):
        return device
    if model.net is None or wanted == "auto":
        return replace(device, precision="fp32")
    if reason := why_not_int8(model):
        raise InvalidOption(f"--precision int8: {reason}. Omit --precision.")
    return device


def why_not_int8(model: Model) -> str | None:
    """Return why a network cannot run in 8-bit integers here; None if it can."""
    from vsr.models.int8.convolution import refusal
    from vsr.models.plain import Plain

    if not isinstance(model.net, Plain):
        return f"{model.name} is no plain network with ReLU"
    return refusal()
