"""What the errors of a CUDA device mean: its memory ran out, or it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vsr.device.select import Device
from vsr.errors import DeviceLost, OutOfDeviceMemory

SHORTAGES = (
    "out of memory",
    "ALLOC_FAILED",
    "unable to find an engine to execute this computation",
)
"""What the driver, cuBLAS and cuDNN say, in this order, where torch's own allocator was not asked.
cuDNN tries one engine after another, and says only that none was left."""

FAILURES = ("CUDA error", "CUDA driver error", "cuDNN error", "CUDNN_STATUS", "CUBLAS_STATUS")
"""What a message of torch holds when the driver, cuDNN or cuBLAS reported an error."""


def is_shortage(error: RuntimeError) -> bool:
    """Return whether an error of torch means that there is no memory left on the device.

    A capture that ran out of memory may end with another error, raised while the first was handled.
    """
    import torch

    one: BaseException | None = error
    while one is not None:
        if isinstance(one, torch.cuda.OutOfMemoryError) or _holds(one, SHORTAGES):
            return True
        one = one.__context__
    return False


@contextmanager
def reported(device: Device) -> Iterator[None]:
    """Report an error of the device in one line, in the place of torch's own.

    Raises:
        OutOfDeviceMemory: there is not enough memory, whatever was tried.
        DeviceLost: the driver, cuDNN or cuBLAS failed: the device may be gone, or be another
            process's alone. In this process nothing can be computed there again.
    """
    try:
        yield
    except RuntimeError as error:
        if is_shortage(error):
            raise OutOfDeviceMemory(
                f"{device}: out of memory: not even the smallest tile fits. Close other programs, "
                "or choose a smaller model or --device cpu."
            ) from error
        if not _is_failure(error):
            raise
        first, *_ = str(error).splitlines()
        raise DeviceLost(
            f"{device}: {first.rstrip('.')}. Check the device with nvidia-smi, then repeat the "
            "command: finished segments are kept."
        ) from error


def _is_failure(error: RuntimeError) -> bool:
    import torch

    return isinstance(error, torch.AcceleratorError) or _holds(error, FAILURES)


def _holds(error: BaseException, signs: tuple[str, ...]) -> bool:
    return any(sign in str(error) for sign in signs)
