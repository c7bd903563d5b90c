"""Keep large tensors on the heap: glibc maps each block over 32 MB afresh and faults every page.

Measured for this project: SwiftSRGAN on two cores runs more than twice as fast with it. It is
process-wide and cannot be undone, so the command-line program calls it and the library never does.
"""

from __future__ import annotations

import ctypes
import platform

# glibc's malloc.h
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_MMAP_MAX = -4
_M_ARENA_MAX = -8
_LARGEST = 2**31 - 1


def keep_large_blocks() -> bool:
    """Tell glibc to serve every block from the heap and to keep what is freed.

    Call it before the first large tensor is made.

    Returns:
        True when glibc took every setting; False with another C library.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    settings = (
        (_M_MMAP_MAX, 0),
        (_M_MMAP_THRESHOLD, _LARGEST),
        (_M_TRIM_THRESHOLD, _LARGEST),
        (_M_ARENA_MAX, 1),  # the arenas of other threads end at 64 MB and map what is larger
    )
    taken = [mallopt(setting, value) == 1 for setting, value in settings]
    return all(taken)
