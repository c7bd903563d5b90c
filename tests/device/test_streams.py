"""The lanes of a device, of which only the calls of CUDA are replaced."""

import pytest
import torch

from tests.device.slow_lanes import Point, World
from vsr.device.flight import StreamLane, three_lanes


class Event:
    def __init__(self, blocking: bool) -> None:
        assert blocking  # the host sleeps meanwhile
        self.stream: object = None

    def record(self, stream: object) -> None:
        self.stream = stream


class Stream:
    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.waits: list[Event] = []

    def wait_event(self, event: Event) -> None:
        self.waits.append(event)


def test_a_device_has_three_streams_of_its_own(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    device = torch.device("cuda", 1)
    streams = [lane.stream for lane in three_lanes(device)]
    assert len(set(streams)) == 3
    assert [stream.device for stream in streams] == [device] * 3


def test_a_lane_waits_for_a_point_of_another(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "Event", Event)
    one, other = (StreamLane(Stream(torch.device("cuda"))) for _ in range(2))
    point = one.record()
    other.wait(point)
    assert point.stream is one.stream
    assert other.stream.waits == [point]
    with pytest.raises(TypeError, match="a CUDA event is needed, not Point"):
        other.wait(Point(World(0)))
