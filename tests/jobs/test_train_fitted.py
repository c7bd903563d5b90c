"""A run from a compact network is fitted before the first step, and exports a plain one."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from tests.jobs.runs import log_of, stop_after
from vsr.errors import Interrupted, InvalidCheckpoint
from vsr.jobs.train import FitSpec, Watch, fit, resume
from vsr.models.catalog import load
from vsr.models.plain import Compact, Plain

pytestmark = pytest.mark.usefixtures("one_thread")

RECIPE = """
description = "A toy."
pipeline = "train-pixel"
model = "lite"
scale = 4
[steps.pixel]
steps = 4
batch = 2
patch = 8
log_steps = 2
check_steps = 2
learning_rate = 1e-6
"""


def compact(folder, depth=6, channels=16):
    torch.manual_seed(1)
    net = Compact(4, channels, depth, "luma")
    for activation in net.activations:
        torch.nn.init.uniform_(activation.weight, 0.2, 0.8)
    save_file(net.state_dict(), folder / "compact.safetensors")
    return str(folder / "compact.safetensors")


@pytest.fixture
def run(tmp_path, data):
    (tmp_path / "toy.toml").write_text(RECIPE)
    recipe, init = str(tmp_path / "toy.toml"), compact(tmp_path)
    return FitSpec(recipe=recipe, data=data, out=tmp_path / "run", init=init, device="cpu")


def test_a_run_that_was_stopped_goes_on_exactly_and_ends_plain(run):
    with pytest.raises(Interrupted):
        fit(run, stop_after(2))
    resume(run.out, device="cpu")
    made = load(str(run.out / "lite_x4.safetensors")).net
    assert type(made) is Plain
    whole = replace(run, out=run.out.with_name("whole"))
    notes, verdicts = [], []
    fit(whole, Watch(on_note=notes.append, on_verdict=verdicts.append))
    assert log_of(run.out) == log_of(whole.out)
    assert verdicts[0].against == "what it was fitted to (compact.safetensors)"
    assert notes == ["Fits lite to compact.safetensors before the first step: a minute or two."]
    assert verdicts[0].after == pytest.approx(verdicts[0].before, abs=1)


def test_a_network_that_does_not_fit_leaves_nothing_behind(run):
    compact(run.out.parent, depth=3)
    with pytest.raises(InvalidCheckpoint, match="as many layers or more"):
        fit(run)
    assert not run.out.exists()
