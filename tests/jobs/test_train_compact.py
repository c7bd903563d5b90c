"""A compact network is trained further under its own names, and what is exported is one."""

import pytest
import torch
from safetensors.torch import save_file

from vsr.errors import InvalidCheckpoint
from vsr.jobs.train import FitSpec, fit
from vsr.models.catalog import load
from vsr.models.plain import Compact
from vsr.training.network.start import start

pytestmark = pytest.mark.usefixtures("one_thread")

RECIPE = """
description = "A toy."
pipeline = "train-pixel"
model = "compact"
scale = 4
[steps.pixel]
steps = 2
batch = 2
patch = 8
log_steps = 1
check_steps = 2
warm_up_steps = 0
ema = 0.0
"""


@pytest.fixture
def weights(tmp_path):
    torch.manual_seed(1)
    path = tmp_path / "published.safetensors"
    save_file(Compact(4, 64, 16).state_dict(), path)
    return path


def test_a_run_begins_with_the_file_and_ends_with_a_network_of_its_kind(weights, tmp_path, data):
    begun = start("compact", 4, 1, str(weights)).state_dict()
    given = load(str(weights)).net.state_dict()
    assert all(torch.equal(begun[name], tensor) for name, tensor in given.items())
    (tmp_path / "toy.toml").write_text(RECIPE)
    out = tmp_path / "run"
    recipe = str(tmp_path / "toy.toml")
    fit(FitSpec(recipe=recipe, data=data, out=out, init=str(weights), device="cpu"))
    made = load(str(out / "compact_x4.safetensors"))
    assert (type(made.net), made.traits.radius, made.card.architecture) == (Compact, 18, "compact")
    changed = (made.net.state_dict()["body.1.weight"] - given["body.1.weight"]).abs().max()
    assert 0 < changed < 0.01


def test_a_file_of_another_depth_or_scale_is_refused(weights):
    with pytest.raises(InvalidCheckpoint, match="different width or depth"):
        start("compact-deep", 4, 1, str(weights))
    with pytest.raises(InvalidCheckpoint, match="compact ×4 cannot start compact ×2"):
        start("compact", 2, 1, str(weights))
