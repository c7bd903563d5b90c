"""Host memory: how much this process may still take, and by how many threads.

Page-locked host memory, which a copy engine can read and write on its own.

From CuPy's pinned pool where CuPy is, else from torch: equal in result. Neither library watches
how the memory is used; when it may be reused is decided by the events in `vsr.device.flight`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

_UNLIMITED = 1 << 60
"""cgroup v1 writes a number near 2**63 for "no limit"."""


def available_host_bytes(root: Path = Path("/")) -> int | None:
    """Return the least of what the machine, the cgroup and the address space leave.

    Args:
        root: where ``proc`` and ``sys`` are mounted; tests hand in a folder.

    Returns:
        Bytes, or None where the system does not say.
    """
    limits = [_machine(root), _cgroup(root), _address_space(root)]
    known = [limit for limit in limits if limit is not None]
    return max(0, min(known)) if known else None


def _machine(root: Path) -> int | None:
    """Return MemAvailable of /proc/meminfo."""
    for line in _lines(root / "proc/meminfo"):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _cgroup(root: Path) -> int | None:
    """Return limit less usage of the tightest cgroup above this process (v2, then v1)."""
    base = root / "sys/fs/cgroup"
    folders = [base]
    for line in _lines(root / "proc/self/cgroup"):
        if line.startswith("0::"):
            own = base / line[3:].lstrip("/")
            folders = [own, *[parent for parent in own.parents if parent.is_relative_to(base)]]
    left = [_left(folder, "memory.max", "memory.current", "inactive_file") for folder in folders]
    v1 = _left(
        base / "memory",
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        "total_inactive_file",
    )
    known = [value for value in (*left, v1) if value is not None]
    return min(known) if known else None


def _left(folder: Path, limit_file: str, usage_file: str, cache_key: str) -> int | None:
    """Return what one cgroup leaves, counting file cache that can be dropped as free."""
    limit, usage = _number(folder / limit_file), _number(folder / usage_file)
    if limit is None or usage is None or limit >= _UNLIMITED:
        return None
    cache = 0
    for line in _lines(folder / "memory.stat"):
        key, _, value = line.partition(" ")
        if key == cache_key:
            cache = int(value)
    return limit - usage + cache


def _address_space(root: Path) -> int | None:
    """Return what RLIMIT_AS leaves of the address space."""
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return None

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return None
    pages = [line.split()[0] for line in _lines(root / "proc/self/statm")]
    used = int(pages[0]) * resource.getpagesize() if pages else 0
    return limit - used


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def _number(path: Path) -> int | None:
    lines = _lines(path)
    return int(lines[0]) if lines and lines[0].isdigit() else None


@contextmanager
def one_compute_thread() -> Iterator[None]:
    """Let torch compute in the calling thread alone: no thread is left that could spin."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def empty_pinned(size: int, device: torch.device) -> NDArray[np.uint8]:
    """Return ``size`` bytes of pinned memory; the array owns it.

    Args:
        device: the CUDA device that copies it. CuPy pins in the context of the device that is
            current, and would make one on the first device, whichever computes.

    Raises:
        RuntimeError: there is no CUDA driver.
    """
    cupy = _cupy()
    if cupy is not None:
        import cupyx

        with cupy.cuda.Device(device.index or 0):
            array: NDArray[np.uint8] = cupyx.empty_pinned(size, np.uint8)
        return array
    import torch

    return torch.empty(size, dtype=torch.uint8, pin_memory=True).numpy()


def pinned_by() -> str:
    """Return which library the pinned memory comes from: ``cupy`` or ``torch``."""
    return "cupy" if _cupy() is not None else "torch"


def _cupy() -> Any | None:
    """Return ``cupy`` where CuPy works, else None."""
    try:
        import cupy
        import cupyx  # noqa: F401 - it may be broken on its own
    except Exception:  # absent, or its libraries are broken, which raises almost anything
        return None
    return cupy if cupy.cuda.is_available() else None
