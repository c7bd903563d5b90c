"""The story of a run: its steps in order, each from what the one before made."""

from __future__ import annotations

from vsr.models.blocks import Generator
from vsr.training.recipe.stages import SCHEMAS, budget_of, learning_stages
from vsr.training.run.context import Context
from vsr.training.run.run_folder import Run
from vsr.training.run.steps import STEPS


def run_steps(context: Context, run: Run, net: Generator) -> Generator:
    """Run the steps of a run from where it stands; return the network of the last one.

    A stage that a later one has already gone on from is not trained again, whatever the budget: the
    later one's checkpoint holds all that came before.

    Args:
        net: what the first stage starts from.

    Raises:
        InvalidOption: a batch that the team cannot share.
    """
    folder, recipe = context.folder, context.recipe
    stages = learning_stages(recipe, run.pipeline)
    for stage in stages:
        context.team.check_divides(stage.values.batch)
    by_name = {stage.name: stage for stage in stages}
    begun = folder.begun(by_name)
    is_done = bool(begun)
    for step in run.pipeline:
        is_done = is_done and step.name != begun[-1]
        if not is_done:
            learning = by_name.get(step.name)
            budget = budget_of(learning, stages, run.budget) if learning else None
            values = recipe.values(step.name, SCHEMAS[step.step])
            net = STEPS[step.step](context, step.name, values, budget, net)
        if context.team.is_first:
            folder.finish(step.name)
    return net
