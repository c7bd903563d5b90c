"""CUDA streams and events as the lanes of `vsr.device.flight`."""

from __future__ import annotations

from collections.abc import Callable

import torch

from vsr.device.flight import Event, Lanes


class StreamLane:
    """A CUDA stream."""

    def __init__(self, stream: torch.cuda.Stream) -> None:
        self.stream = stream

    def run(self, work: Callable[[], None]) -> None:
        """Enqueue work on this stream."""
        with torch.cuda.stream(self.stream):
            work()

    def record(self) -> torch.cuda.Event:
        """Mark a point; the host waits for it without spinning."""
        event = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call] # torch has no types there
        event.record(self.stream)
        return event

    def wait(self, event: Event) -> None:
        """Let later work of this stream wait for a point of another."""
        if not isinstance(event, torch.cuda.Event):
            raise TypeError(f"a CUDA event is needed, not {type(event).__name__}")
        self.stream.wait_event(event)


def three_lanes(device: torch.device) -> Lanes:
    """Return the upload, compute and download streams of a device."""
    up, run, down = (_lane(device) for _ in range(3))
    return Lanes(up, run, down)


def _lane(device: torch.device) -> StreamLane:
    stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call] # torch has no types there
    return StreamLane(stream)
