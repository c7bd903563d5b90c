"""What the command-line program, and never the library, does to its own process.

Before its libraries are loaded, it tells them how to behave.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import platform


def settle() -> None:
    """Set the process up, before torch or an encoder is loaded and the first tensor is made.

    Idle OpenMP threads sleep instead of spinning, so that the encoder gets the cores that the
    network leaves. SVT-AV1 prints to the terminal on its own, and can only be silenced in this way.
    glibc's allocator keeps large blocks. When the program ends, Python does not search the half
    million objects of torch for dead ones, which takes 0.4 s.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    os.environ.setdefault("SVT_LOG", "0")
    keep_large_blocks()
    atexit.register(gc.freeze)


# glibc's malloc.h
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_MMAP_MAX = -4
_M_ARENA_MAX = -8
_LARGEST = 2**31 - 1


def keep_large_blocks() -> bool:
    """Tell glibc to serve every block from the heap and to keep what is freed.

    Else it maps each block over 32 MB afresh and faults every page: SwiftSRGAN on two cores runs
    more than twice as fast with this (measured for this project). It is process-wide and cannot be
    undone, so the command-line program calls it, before the first large tensor; the library never.

    Returns:
        True when glibc took every setting; False with another C library.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = (
        (_M_MMAP_MAX, 0),
        (_M_MMAP_THRESHOLD, _LARGEST),
        (_M_TRIM_THRESHOLD, _LARGEST),
        (_M_ARENA_MAX, 1),  # the arenas of other threads end at 64 MB and map what is larger
    )
    taken = [mallopt(setting, value) == 1 for setting, value in settings]
    return all(taken)


def core_count() -> int:
    """Return how many CPU cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
