"""What ``vsr doctor`` reports about this machine."""

import pytest

from vsr.jobs import doctor


def found(monkeypatch: pytest.MonkeyPatch, *, gpus: int, library: str) -> dict[str, str]:
    monkeypatch.setattr("vsr.device.cuda.cuda_count", lambda: gpus)
    monkeypatch.setattr("vsr.device.memory.pinned_by", lambda: library)
    monkeypatch.setattr(doctor, "_encoders", list)  # they take their time
    return {finding.what: finding.detail for finding in doctor.examine()}


def test_a_machine_without_cuda_gets_no_advice_for_cuda(monkeypatch):
    details = found(monkeypatch, gpus=0, library="torch")
    assert "pinned memory" not in details
    assert not any("cuda" in detail and "pip" in detail for detail in details.values())


def test_beside_a_gpu_the_missing_extra_is_named_as_it_is_installed(monkeypatch):
    detail = found(monkeypatch, gpus=1, library="torch")["pinned memory"]
    assert "from torch (pip install 'vsr-cli[cuda]'" in detail
    assert found(monkeypatch, gpus=1, library="cupy")["pinned memory"] == "from cupy"


def test_a_gpu_that_is_not_computed_on_is_no_and_says_how_to_mend_it(monkeypatch):
    monkeypatch.setattr(doctor, "_encoders", list)
    monkeypatch.setattr("vsr.device.cuda.is_gpu_here", lambda: True)
    monkeypatch.setattr("torch.version.cuda", None)
    (finding,) = [one for one in doctor.examine() if one.what == "gpu"]
    assert (finding.is_good, finding.is_needed) == (False, False)  # "no", and not "BAD"
    assert "built without CUDA. Install one with it (pytorch.org" in finding.detail


def test_it_says_whether_networks_of_others_run_and_whose_torchvision_is_used(monkeypatch):
    assert "torchvision" in found(monkeypatch, gpus=0, library="torch")["networks of others"]
