"""How long a run lasts, and how fast it learns on the way. Pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi
from typing import Literal

from vsr.errors import InvalidOption

Schedule = Literal["cosine", "constant"]


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
