"""A recipe and its pipeline together: the steps of a run with their values, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vsr.errors import InvalidRecipe
from vsr.recipes.pipeline import Pipeline, Step, load_pipeline
from vsr.training.data.manifest import BICUBIC, PAIRS
from vsr.training.recipe.recipe import (
    AdversarialValues,
    EvaluateValues,
    ExportValues,
    LevelValues,
    Optimisation,
    PixelValues,
    QuantiseValues,
    Recipe,
)
from vsr.training.recipe.schedule import Budget

SCHEMAS: dict[str, type[Any]] = {
    "pixel": PixelValues,
    "quantise": QuantiseValues,
    "adversarial": AdversarialValues,
    "level": LevelValues,
    "evaluate": EvaluateValues,
    "export": ExportValues,
}
"""The kinds of step a pipeline may name, and the schema of their values (see `steps`)."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A step that learns: its name, its kind and its values."""

    name: str
    kind: str
    values: Optimisation


def checked_pipeline(recipe: Recipe, where: str) -> Pipeline:
    """Return a recipe's pipeline, once every value of the recipe has been decoded.

    Raises:
        UnknownName: no such pipeline.
        InvalidRecipe: as `check_values`.
    """
    pipeline = load_pipeline(recipe.pipeline, "train", SCHEMAS)
    check_values(recipe, pipeline.steps, where)
    return pipeline


def check_values(recipe: Recipe, steps: tuple[Step, ...], where: str) -> None:
    """Decode every value of a recipe for the steps of its pipeline.

    Raises:
        InvalidRecipe: none of the steps learns; values for a step that is not there, or impossible
            ones, or a temporal loss on pictures that are no frames.
    """
    names = [step.name for step in steps]
    for name in recipe.steps:
        if name not in names:
            raise InvalidRecipe(
                f"{where}: values for the step '{name}', but pipeline '{recipe.pipeline}' has "
                f"{', '.join(names)}."
            )
    for step in steps:
        recipe.values(step.name, SCHEMAS[step.step], where)
    if not learning_stages(recipe, steps):
        raise InvalidRecipe(
            f"{where}: no step of pipeline '{recipe.pipeline}' trains. Add pixel or adversarial."
        )
    is_still = any(pairs.degradation in (BICUBIC, PAIRS) for pairs in recipe.pairs)
    if is_still and is_paired(recipe, steps):
        raise InvalidRecipe(
            f"{where}: temporal and consistency need consecutive frames. Set degradation to one "
            "for video, such as video-medium."
        )


def is_paired(recipe: Recipe, steps: tuple[Step, ...]) -> bool:
    """Whether a stage compares frames that follow each other."""
    return any(stage.values.is_paired for stage in learning_stages(recipe, steps))


def learning_stages(recipe: Recipe, steps: tuple[Step, ...]) -> list[Stage]:
    """Return the stages that learn, in order."""
    stages = []
    for step in steps:
        values = recipe.values(step.name, SCHEMAS[step.step])
        if isinstance(values, Optimisation):
            stages.append(Stage(step.name, step.step, values))
    return stages


def budget_of(stage: Stage, stages: list[Stage], whole: Budget | None) -> Budget:
    """Return a stage's share of the run's budget, or its own steps where the run has none."""
    if whole is None:
        return Budget(steps=stage.values.steps)
    return whole.share(stage.values.share / sum(other.values.share for other in stages))
