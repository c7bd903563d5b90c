"""What is captured can be captured, and does the same again. The graphs are tapes (`tape`)."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from tests.upscaling.tape import Stream, lane_of_tapes
from tests.upscaling.toys import TOYS, model_of, pass_spec
from vsr.device.flight import StreamLane
from vsr.device.select import Device
from vsr.frames import Layout
from vsr.upscaling.engine import cuda_slots
from vsr.upscaling.engine.cuda_graphs import capture_all
from vsr.upscaling.engine.cuda_network import DeviceNetwork
from vsr.upscaling.engine.cuda_pass import DevicePass
from vsr.upscaling.engine.cuda_slots import DeviceSlot
from vsr.upscaling.passes.passes import RgbPass
from vsr.values import Size

NETS = TOYS | {"bicubic": lambda: None}
SPECS = {
    "8 bit": pass_spec(),
    "10 bit": pass_spec(layout=Layout(10, 1, 0)),
    "gray": pass_spec(layout=Layout(8, 0, 0, is_gray=True)),
    "resized": pass_spec(output=Size(70, 50)),
}
CPU = torch.device("cpu")


@pytest.fixture
def lane(monkeypatch: pytest.MonkeyPatch) -> StreamLane:
    monkeypatch.setattr(
        cuda_slots,
        "empty_pinned",
        lambda size, where: torch.zeros(size, dtype=torch.uint8).numpy(),
    )
    return lane_of_tapes(monkeypatch)


def way_of(name: str, spec, precision="fp32") -> DevicePass:
    device = Device(kind="cpu", precision=precision)
    network = DeviceNetwork.open(model_of(NETS[name]()), device, spec, None)
    network.choose(DeviceSlot(lambda: network.way, CPU), lambda line: None)
    return network.way


def slots_of(way: DevicePass) -> list[DeviceSlot]:
    return [DeviceSlot(lambda: way, CPU) for _ in range(3)]


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("name", NETS)
def test_a_graph_computes_what_lies_in_its_slot_when_it_runs(name, spec, lane):
    way = way_of(name, SPECS[spec])
    slots = slots_of(way)
    assert capture_all(slots, lane) == ""
    for seed, slot in enumerate(slots):
        torch.manual_seed(seed)
        other = DeviceSlot(lambda: way, CPU)
        for own, plane in zip(
            way.source.tensors(other.source), way.source.tensors(slot.source), strict=True
        ):
            own.copy_(torch.randint(60, 190, own.shape))
            plane.copy_(own)
        other.compute()
        slot.flag.zero_()
        slot.compute()
        assert torch.equal(slot.target, other.target)
        assert slot.flag.item() == 1


@pytest.mark.parametrize("name", ["folded", "swift"])
def test_half_precision_is_captured_too(name, lane):
    slots = slots_of(way_of(name, SPECS["8 bit"], "bf16"))
    assert capture_all(slots, lane) == ""
    assert all(slot.graph is not None for slot in slots)


def test_all_graphs_share_the_memory_of_the_first(lane):
    slots = slots_of(way_of("swift", SPECS["8 bit"]))
    capture_all(slots, lane)
    first = slots[0].graph
    assert [slot.graph.pool() for slot in slots] == [first.pool()] * 3
    again = slots_of(way_of("swift", SPECS["8 bit"]))
    capture_all(again, lane)
    assert again[0].graph.pool() is not first.pool()


def of(run: Callable[[Tensor], Tensor]) -> DevicePass:
    spec = pass_spec(scale=1, output=Size(40, 28))
    return DevicePass(spec, RgbPass(spec), run, ())


def test_where_the_work_asks_the_device_there_is_no_graph_and_the_stream_is_given_back(lane):
    slots = slots_of(of(lambda picture: picture * float(picture.mean())))
    line = capture_all(slots, lane)
    assert line.startswith("no CUDA graph (operation not permitted")
    assert line.endswith("launching kernels one by one.")
    assert "\n" not in line
    assert [slot.graph for slot in slots] == [None] * 3
    assert Stream.current == "default"


def test_a_graph_that_gives_other_bits_than_its_kernels_is_dropped(lane):
    """Or the bytes of a film would depend on whether there was a graph."""
    calls = iter(range(100))
    slots = slots_of(of(lambda picture: picture + next(calls) / 100))
    assert "other numbers" in capture_all(slots, lane)
    assert [slot.graph for slot in slots] == [None] * 3


@pytest.mark.parametrize(
    ("message", "kind"),
    [("simulated", torch.cuda.OutOfMemoryError), ("CUDA error: out of memory", RuntimeError)],
)
@pytest.mark.parametrize("fails_at", [0, 4, 9], ids=["warm-up", "second slot", "third slot"])
def test_want_of_memory_is_no_reason_to_go_without_a_graph(message, kind, fails_at, lane):
    calls = iter(range(100))

    def run(picture: Tensor) -> Tensor:
        if next(calls) == fails_at:
            raise kind(message)
        return picture

    slots = slots_of(of(run))
    with pytest.raises(kind, match=message):
        capture_all(slots, lane)
    assert [slot.graph for slot in slots] == [None] * 3
