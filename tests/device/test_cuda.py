"""Which GPUs are computed on, and what is said of the others; the GPUs are simulated."""

import re
import warnings
from types import SimpleNamespace

import pytest
import torch

from tests.device.gpus import COMPILED, simulate
from vsr.device import cuda
from vsr.device.select import select
from vsr.errors import DeviceUnavailable

NO_ENGINE = RuntimeError("GET was unable to find an engine to execute this computation")
"""cuDNN's words both where a device is not supported and where its memory is short."""


@pytest.mark.parametrize(
    ("capability", "is_supported"),
    [
        ((6, 1), False),
        ((7, 0), False),
        ((7, 5), True),
        ((8, 9), True),  # runs what was made for sm_80
        ((9, 0), True),
        ((10, 3), True),
        ((12, 1), True),
        ((13, 0), True),  # the driver compiles compute_120 for it
    ],
)
def test_a_gpu_is_supported_by_code_of_its_major_version_or_by_older_intermediate_code(
    capability, is_supported
):
    assert cuda.has_kernels(capability, COMPILED) is is_supported


def test_code_for_one_architecture_alone_serves_no_other_major_version():
    assert not cuda.has_kernels((10, 0), ["sm_90a"])
    assert not cuda.has_kernels((8, 6), ["sm_89"])


@pytest.mark.parametrize(
    ("capability", "failure", "reason"),
    [
        ((6, 1), None, "GPU 0 is sm_61, and torch .* has kernels for sm_75, sm_80.*sm_120 only"),
        ((9, 0), NO_ENGINE, "GPU 0 computes nothing .*unable to find an engine"),
        ((9, 0), RuntimeError("CUDA error: no kernel image\nCompile with"), "no kernel image"),
        ((9, 0), 0.0, "GPU 0 computes 0.0 where it is 72"),
    ],
)
def test_auto_leaves_a_gpu_that_cannot_compute_and_cuda_refuses_it(
    monkeypatch, capability, failure, reason
):
    simulate(monkeypatch, capability, failures={} if failure is None else {0: failure})
    device = select()
    assert device.kind == "cpu"
    assert re.search(reason, device.why)
    with pytest.raises(DeviceUnavailable) as refused:
        select("cuda")
    assert str(refused.value) == f"--device cuda: {device.why}. Choose --device cpu or auto."
    assert "\n" not in device.why


def test_auto_takes_the_first_gpu_that_computes_and_says_why_not_another(monkeypatch):
    simulate(monkeypatch, (6, 1), (9, 0))
    device = select()
    assert (device.kind, device.index) == ("cuda", 1)
    assert "GPU 0 is sm_61" in device.why
    assert cuda.supported_devices() == [1]


@pytest.mark.parametrize(
    "error", [torch.cuda.OutOfMemoryError("CUDA out of memory."), RuntimeError("out of memory")]
)
def test_a_gpu_whose_memory_is_full_is_still_the_one(monkeypatch, error):
    simulate(monkeypatch, (9, 0), failures={0: error})
    assert select("cuda").is_cuda  # the engine says what does not fit


def test_the_words_of_torch_about_an_old_driver_are_quoted(monkeypatch):
    def is_available() -> bool:
        warnings.warn("CUDA initialization: The NVIDIA driver is too old", stacklevel=1)
        return False

    def init() -> None:
        raise RuntimeError(
            "The NVIDIA driver on your system is too old (found version 11040). Please update "
            "your GPU driver.\nAlternatively, go to a page."
        )

    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", is_available)
    monkeypatch.setattr(torch.cuda, "init", init)
    quoted = "torch says “The NVIDIA driver on your system is too old (found version 11040)”"
    assert select().why == quoted
    with pytest.raises(DeviceUnavailable) as refused:
        select("cuda")
    assert str(refused.value) == f"--device cuda: {quoted}. Choose --device cpu or auto."
    monkeypatch.setattr(cuda, "is_gpu_here", lambda: True)
    assert cuda.unused_gpu() == (
        f"an NVIDIA GPU is here, but {quoted}. Update its driver (nvidia.com/drivers)."
    )


def test_a_gpu_that_torch_has_no_kernels_for_is_reported_with_what_mends_it(monkeypatch):
    simulate(monkeypatch, (6, 1), (9, 0))
    found = cuda.unused_gpu()
    assert found is not None
    assert "GPU 0 is sm_61" in found
    assert "GPU 1" not in found
    assert "Install a torch" in found
    simulate(monkeypatch, (9, 0))
    assert cuda.unused_gpu() is None


def test_a_gpu_shows_in_the_folder_of_devices(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/nvidia-smi")
    (tmp_path / "dev").mkdir()
    assert not cuda.is_gpu_here(tmp_path)  # its program alone may be a package without a GPU
    (tmp_path / "dev/nvidiactl").touch()
    assert not cuda.is_gpu_here(tmp_path)
    (tmp_path / "dev/nvidia0").touch()
    assert cuda.is_gpu_here(tmp_path)


def test_linux_inside_windows_shows_one_by_its_program(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: "/usr/lib/wsl/lib/nvidia-smi")
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/dxg").touch()
    assert cuda.is_gpu_here(tmp_path)


def test_the_trial_adds_ones():
    assert cuda.convolved(torch.device("cpu")) == cuda.TRIAL_SUM


@pytest.mark.parametrize(("answer", "is_shared"), [(0, True), (201, False)])
def test_the_context_is_set_to_sleep_so_that_ffmpeg_shares_it(answer, is_shared):
    calls: list[tuple[int, int]] = []

    def set_flags(index: int, flags: int) -> int:
        calls.append((index, flags))
        return answer

    driver = SimpleNamespace(cuInit=lambda flags: 0, cuDevicePrimaryCtxSetFlags_v2=set_flags)
    assert cuda.share_context(1, driver) is is_shared
    assert calls == [(1, cuda.BLOCKING_SYNC)]


def test_without_a_driver_there_is_no_context_to_share():
    driver = SimpleNamespace(cuInit=lambda flags: 100)
    assert cuda.share_context(0, driver) is False
    assert cuda.share_context(0, SimpleNamespace()) is False


@pytest.mark.gpu
def test_this_gpu_computes():
    assert cuda.obstacle(0) is None
