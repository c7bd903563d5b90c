"""The forms of a network in half precision, and which of them a device computes."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.upscaling.toys import TOYS, Nearest, compact, model_of, pass_spec, plain, swift
from vsr.device.select import Device
from vsr.upscaling.engine import cuda_slots
from vsr.upscaling.engine.cuda_forms import ReluConv, autocast, forms, with_exact_base
from vsr.upscaling.engine.cuda_network import DeviceNetwork
from vsr.upscaling.engine.cuda_slots import DeviceSlot
from vsr.upscaling.engine.cuda_trial import draw
from vsr.upscaling.passes.folding import route
from vsr.values import Size

HALF = torch.bfloat16
RESIZED = pass_spec(output=Size(70, 50))


@pytest.fixture(autouse=True)
def _without_pinned_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_slots, "empty_pinned", lambda size, device: np.zeros(size, np.uint8))


def fused_on_the_cpu(x, weight, bias, stride, padding, dilation, groups) -> Tensor:
    return F.relu(F.conv2d(x, weight, bias, stride, padding, dilation, groups))


def chosen(net, precision="bf16") -> tuple[DeviceNetwork, list[str]]:
    network = DeviceNetwork.open(
        model_of(net), Device(kind="cpu", precision=precision), pass_spec(), None
    )
    said: list[str] = []
    network.choose(DeviceSlot(lambda: network.way, torch.device("cpu")), said.append)
    return network, said


def middle(net: nn.Module, spec) -> nn.Module:
    _, inner = route(model_of(net), spec, is_dense=True)
    assert inner is not None
    return with_exact_base(inner)


@pytest.mark.parametrize("spec", [pass_spec(), RESIZED], ids=["folded", "resized"])
@pytest.mark.parametrize("name", TOYS)
def test_weights_cast_once_give_what_autocast_gives(name, spec):
    """On the CPU to the bit, where sums of PReLU and of the base are taken in the same dtype."""
    net = middle(TOYS[name](), spec)
    picture = torch.rand(1, 1 if name == "luma" else 3, 12, 10)
    *_, own = forms(net, HALF)
    with torch.inference_mode():
        expected, got = autocast(net, HALF).run(picture), own.run(picture)
    assert own.name == "cast"
    torch.testing.assert_close(got.float(), expected.float(), rtol=0.02, atol=0.02)


@pytest.mark.parametrize("spec", [pass_spec(), RESIZED], ids=["folded", "resized"])
@pytest.mark.parametrize("make", [plain, compact, lambda: plain(2, "luma")])
def test_the_nearest_base_is_added_in_float32_in_every_form(make, spec, monkeypatch):
    """A network that adds nothing repeats its input to the last bit."""
    monkeypatch.setattr(torch, "cudnn_convolution_relu", fused_on_the_cpu)
    net = make()
    tail = net.tail if hasattr(net, "tail") else net.convolutions[-1]
    nn.init.zeros_(tail.weight)
    nn.init.zeros_(tail.bias)
    inner = middle(net, spec)
    picture = torch.rand(1, net.image_channels if hasattr(net, "tail") else 3, 12, 10)
    with torch.inference_mode():
        exact = inner(picture)
        ways = [autocast(inner, HALF), *forms(inner, HALF)]
        assert len(ways) >= 2
        for form in ways:
            assert torch.equal(form.run(picture).float(), exact), form.name


def test_a_plain_network_is_fused_where_cudnn_does_it(monkeypatch):
    monkeypatch.setattr(torch, "cudnn_convolution_relu", fused_on_the_cpu)
    network, said = chosen(plain(2))
    assert (network.path, said) == ("bf16 fused, whole", [])
    layers = [type(layer) for layer in network.form.run.modules()]
    assert layers.count(ReluConv) == 3
    assert nn.ReLU not in layers


def test_where_cudnn_refuses_the_few_channels_of_a_picture_the_others_are_fused(monkeypatch):
    def picky(x, *others) -> Tensor:
        if x.shape[1] < 8:
            raise RuntimeError("GET was unable to find an engine to execute this computation")
        return fused_on_the_cpu(x, *others)

    monkeypatch.setattr(torch, "cudnn_convolution_relu", picky)
    network, _ = chosen(plain(2))
    assert network.form.name == "fused"
    assert [type(layer) for layer in network.form.run.modules()].count(ReluConv) == 2


def off(x, *others) -> Tensor:
    return fused_on_the_cpu(x, *others) * 1.5


def noisy() -> Callable[..., Tensor]:
    calls = iter(range(100))
    return lambda x, *others: fused_on_the_cpu(x, *others) + next(calls) / 1000


@pytest.mark.parametrize("operation", [None, off, noisy()], ids=["refused", "off", "unsteady"])
def test_else_weights_are_cast_and_nobody_is_told(operation, monkeypatch):
    if operation is not None:
        monkeypatch.setattr(torch, "cudnn_convolution_relu", operation)
    network, said = chosen(plain(2))
    assert (network.path, said) == ("bf16 cast, whole", [])


def test_a_device_without_memory_is_no_device_that_cannot_fuse(monkeypatch):
    def short(*given) -> Tensor:
        raise torch.cuda.OutOfMemoryError("simulated")

    monkeypatch.setattr(torch, "cudnn_convolution_relu", short)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        chosen(plain(2))


class Sensitive(Nearest):
    """Other numbers where its own weights are in half precision than under autocast."""

    def forward(self, x: Tensor) -> Tensor:
        is_cast = self.conv.weight.dtype != torch.float32
        return super().forward(x) * (0.5 if is_cast else 1.0)


def test_what_differs_from_autocast_is_not_used_and_that_is_said():
    network, said = chosen(Sensitive(2))
    assert network.path == "bf16 autocast, whole"
    assert said == ["half precision differs from autocast, which is used instead."]
    network.choose(DeviceSlot(lambda: network.way, torch.device("cpu")), said.append)
    assert len(said) == 1  # chosen once


class Broken(Nearest):
    def forward(self, x: Tensor) -> Tensor:
        if self.conv.weight.dtype != torch.float32:
            raise RuntimeError("a size does not match")
        return super().forward(x)


def test_what_breaks_is_not_taken_for_a_form_that_differs():
    with pytest.raises(RuntimeError, match="a size does not match"):
        chosen(Broken(2))


@pytest.mark.parametrize(
    ("net", "precision", "path"),
    [
        (plain(2), "fp32", "fp32 exact, whole"),
        (None, "fp16", "fp32 exact, whole"),
        (swift(2), "autocast", "fp16 autocast, whole"),
        (swift(2), "bf16", "bf16 cast, whole"),
    ],
)
def test_the_path_says_how_a_frame_is_computed(net, precision, path):
    assert chosen(net, precision=precision)[0].path == path


def test_autocast_is_computed_by_torchs_autocast(monkeypatch):
    entered = []
    real = torch.autocast

    def watched(device_type, dtype=None, **options):
        entered.append((device_type, dtype))
        return real(device_type, dtype, **options)

    monkeypatch.setattr(torch, "autocast", watched)
    network, _ = chosen(swift(2), precision="autocast")
    slot = DeviceSlot(lambda: network.way, torch.device("cpu"))
    slot.compute()
    assert [one for one in entered if one[1]] == [("cpu", torch.float16)]


def test_every_run_tries_the_forms_on_the_same_codes():
    """A resumed run must choose what the first one chose."""
    spec = pass_spec()
    network = DeviceNetwork.open(None, Device(kind="cpu"), spec, None)
    blocks = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        slot = DeviceSlot(lambda: network.way, torch.device("cpu"))
        draw(slot)
        blocks.append(slot.source.clone())
    assert torch.equal(*blocks)
    assert len(blocks[0].unique()) > 200
