"""CUDA graphs on the CPU: the operations of a capture are recorded, and replayed in their memory.

What a real capture refuses is refused: to read from the device, or to copy numbers from the host.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from vsr.device import yuv
from vsr.device.flight import StreamLane
from vsr.device.yuv import mixed_by_plane

REFUSED = ("lift_fresh", "item", "_local_scalar_dense", "equal", "nonzero", "is_nonzero")
"""What ``torch.tensor(numbers)``, ``bool(tensor)`` and the like come to."""


class Tape(TorchDispatchMode):
    """Records every operation inside it; static memory stays where it is."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func.overloadpacket.__name__ in REFUSED:
            raise RuntimeError(f"operation not permitted when stream is capturing: {func}\nat once")
        out = func(*args, **(kwargs or {}))
        self.calls.append((func, args, kwargs or {}, out))
        return out

    def play(self) -> None:
        for func, args, kwargs, out in self.calls:
            with torch.inference_mode():
                again = func(*args, **kwargs)
                for before, now in zip(_tensors(out), _tensors(again), strict=True):
                    if before.data_ptr() != now.data_ptr():  # neither a view nor in place
                        before.copy_(now)


def _tensors(out) -> list[Tensor]:
    found = out if isinstance(out, (tuple, list)) else (out,)
    return [one for one in found if isinstance(one, Tensor)]


class Graph:
    """Stands for ``torch.cuda.CUDAGraph``."""

    def __init__(self) -> None:
        self.tape = Tape()
        self.shared: object = self

    def pool(self) -> object:
        return self.shared

    def replay(self) -> None:
        assert self.tape.calls, "nothing was captured"
        self.tape.play()


class Point:
    def synchronize(self) -> None:
        pass


class Stream:
    """Stands for a stream whose work is done at once."""

    current: object = "default"

    def wait_event(self, event: Point) -> None:
        pass


@contextmanager
def stream(one: Stream) -> Iterator[None]:
    before, Stream.current = Stream.current, one
    try:
        yield
    finally:
        Stream.current = before


@contextmanager
def graph(own: Graph, pool: object, stream: object, capture_error_mode: str) -> Iterator[None]:
    """Stands for ``torch.cuda.graph``, which leaves its stream current where a capture fails."""
    assert capture_error_mode == "thread_local"
    own.shared = pool or own
    before, Stream.current = Stream.current, stream
    with own.tape:
        yield
    Stream.current = before


class TapedLane(StreamLane):
    """The lane itself, but for the events of a device."""

    def record(self) -> Point:
        return Point()


def use_tapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let graphs be tapes, with the colour maths of CUDA."""
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", graph)
    monkeypatch.setattr(torch.cuda, "stream", stream)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: Stream.current)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: None)
    monkeypatch.setattr(yuv, "mixed", mixed_by_plane)


def lane_of_tapes(monkeypatch: pytest.MonkeyPatch) -> StreamLane:
    """Return a compute lane of a machine whose graphs are tapes."""
    use_tapes(monkeypatch)
    return TapedLane(Stream())
