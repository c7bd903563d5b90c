"""What the command-line program, and never the library, does to its own process."""

from __future__ import annotations

import os


def settle_environment() -> None:
    """Tell the libraries how to behave in this program; call it before one of them is imported.

    Idle OpenMP threads sleep instead of spinning, so that the encoder gets the cores that the
    network leaves. SVT-AV1 prints to the terminal on its own, and can only be silenced in this way.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    os.environ.setdefault("SVT_LOG", "0")


def settle() -> None:
    """Set the process up for large tensors, before the first one is made.

    As `settle_environment`; and glibc's allocator is set to keep large blocks.
    """
    from vsr.device.memory import keep_large_blocks

    settle_environment()
    keep_large_blocks()


def core_count() -> int:
    """Return how many CPU cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
