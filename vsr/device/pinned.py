"""Page-locked host memory, which a copy engine can read and write on its own.

From CuPy's pinned pool where CuPy is, else from torch: equal in result. The only file that imports
CuPy. Neither library watches how the memory is used; when it may be reused is decided by the
events in `vsr.device.flight`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def empty_pinned(size: int) -> NDArray[np.uint8]:
    """Return ``size`` bytes of pinned memory; the array owns it.

    Raises:
        RuntimeError: there is no CUDA driver.
    """
    pool = _cupy()
    if pool is not None:
        array: NDArray[np.uint8] = pool.empty_pinned(size, np.uint8)
        return array
    import torch

    return torch.empty(size, dtype=torch.uint8, pin_memory=True).numpy()


def pinned_by() -> str:
    """Return which library the pinned memory comes from: ``cupy`` or ``torch``."""
    return "cupy" if _cupy() is not None else "torch"


def _cupy() -> Any | None:
    """Return ``cupyx`` where CuPy works, else None."""
    try:
        import cupy
        import cupyx
    except Exception:  # absent, or its libraries are broken, which raises almost anything
        return None
    return cupyx if cupy.cuda.is_available() else None
