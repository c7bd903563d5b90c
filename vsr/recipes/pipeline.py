"""A pipeline: steps and their order, and no values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from vsr.errors import InvalidOption, InvalidRecipe, UnknownName, one_of
from vsr.recipes.read import decode_toml, find

Job = Literal["upscale", "train"]


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of a pipeline; ``name`` tells a repeated step from its twin, else is ``step``.

    A run names its files after its steps, so a name has letters, digits, '-' and '_' only.
    """

    step: str
    name: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.step)
        if not re.fullmatch(r"[A-Za-z0-9_-]+", self.name):
            raise InvalidOption(f"name '{self.name}': use letters, digits, '-' and '_'.")


@dataclass(frozen=True, slots=True)
class Pipeline:
    """An ordered list of steps, as read from ``pipelines/*.toml``."""

    name: str
    description: str
    job: Job
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class _File:
    """The schema of the file."""

    description: str
    job: Job
    steps: tuple[str | Step, ...]


def load_pipeline(name: str, job: Job, known_steps: Iterable[str]) -> Pipeline:
    """Find and decode a pipeline.

    Args:
        name: of a shipped or user pipeline, or a path.
        job: the job that is going to run it.
        known_steps: the names in that job's step table.

    Raises:
        UnknownName: no such pipeline, or a step that the job does not have.
        InvalidRecipe: the file is malformed, belongs to another job, or names a step twice.
    """
    source = find("pipelines", name)
    file = decode_toml(source.text, _File, source.where)
    if file.job != job:
        raise InvalidRecipe(f"{source.where}: is a pipeline for '{file.job}', not for '{job}'.")
    steps = tuple(Step(item) if isinstance(item, str) else item for item in file.steps)
    known = list(known_steps)
    for step in steps:
        try:
            one_of(step.step, known, "step")
        except UnknownName as error:
            raise InvalidRecipe(f"{source.where}: {error}") from error
    names = [step.name for step in steps]
    if len(set(names)) < len(names):
        raise InvalidRecipe(f"{source.where}: two steps share a name; give each its own 'name'.")
    if not steps:
        raise InvalidRecipe(f"{source.where}: a pipeline needs at least one step.")
    return Pipeline(source.name, file.description, file.job, steps)
