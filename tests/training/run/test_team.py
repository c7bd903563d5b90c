import pytest
import torch

from vsr.device.select import Device
from vsr.errors import InvalidOption
from vsr.training.run.context import Team, joined, training_device


def test_alone_there_is_nothing_to_join(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined(Device(kind="cpu")) as team:
        assert team == Team(0, 1)
        net = torch.nn.Linear(1, 1)
        assert team.wrapped(net) is net
        assert team.agreed(True, torch.device("cpu"))
        assert team.slowest(2.5, torch.device("cpu")) == 2.5


def test_a_batch_is_shared_evenly_or_refused():
    Team(0, 2).check_divides(16)
    with pytest.raises(InvalidOption, match="a batch of 15 cannot be divided among 2"):
        Team(0, 2).check_divides(15)


def test_each_process_has_its_own_gpu_at_bf16(monkeypatch):
    found = Device(kind="cuda", index=0, precision="fp16")
    monkeypatch.setattr("vsr.training.run.context.select", lambda *_: found)
    monkeypatch.setenv("LOCAL_RANK", "3")
    chosen = training_device("auto", "auto")
    assert (chosen.index, chosen.precision) == (3, "bf16")
    assert training_device("auto", "fp16").precision == "fp16"


@pytest.mark.parametrize(
    ("asked", "is_native", "got"),
    [
        ("auto", True, "bf16"),
        ("auto", False, "fp32"),
        ("fp32", True, "fp32"),
        ("bf16", False, "bf16"),
    ],
)
def test_a_cpu_that_computes_in_bf16_trains_in_it(asked, is_native, got):
    device = training_device("cpu", asked, lambda: is_native)
    assert (device.kind, device.precision) == ("cpu", got)
    assert str(device).endswith(f"{got})")


def test_fp16_on_the_cpu_is_refused():
    with pytest.raises(InvalidOption, match="--precision fp16"):
        training_device("cpu", "fp16", lambda: True)
