"""Runs with a `quantise` step: exact to resume, plain to export, refused where it cannot be."""

import pytest
import torch

from tests.jobs.runs import log_of, stop_after
from vsr.errors import Interrupted, InvalidOption, InvalidRecipe
from vsr.jobs.train import FitSpec, fit, resume
from vsr.models.catalog import load
from vsr.models.int8.convolution import refusal
from vsr.models.plain import Plain
from vsr.training.run import preflight

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.skipif(refusal() is not None, reason=str(refusal())),
]

RECIPE = """
description = "A toy."
pipeline = "train-quantise"
model = "{model}"
scale = 4
[steps.quantise]
steps = 6
batch = 2
patch = 8
grid_steps = 4
log_steps = 1
check_steps = 6
{more}
"""


def spec_of(tmp_path, data, model="lite", more="", name="run") -> FitSpec:
    path = tmp_path / f"{name}.toml"
    path.write_text(RECIPE.format(model=model, more=more))
    init = "lite" if model == "lite" else None
    return FitSpec(recipe=str(path), data=data, out=tmp_path / name, init=init, device="cpu")


@pytest.mark.parametrize("more", ["", "standardise = true"])
def test_a_run_that_was_stopped_goes_on_exactly_and_ends_plain(tmp_path, data, more):
    whole, parts = (spec_of(tmp_path, data, more=more, name=name) for name in ("whole", "parts"))
    fit(whole)
    with pytest.raises(Interrupted):
        fit(parts, stop_after(5))  # ranges were last taken at step 4
    resume(parts.out, device="cpu")
    assert log_of(parts.out) == log_of(whole.out)
    net, start = load(str(whole.out / "lite_x4.safetensors")).net, load("lite", 4).net
    assert type(net) is Plain
    assert not torch.equal(net.tail.weight, start.tail.weight)


def test_other_networks_and_processors_are_refused(tmp_path, data, monkeypatch):
    with pytest.raises(InvalidOption, match="quantise step is for plain networks"):
        fit(spec_of(tmp_path, data, "swift-srgan"))
    with pytest.raises(InvalidRecipe, match="neither reparameterise nor path"):
        fit(spec_of(tmp_path, data, more="reparameterise = true"))
    monkeypatch.setattr(preflight, "refusal", lambda: "no such operations")
    with pytest.raises(InvalidOption, match="cannot run here: no such operations"):
        fit(spec_of(tmp_path, data, name="absent"))
