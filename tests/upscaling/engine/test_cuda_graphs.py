"""What is captured can be captured, and does the same again. The graphs are tapes (`tape`)."""

import pytest
import torch
from torch import Tensor

from tests.upscaling.tape import Stream, lane_of_tapes
from tests.upscaling.toys import TOYS, model_of, pass_spec
from vsr.device.flight import StreamLane
from vsr.device.select import Device
from vsr.frames import Layout
from vsr.upscaling.engine.cuda_network import DeviceNetwork, capture_all, captured_run
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
    return lane_of_tapes(monkeypatch)


def network(name: str, spec, precision="fp32") -> DeviceNetwork:
    return DeviceNetwork.open(
        model_of(NETS[name]()), Device(kind="cpu", precision=precision), spec, None
    )


def captured(reference: DevicePass, fast: DevicePass, lane: StreamLane):
    said: list[str] = []
    slots = [DeviceSlot.of(reference, CPU) for _ in range(2)]
    capture_all(slots, reference, fast, lane, said.append)
    return slots, said


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("name", NETS)
def test_a_graph_computes_what_lies_in_its_slot_when_it_runs(name, spec, lane):
    net = network(name, SPECS[spec])
    slots, said = captured(net.reference, net.fast(), lane)
    assert said == []
    for slot in slots:
        net.reference.fill_randomly(slot.source)
        expected = DeviceSlot.of(net.reference, CPU)
        expected.source.copy_(slot.source)
        expected.compute(net.fast())
        slot.flag.zero_()
        slot.graph.replay()
        assert torch.equal(slot.target, expected.target)
        assert slot.flag.item() == 1


@pytest.mark.parametrize("name", ["folded", "swift"])
def test_half_precision_is_captured_too(name, lane):
    net = network(name, SPECS["8 bit"], "bf16")
    slots, said = captured(net.reference, net.fast(), lane)
    assert said == []
    assert all(slot.graph is not None for slot in slots)


def test_a_graph_that_differs_from_autocast_is_dropped_and_said(lane):
    reference, other = network("srgan", SPECS["8 bit"]), network("swift", SPECS["8 bit"])
    slots, (line,) = captured(reference.reference, other.fast(), lane)
    assert "differs from autocast" in line
    assert [slot.graph for slot in slots] == [None, None]


def of(run) -> DevicePass:
    spec = pass_spec(scale=1, output=Size(40, 28))
    return DevicePass(spec, RgbPass(spec), run, ())


def asking(picture: Tensor) -> Tensor:
    return picture * float(picture.mean())


def test_where_the_work_asks_the_device_there_is_no_graph_and_the_stream_is_given_back(lane):
    way = of(asking)
    slots, (line,) = captured(way, way, lane)
    assert line.startswith("no CUDA graph (operation not permitted")
    assert "\n" not in line
    assert [slot.graph for slot in slots] == [None, None]
    assert Stream.current == "default"


def short_of_memory(message: str, kind: type[RuntimeError]):
    def run(picture: Tensor) -> Tensor:
        raise kind(message)

    return run


@pytest.mark.parametrize(
    ("message", "kind"),
    [("simulated", torch.cuda.OutOfMemoryError), ("CUDA error: out of memory", RuntimeError)],
)
def test_want_of_memory_is_no_reason_to_go_without_a_graph(message, kind, lane):
    run = short_of_memory(message, kind)
    with pytest.raises(kind, match=message):
        captured(of(lambda picture: picture), of(run), lane)
    with pytest.raises(kind, match=message):
        captured_run(run, torch.zeros(1, 3, 4, 4), lane)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("name", ["folded", "luma", "swift"])
def test_a_tile_is_computed_anew_in_the_same_memory(name, precision, lane):
    net = network(name, SPECS["8 bit"], precision)
    kept = net.kept(net.changes(), lane, is_fast=True)
    pictures = torch.rand(2, 1, net._way.channels, 28, 40)
    with torch.inference_mode():
        one, other = (kept._tile_net(picture) for picture in pictures)
        assert one.data_ptr() == other.data_ptr()
        expected = net._cast(pictures[1])
    torch.testing.assert_close(other, expected)


def test_a_tile_that_cannot_be_captured_is_computed_as_it_is(lane):
    assert captured_run(asking, torch.zeros(1, 3, 4, 4), lane) is asking


@pytest.mark.parametrize("name", ["folded", "luma", "swift"])
@pytest.mark.parametrize("output", [None, Size(70, 50)], ids=["as is", "resized"])
def test_a_tile_lies_in_memory_as_the_picture_does(name, output, lane):
    """Or cuDNN would compute the two in other kernels, which add in another order."""
    net, orders = network(name, pass_spec(output=output)), []
    cast = net._cast

    def run(picture: Tensor) -> Tensor:
        orders.append([step for step in picture.stride() if step == 1])
        return cast(picture)

    net._cast = run
    net.kept(net.changes(), lane, is_fast=True)
    DeviceSlot.of(net.reference, CPU).compute(net.fast())
    assert len(orders) > 1
    assert all(order == orders[0] for order in orders)
