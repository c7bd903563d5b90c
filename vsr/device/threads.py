"""How many of torch's threads compute on the CPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


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
