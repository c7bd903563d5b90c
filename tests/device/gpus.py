"""GPUs that are not there, as far as the choice of a device asks for them."""

import pytest
import torch

from vsr.device import cuda

COMPILED = ["sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120", "compute_120"]
"""What torch's wheels for CUDA 13 are compiled for."""


def simulate(
    monkeypatch: pytest.MonkeyPatch,
    *capabilities: tuple[int, int],
    failures: dict[int, Exception | float] | None = None,
) -> None:
    """Show torch one GPU for each capability; ``failures`` says what a convolution gives there."""

    def convolved(device: torch.device) -> float:
        outcome = (failures or {}).get(device.index, float(cuda.TRIAL_SUM))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(capabilities))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: f"GPU {index}")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda index: capabilities[index])
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: COMPILED)
    monkeypatch.setattr(cuda, "convolved", convolved)
