"""A kernel's text as something to launch: compiled by NVRTC and loaded through CuPy.

CuPy shares torch's context and runs in torch's current stream, so that a launch is in order with
torch's own kernels, and is captured with them into a CUDA graph.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from vsr.device.nvrtc.text import part

BLOCK = (32, 8)
"""Threads of a block: a warp along a row, so that it reads and writes adjacent memory."""


class NoKernel(Exception):
    """A kernel is not to be had; the message says why, in one line."""


class Kernel(Protocol):
    """A compiled kernel."""

    def __call__(self, columns: int, rows: int, *arguments: Tensor | int) -> None:
        """Launch a thread for each place of a grid; tensors are handed over by their address."""
        ...


Compile = Callable[[str, str], Kernel]
"""(name, text without the first part) → kernel. Raises NoKernel."""


def compiler_of(device: torch.device) -> Compile:
    """Return what compiles for a device, through CuPy."""

    def compiled(name: str, text: str) -> Kernel:
        try:
            import cupy

            kernel = cupy.RawKernel(part("cuda") + text, name)
            with cupy.cuda.Device(device.index or 0):
                kernel.compile()  # now, as nothing may be loaded while a graph is captured
        except Exception as error:  # CuPy is absent, broken, or refuses the text: almost anything
            raise NoKernel(f"{name}: {first_error(str(error) or type(error).__name__)}") from error
        return _Launch(cupy, kernel, device)

    return compiled


class _Launch:
    """A kernel of CuPy's, in torch's current stream."""

    def __init__(self, cupy: Any, kernel: Any, device: torch.device) -> None:
        self._cupy = cupy
        self._kernel = kernel
        self._device = device

    def __call__(self, columns: int, rows: int, *arguments: Tensor | int) -> None:
        grid = (-(-columns // BLOCK[0]), -(-rows // BLOCK[1]))
        # CuPy hands over a Python int in 64 bits, as an address is, and numpy's in their own
        values = tuple(
            one.data_ptr() if isinstance(one, Tensor) else np.int32(one) for one in arguments
        )
        cuda, stream = self._cupy.cuda, torch.cuda.current_stream(self._device)
        with cuda.Device(self._device.index or 0), cuda.Stream.from_external(stream):
            self._kernel(grid, (*BLOCK, 1), values)


def first_error(log: str) -> str:
    """Return the line of a compiler's log that says what is wrong."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return next((line for line in lines if "error" in line), lines[0] if lines else log)
