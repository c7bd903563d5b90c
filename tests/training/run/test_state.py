"""Checkpoints go from one precision to another."""

from pathlib import Path

import pytest
import torch
from torch import nn

from vsr.training.run.state import Average, TrainState


def state(*, is_fp16: bool) -> TrainState:
    net = nn.Linear(2, 2)
    return TrainState(
        net,
        Average(net, 0.9),
        torch.optim.Adam(net.parameters()),
        torch.amp.GradScaler("cpu", enabled=is_fp16),
        torch.zeros(()),
    )


@pytest.mark.parametrize("is_fp16", [True, False])
def test_a_run_goes_on_in_and_out_of_fp16(tmp_path: Path, is_fp16: bool) -> None:
    before, after = state(is_fp16=not is_fp16), state(is_fp16=is_fp16)
    before.save(tmp_path / "pixel.ckpt")
    after.load(tmp_path / "pixel.ckpt")
    assert torch.equal(after.net.weight, before.net.weight)
    assert after.scaler.is_enabled() == is_fp16
