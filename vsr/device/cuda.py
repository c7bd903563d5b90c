"""CUDA here: on which devices torch can compute, and why not on the others.

The only place that asks for CUDA. torch finds a device that it has no kernels for, warns, and fails
at the first of them; so each device is compared with what torch was compiled for, and tried.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_ARCHITECTURE = re.compile(r"(sm|compute)_(\d+)(\d)[a-z]?")
"""``sm_86``: machine code, for that major version and minor versions from there up;
``compute_90``: an intermediate code, which the driver compiles for anything newer."""

TRIAL_CHANNELS, TRIAL_SIDE = 8, 8
TRIAL_SUM = 9 * TRIAL_CHANNELS
"""What 3×3 ones give on ones, away from the border; exact in half precision."""


def cuda_devices() -> tuple[int, str]:
    """Return how many CUDA devices torch finds, and why so many."""
    import torch

    if torch.version.cuda is None:
        return 0, "this torch was built without CUDA"
    with warnings.catch_warnings():  # what it warns of is said in one line instead
        warnings.simplefilter("ignore")
        if not torch.cuda.is_available():
            return 0, _said_by_torch() or "torch finds no CUDA driver or device"
    count = torch.cuda.device_count()
    return count, f"{count} CUDA device(s) found"


def cuda_count() -> int:
    """Return how many CUDA devices torch finds."""
    return cuda_devices()[0]


def supported_devices() -> list[int]:
    """Return the devices that torch has kernels for; none is computed on."""
    return [index for index in range(cuda_count()) if lacks_kernels(index) is None]


def obstacle(index: int) -> str | None:
    """Return why torch cannot compute on a device that it finds; None if it can."""
    import torch

    reason = lacks_kernels(index)
    if reason is not None:
        return reason
    try:
        result = convolved(torch.device("cuda", index))
    except RuntimeError as error:
        if isinstance(error, torch.cuda.OutOfMemoryError) or "out of memory" in str(error):
            return None  # the device computes; who needs its memory reports the shortage
        first, *_ = str(error).splitlines() or [type(error).__name__]
        return f"{torch.cuda.get_device_name(index)} computes nothing ({first.rstrip('.')})"
    if result != TRIAL_SUM:
        return f"{torch.cuda.get_device_name(index)} computes {result} where it is {TRIAL_SUM}"
    return None


def lacks_kernels(index: int) -> str | None:
    """Return why torch has no kernels for a device; None if it has some."""
    import torch

    major, minor = torch.cuda.get_device_capability(index)
    compiled = torch.cuda.get_arch_list()
    if not compiled or has_kernels((major, minor), compiled):
        return None
    machine_codes = [one for one in compiled if one.startswith("sm_")] or compiled
    return (
        f"{torch.cuda.get_device_name(index)} is sm_{major}{minor}, and torch "
        f"{torch.__version__} has kernels for {', '.join(machine_codes)} only"
    )


def has_kernels(capability: tuple[int, int], compiled: Sequence[str]) -> bool:
    """Return whether a device runs one of the architectures that a torch was compiled for.

    Source: CUDA C++ programming guide, binary and PTX compatibility.
    """
    for name in compiled:
        if match := _ARCHITECTURE.fullmatch(name):
            own = int(match[2]), int(match[3])
            is_binary = match[1] == "sm"
            if own <= capability and (not is_binary or own[0] == capability[0]):
                return True
    return False


def convolved(device: torch.device) -> float:
    """Return one number of a small convolution in half precision."""
    import torch

    with torch.inference_mode():
        ones = torch.ones(1, TRIAL_CHANNELS, TRIAL_SIDE, TRIAL_SIDE, device=device)
        kernel = torch.ones(TRIAL_CHANNELS, TRIAL_CHANNELS, 3, 3, device=device)
        out = torch.nn.functional.conv2d(ones.half(), kernel.half(), padding=1)
        return float(out[0, 0, TRIAL_SIDE // 2, TRIAL_SIDE // 2].item())


def unused_gpu() -> str | None:
    """Return why a GPU that is here is not computed on, and how to mend it; None if nothing is."""
    import torch

    count, reason = cuda_devices()
    if count:
        reasons = [problem for index in range(count) if (problem := obstacle(index))]
        mend = "Install a torch that is built for it, and a driver that this torch takes"
        return f"{'; '.join(reasons)}. {mend} (pytorch.org/get-started)." if reasons else None
    if not is_gpu_here():
        return None
    if torch.version.cuda is None:
        return (
            f"an NVIDIA GPU is here, but this torch ({torch.__version__}) was built without CUDA. "
            "Install one with it (pytorch.org/get-started)."
        )
    return f"an NVIDIA GPU is here, but {reason}. Update its driver (nvidia.com/drivers)."


def is_gpu_here(root: Path = Path("/")) -> bool:
    """Return whether the system shows this process an NVIDIA GPU, whatever torch can do.

    Args:
        root: where ``dev`` is; tests hand in a folder.
    """
    if any((root / "dev").glob("nvidia[0-9]*")):
        return True
    is_without_nodes = os.name == "nt" or (root / "dev/dxg").exists()  # Windows, and Linux in it
    return is_without_nodes and shutil.which("nvidia-smi") is not None


def free_bytes(index: int) -> int:
    """Return how much memory a CUDA device has left."""
    import torch

    return int(torch.cuda.mem_get_info(index)[0])


BLOCKING_SYNC = 4
"""``CU_CTX_SCHED_BLOCKING_SYNC``: the host sleeps while it waits for the device."""


def share_context(index: int, driver: ctypes.CDLL | None = None) -> bool:
    """Make FFmpeg able to decode in the CUDA context that torch and CuPy use.

    It takes that context only if the host sleeps while waiting, else it needs one of its own,
    whose work and torch's take turns. It holds for the process.

    Args:
        driver: the driver's library; tests hand in their own.

    Returns:
        False where there is no driver, or it refuses.
    """
    try:
        library = driver or ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
        if library.cuInit(0) != 0:
            return False
        return bool(library.cuDevicePrimaryCtxSetFlags_v2(index, BLOCKING_SYNC) == 0)
    except (OSError, AttributeError):
        return False


def _said_by_torch() -> str:
    """Return the first sentence of what torch says when it is made to use CUDA."""
    import torch

    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]  # torch has no types there
    except (RuntimeError, AssertionError) as error:
        sentence = " ".join(str(error).split()).partition(". ")[0].rstrip(".")
        return f"torch says “{sentence}”" if sentence else ""
    return ""
