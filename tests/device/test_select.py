import pytest
import torch

from tests.device.gpus import simulate
from vsr.device.select import select
from vsr.errors import DeviceUnavailable, InvalidOption


@pytest.fixture
def no_cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.fixture
def two_gpus(monkeypatch):
    simulate(monkeypatch, (9, 0), (9, 0))


def test_auto_without_cuda_is_the_cpu_and_says_why(no_cuda):
    device = select()
    assert (device.kind, device.precision) == ("cpu", "fp32")
    assert "torch" in device.why
    assert device.torch_device == torch.device("cpu")


def test_auto_with_cuda_is_the_first_gpu_in_half_precision(two_gpus):
    device = select()
    assert (device.torch_device, device.precision, device.name) == (
        torch.device("cuda", 0),
        "fp16",
        "GPU 0",
    )


def test_a_gpu_is_chosen_by_number_and_precision_by_name(two_gpus):
    device = select("cuda:1", "bf16")
    assert (device.torch_device, device.torch_dtype) == (torch.device("cuda", 1), torch.bfloat16)


def test_autocast_is_a_precision_of_its_own_in_half_precision(two_gpus):
    device = select("cuda", "autocast")
    assert (device.precision, device.torch_dtype) == ("autocast", torch.float16)
    assert str(device) == "cuda:0 (GPU 0, autocast)"


def test_a_missing_gpu_is_refused_with_what_is_there(two_gpus):
    with pytest.raises(DeviceUnavailable, match="only 2 CUDA"):
        select("cuda:2")


def test_cuda_without_a_driver_is_refused(no_cuda):
    with pytest.raises(DeviceUnavailable, match="--device cpu"):
        select("cuda")


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "CPU", ""])
def test_other_names_are_refused(name):
    with pytest.raises(InvalidOption, match="cuda:N"):
        select(name)


def test_bf16_is_refused_on_a_cpu_that_does_not_multiply_in_it(no_cuda):
    for name in ("cpu", "auto"):
        with pytest.raises(InvalidOption, match="slower than fp32.*AVX512-BF16"):
            select(name, "bf16", is_bf16_native=lambda: False)


def test_bf16_is_taken_on_a_cpu_that_multiplies_in_it(no_cuda):
    for name in ("cpu", "auto"):
        device = select(name, "bf16", is_bf16_native=lambda: True)
        assert (device.precision, device.torch_dtype) == ("bf16", torch.bfloat16)


def test_what_decides_the_kernels_of_a_cpu_is_told_apart(monkeypatch, no_cuda):
    monkeypatch.setattr("vsr.device.select._cpu_name", lambda: "EPYC")
    levels = {}
    for level in ("AVX2", "AVX512"):
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda level=level: level)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
        levels[level] = select("cpu").hardware
    assert levels == {"AVX2": "cpu EPYC AVX2", "AVX512": "cpu EPYC AVX512"}


def test_auto_stays_in_fp32_even_there(no_cuda):
    assert select("cpu", "auto", is_bf16_native=lambda: True).precision == "fp32"


@pytest.mark.parametrize(("name", "why"), [("cpu", "asked for"), ("auto", "no CUDA|without CUDA")])
@pytest.mark.parametrize("precision", ["fp16", "autocast"])
def test_fp16_is_refused_on_every_cpu_and_it_is_said_why_it_is_one(no_cuda, name, why, precision):
    with pytest.raises(InvalidOption, match=rf"needs CUDA.*\(.*({why}).*\)\. Omit --precision"):
        select(name, precision, is_bf16_native=lambda: True)
