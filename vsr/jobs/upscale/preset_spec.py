"""What to do as a preset says it, with a look over it."""

from __future__ import annotations

from dataclasses import replace

from vsr.recipes.pipeline import load_pipeline
from vsr.recipes.preset import load_look, load_preset
from vsr.specs import Existing, UpscaleSpec
from vsr.upscaling.step_order import STEPS
from vsr.values import DIALS, OutputSize


def spec_of_preset(
    name: str,
    target: OutputSize | None = None,
    existing: Existing = "refuse",
    *,
    look: str | None = None,
    model: str | None = None,
) -> UpscaleSpec:
    """Return the spec of a preset, with the values of a look over it.

    Args:
        target: a size to use instead of the preset's.
        look: the name or path of a look.
        model: the user's, which comes before that of the look.

    Raises:
        Refused: the preset, its pipeline or the look is unknown or malformed.
    """
    values = dict(load_look(look).values) if look is not None else {}
    preset = load_preset(name)
    pipeline = load_pipeline(preset.pipeline, "upscale", STEPS)
    spec, chosen = preset.spec, model or values.get("model")
    if chosen is not None:
        spec = spec.of_model(chosen)
    return replace(
        spec,
        **(values | {"model": spec.model}),
        size=target or spec.size,
        steps=tuple(step.step for step in pipeline.steps),
        suggested=DIALS,
        asked=("model",) if model is not None else (),
        existing=existing,
    )
