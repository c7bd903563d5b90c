"""What ``auto`` becomes: decided once per film, while planning, and told with how to undo it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from vsr.blend import DIALS
from vsr.jobs.upscale.strength import Condition
from vsr.models.catalog import Model
from vsr.models.flavours import flavours_of
from vsr.specs import UpscaleSpec

AUTO_MODEL = "fast"


@dataclass(frozen=True, slots=True)
class Choice:
    """A spec in which nothing about the network is ``auto`` any more.

    Attributes:
        condition: the source's, by which it was chosen; None where the user left no choice.
        chosen: the dials that were chosen by it.
    """

    spec: UpscaleSpec
    condition: Condition | None = None
    chosen: tuple[str, ...] = ()

    def told(self, model: Model) -> str:
        """Return a description of the model: name, scale, blend, and what chose it."""
        if self.condition is None:
            return str(model)
        zeros = "".join(f", {name} 0" for name in self.chosen if not getattr(self.spec, name))
        return f"{model}{zeros} (auto: {self.condition})"

    def note(self, model: Model) -> str | None:
        """Return a remark for the user that names the choice and how to undo it; None without one.

        What draws detail is never left to be found out by looking.
        """
        if self.condition is None:
            return None
        undo = ""
        if "sharpness" in self.chosen and (value := self.spec.sharpness):
            undo = (
                f" clear {value:g}: draws detail that was not in the source; "
                "--sharpness 0 for none."
            )
        return f"model {self.told(model)}.{undo}"


def model_named(name: str) -> str:
    """Return the model that is used for a name or path; ``auto`` is `AUTO_MODEL`."""
    return AUTO_MODEL if name == "auto" else name


def with_model(spec: UpscaleSpec) -> UpscaleSpec:
    """Return the spec with its model decided."""
    return replace(spec, model=model_named(spec.model))


def choose_blend(spec: UpscaleSpec, scale: int, look: Callable[[], Condition | None]) -> Choice:
    """Decide the dials that are ``auto``, and drop suggested ones without a flavour.

    Args:
        spec: with its model decided.
        look: returns the source's condition; called only if it matters.
    """
    has = _flavoured(spec.model, scale)
    without = (name for name in DIALS if not has[name])
    zero: dict[str, Any] = {
        name: 0.0 for name in without if getattr(spec, name) == "auto" or name in spec.suggested
    }
    spec = replace(spec, **zero)
    chosen = tuple(name for name in DIALS if getattr(spec, name) == "auto")
    condition = look() if chosen else None
    blend = spec.blend() if condition is None else spec.blend(condition.blend)
    spec = replace(spec, strength=blend.strength, sharpness=blend.sharpness)
    return Choice(spec, condition, chosen)


def _flavoured(name: str, scale: int) -> Mapping[str, bool]:
    """Return for which dials a network has a flavour."""
    flavours = flavours_of(name, scale)
    return {
        "strength": flavours is not None and bool(flavours.video),
        "sharpness": flavours is not None and flavours.clear is not None,
    }
