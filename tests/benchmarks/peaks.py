"""The most memory that was in use at once, on the host and on the device."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from vsr.device.select import Device

_FORGET_PEAK = "5"
"""Written to clear_refs, it sets VmHWM to what is resident now. Source: Linux, proc(5)."""


def forget_peaks(device: Device) -> None:
    """Count peaks from here on, where the system can; elsewhere from the start of the process."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text(_FORGET_PEAK)
    if device.is_cuda:
        import torch

        torch.cuda.reset_peak_memory_stats(device.index)


def peak_host_bytes() -> int | None:
    """Return the largest resident set of this process; None where the system does not say."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        return None
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def peak_device_bytes(device: Device) -> int | None:
    """Return the most that torch has held of the device's memory; None on the CPU."""
    if not device.is_cuda:
        return None
    import torch

    return torch.cuda.max_memory_reserved(device.index)
