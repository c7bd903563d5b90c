"""How a device reports that its memory is exhausted, and the message for the user."""

from __future__ import annotations

import torch

from vsr.device.select import Device
from vsr.errors import OutOfDeviceMemory

SIGNS = ("out of memory", "ALLOC_FAILED")
"""What the messages of the driver and of cuBLAS hold where torch's own allocator was not asked."""


def is_shortage(error: RuntimeError) -> bool:
    """Return whether an error of torch means that there is no memory left on the device."""
    is_torchs = isinstance(error, torch.cuda.OutOfMemoryError)
    return is_torchs or any(sign in str(error) for sign in SIGNS)


def no_room(device: Device, what: str) -> OutOfDeviceMemory:
    """Return the error for what does not fit, whatever was tried."""
    return OutOfDeviceMemory(
        f"{device}: {what}. Close other programs, or choose a smaller model or --device cpu."
    )
