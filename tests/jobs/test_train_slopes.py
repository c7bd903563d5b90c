"""Runs from a compact network: its slopes are led to 0, and what is exported is plain."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from tests.jobs.runs import log_of, stop_after
from vsr.errors import Interrupted, InvalidData, InvalidOption
from vsr.jobs.export import ExportSpec, export
from vsr.jobs.train import FitSpec, fit, resume
from vsr.models.catalog import load
from vsr.models.plain import Compact, Plain
from vsr.training.recipe.recipe import Budget
from vsr.training.run.state import read_checkpoint

pytestmark = pytest.mark.usefixtures("one_thread")

RECIPE = """
description = "A toy."
pipeline = "train-pixel"
model = "lite"
scale = 4
[steps.pixel]
steps = 8
batch = 2
patch = 8
log_steps = 2
check_steps = 2
slopes = {slopes}
"""


@pytest.fixture
def run(tmp_path, data):
    torch.manual_seed(1)
    compact = Compact(4, 16, 4, "luma")
    for activation in compact.activations:
        torch.nn.init.uniform_(activation.weight, 0.2, 0.8)
    save_file(compact.state_dict(), tmp_path / "compact.safetensors")
    (tmp_path / "toy.toml").write_text(RECIPE.format(slopes=0.5))
    return FitSpec(
        recipe=str(tmp_path / "toy.toml"),
        data=data,
        out=tmp_path / "run",
        init=str(tmp_path / "compact.safetensors"),
        device="cpu",
    )


def slopes_of(run):
    return read_checkpoint(run.out / "pixel.ckpt", torch.device("cpu"))["slopes"]


def test_slopes_end_at_half_the_budget_and_the_result_is_plain(run):
    with pytest.raises(Interrupted):
        fit(run, stop_after(2))
    assert slopes_of(run) == pytest.approx(1 - (1 / 8) / 0.5)
    with pytest.raises(InvalidData, match="slopes that are not led to 0"):
        export(ExportSpec(run=run.out, name="early"))
    resume(run.out, device="cpu")
    assert slopes_of(run) == 0
    assert type(load(str(run.out / "lite_x4.safetensors")).net) is Plain
    whole = replace(run, out=run.out.with_name("whole"))
    fit(whole)
    assert log_of(run.out) == log_of(whole.out)


def test_a_larger_budget_does_not_bring_them_back(run):
    fit(run)
    resume(run.out, Budget(steps=40), device="cpu")
    assert slopes_of(run) == 0


def test_slopes_that_nobody_leads_and_slopes_that_are_not_there_are_refused(run):
    recipe = run.out.with_name("none.toml")
    recipe.write_text(RECIPE.format(slopes=0.0))
    with pytest.raises(InvalidOption, match="only with slopes in step 'pixel'"):
        fit(replace(run, recipe=str(recipe)))
    for init in (None, "lite"):
        with pytest.raises(InvalidOption, match="step 'pixel' leads slopes to 0"):
            fit(replace(run, init=init))
    assert not run.out.exists()
