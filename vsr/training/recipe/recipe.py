"""A training recipe: which network, the steps of its pipeline, and what each may spend.

The files are ``presets/train/*.toml``. The order of the steps is the pipeline's; a table
``[steps.NAME]`` holds the values of the step that the pipeline calls NAME.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import cos, pi
from typing import Any, Literal

from vsr.errors import InvalidOption, InvalidRecipe
from vsr.recipes.pipeline import Pipeline, Step, load_pipeline
from vsr.recipes.read import decode, decode_toml, find
from vsr.training.data.manifest import BICUBIC, PAIRS, TRUTH
from vsr.training.recipe.adversarial_values import AdversarialValues
from vsr.training.recipe.values import (
    EvaluateValues,
    ExportValues,
    LevelValues,
    Optimisation,
    PixelValues,
    QuantiseValues,
    Schedule,
    check_finite,
)

DegradationName = Literal[
    "bicubic", "video-light", "video-medium", "video-strong", "video-clear", "video-tape", "pairs"
]

RECIPE = "recipe"

SEEDS = 2**32
"""How many there are: more than anybody tries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """One kind of pairs of a prepared set: how it was reduced, and what is to be made of it.

    Attributes:
        target: ``truth``, or targets of that name.
        truth_share: of the patches, whose target is the truth all the same.
        weight: how often crops are of these pairs.
    """

    degradation: DegradationName
    target: str = TRUTH
    truth_share: float = 0.0
    weight: float = 1.0

    def __post_init__(self) -> None:
        check_finite(self)
        if not 0 <= self.truth_share <= 1:
            raise InvalidOption(f"truth_share {self.truth_share:g} must be between 0 and 1.")
        if not self.weight > 0:
            raise InvalidOption(f"weight {self.weight:g} must be above 0.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One file of ``presets/train/``: the schema is this class.

    ``degradation`` is how the images were reduced, as named by ``vsr train prepare``; ``target`` is
    what is to be made of them: the ``truth``, or the targets of that name (``vsr train teach``;
    ``teacher`` unless named otherwise) but for ``truth_share`` of the patches; ``mix`` lists other
    `Pairs` of the same set, weighed against 1 of these; ``note`` is what the card of its weights
    must say about them.
    """

    description: str
    pipeline: str
    model: str
    scale: int
    seed: int = 1
    note: str = ""
    degradation: DegradationName = "bicubic"
    target: str = TRUTH
    truth_share: float = 0.0
    mix: tuple[Pairs, ...] = ()
    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.truth_share <= 1:
            raise InvalidOption(f"truth_share {self.truth_share:g} must be between 0 and 1.")
        if not 0 <= self.seed < SEEDS:
            raise InvalidOption(f"seed {self.seed} must be between 0 and {SEEDS - 1}.")

    @property
    def pairs(self) -> tuple[Pairs, ...]:
        """All kinds of pairs, the first of which is validated on."""
        first = Pairs(
            degradation=self.degradation, target=self.target, truth_share=self.truth_share
        )
        return (first, *self.mix)

    def values(self, step: str, schema: type[Any], where: str = RECIPE) -> Any:
        """Decode the values of one step.

        Raises:
            InvalidRecipe: an unknown key or an impossible value.
        """
        return decode(self.steps.get(step, {}), schema, f"{where}: steps.{step}")


def load_recipe(name: str) -> tuple[str, Recipe]:
    """Find and decode a recipe; return its name too.

    Raises:
        UnknownName: no recipe of that name.
        InvalidRecipe: the file is malformed.
    """
    source = find("presets/train", name)
    return source.name, decode_recipe(source.text, source.where)


def decode_recipe(text: str, where: str) -> Recipe:
    """Decode the text of a recipe."""
    return decode_toml(text, Recipe, where)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a stage may spend: steps, or seconds of a clock. Exactly one is given."""

    steps: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.seconds is None):
            raise InvalidOption("choose one of --steps and --minutes.")
        if self.steps is not None and self.steps < 1:
            raise InvalidOption(f"--steps {self.steps} must be at least 1.")
        if self.seconds is not None and not 0 < self.seconds < float("inf"):
            raise InvalidOption(f"--minutes {self.seconds / 60:g} must be above 0.")

    def progress(self, steps: int, seconds: float) -> float:
        """Return the spent share, in [0, 1]."""
        if self.steps is not None:
            return min(1.0, steps / self.steps)
        assert self.seconds is not None
        return min(1.0, seconds / self.seconds)

    def share(self, part: float) -> Budget:
        """Return a part of the budget, at least one step."""
        if self.steps is not None:
            return Budget(steps=max(1, round(self.steps * part)))
        assert self.seconds is not None
        return Budget(seconds=self.seconds * part)


def learning_rate(
    peak: float, progress: float, steps: int, warm_up_steps: int, schedule: Schedule = "cosine"
) -> float:
    """Return the rate: a linear warm-up by steps, times half a cosine down to 0 over the budget.

    The cosine goes by progress, not by steps, so that it ends exactly when the budget does. A
    ``constant`` schedule only warms up.
    """
    warm = min(1.0, (steps + 1) / warm_up_steps) if warm_up_steps else 1.0
    return peak * warm * (1.0 if schedule == "constant" else 0.5 * (1.0 + cos(pi * progress)))


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
