"""A user's own pipelines: training steps in any order, repeated under names of their own."""

import json

import pytest
import torch

from tests.jobs.runs import log_of
from vsr.errors import Interrupted, InvalidRecipe
from vsr.jobs.export import ExportSpec, export
from vsr.jobs.train import FitSpec, Watch, fit, resume
from vsr.models.catalog import load
from vsr.training.recipe.recipe import Budget

pytestmark = pytest.mark.usefixtures("one_thread")

STAGE = """
[steps.{name}]
steps = 2
batch = 2
patch = 8
log_steps = 2
{more}
"""
AGAINST = "discriminator_width = 4\ncollapse_db = 99.0"


@pytest.fixture
def mine(tmp_path, data, monkeypatch):
    """Return what makes a run of `fast` through a pipeline of the user's, found by its name."""
    monkeypatch.setenv("VSR_HOME", str(tmp_path))
    (tmp_path / "pipelines").mkdir()

    def make(steps, **stages):
        text = f'description = "Mine."\njob = "train"\nsteps = [{steps}]\n'
        (tmp_path / "pipelines" / "mine.toml").write_text(text)
        recipe = tmp_path / "recipe.toml"
        head = 'description = "Mine."\npipeline = "mine"\nmodel = "fast"\nscale = 4\n'
        tables = (STAGE.format(name=name, more=more) for name, more in stages.items())
        recipe.write_text(head + "".join(tables))
        benchmarks = (data.parent / "pictures",)
        return FitSpec(
            recipe=str(recipe), data=data, out=tmp_path / "run", device="cpu", benchmarks=benchmarks
        )

    return make


def test_steps_run_in_the_users_order_and_as_often_as_they_are_named(mine):
    spec = mine(
        '"adversarial", "pixel", "level", { step = "adversarial", name = "again" }, "export"',
        adversarial=AGAINST, pixel="", again=AGAINST,
    )  # fmt: skip
    folder = fit(spec)
    assert [stage for (stage,) in log_of(spec.out, ("stage",))] == ["adversarial", "pixel", "again"]
    names = [step.name for step in folder.read().pipeline]
    assert list(folder.read().finished) == names


def test_a_stage_after_the_level_step_is_not_levelled_by_the_export(mine, tmp_path):
    step = '{ step = "pixel", name = "later" }'
    spec = mine(f'"pixel", "level", {step}, "export"', pixel="", later="")
    fit(spec)
    by_step = load(str(spec.out / "fast_x4.safetensors")).net
    by_job = load(str(export(ExportSpec(run=spec.out, name="again", folder=tmp_path)).path)).net
    for one, other in zip(by_step.parameters(), by_job.parameters(), strict=True):
        assert torch.equal(one, other)


def test_scores_of_a_network_that_trained_on_are_not_in_its_card(mine):
    step = '{ step = "pixel", name = "later" }'
    spec = mine(f'"pixel", "evaluate", {step}, "export"', pixel="", later="")
    fit(spec)
    assert json.loads((spec.out / "fast_x4.json").read_text())["scores"] == {}


def test_scores_of_a_finished_run_are_not_in_the_card_of_its_continuation(mine, tmp_path):
    spec = mine('"pixel", "evaluate", "export"', pixel="")
    fit(spec)
    with pytest.raises(Interrupted):
        resume(spec.out, Budget(steps=9), device="cpu", watch=Watch(should_stop=lambda: True))
    card = export(ExportSpec(run=spec.out, name="again", folder=tmp_path)).card
    assert card.scores == {}
    assert "before the run's budget was spent" in card.note


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ('"evaluate", "export"', "no step of pipeline 'mine' trains"),
        ('"pixel", "pixel"', "two steps share a name"),
        ('"pixel", { step = "pixel", name = "../up" }', r"name '\.\./up': use letters"),
    ],
)
def test_a_pipeline_that_cannot_be_run_is_refused_before_the_start(mine, steps, message):
    spec = mine(steps)
    with pytest.raises(InvalidRecipe, match=message):
        fit(spec)
    assert not spec.out.exists()
