"""What errors of a device come to: smaller tiles, or one line and an end."""

import pytest
import torch

from vsr.device.failures import is_shortage, reported
from vsr.device.select import Device
from vsr.errors import DeviceLost, Failed

GPU = Device(kind="cuda", index=1, name="A GPU", precision="fp16")


@pytest.mark.parametrize(
    "error",
    [
        torch.cuda.OutOfMemoryError("simulated"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
        RuntimeError("GET was unable to find an engine to execute this computation"),
    ],
    ids=["torch", "driver", "cublas", "cudnn"],
)
def test_whoever_says_that_there_is_no_memory_is_understood(error):
    assert is_shortage(error)


def capture_without_memory() -> None:
    try:
        raise torch.cuda.OutOfMemoryError("simulated")
    finally:
        raise RuntimeError("CUDA error: operation failed due to a previous error")


def test_a_capture_that_ran_out_of_memory_is_a_shortage_however_it_ended():
    with pytest.raises(RuntimeError) as raised:
        capture_without_memory()
    assert is_shortage(raised.value)


def test_another_error_is_no_shortage():
    assert not is_shortage(RuntimeError("CUDA error: an illegal memory access was encountered"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("CUDA error: unspecified launch failure\nCompile with"), "launch failure."),
        (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), "CUDNN_STATUS_EXECUTION"),
        (torch.AcceleratorError("all CUDA-capable devices are busy or unavailable"), "busy"),
    ],
)
def test_a_device_that_fails_is_named_in_one_line_with_what_to_do(error, said):
    with pytest.raises(DeviceLost) as raised, reported(GPU):
        raise error
    line = str(raised.value)
    assert line.startswith("cuda:1 (A GPU, fp16): ")
    assert said in line
    assert line.endswith("repeat the command: finished segments are kept.")
    assert "\n" not in line
    assert raised.value.__cause__ is error
    assert isinstance(raised.value, Failed)


@pytest.mark.parametrize("error", [RuntimeError("all slots are still in use"), Failed("no")])
def test_what_is_not_of_the_device_passes(error):
    with pytest.raises(type(error)) as raised, reported(GPU):
        raise error
    assert raised.value is error
