"""The steps of a video pipeline by name, and in which order they run. Light to import."""

from __future__ import annotations

from collections.abc import Sequence

from vsr.errors import InvalidOption, one_of

HOST, DEVICE = "host", "device"

STEPS = {"deinterlace": HOST, "upscale": DEVICE, "fit": DEVICE}
"""Every step, and where it runs."""


def check_steps(names: Sequence[str]) -> None:
    """Check that the steps can be run in this order.

    Raises:
        UnknownName: a name is not that of a step.
        InvalidOption: an invalid order or repetition.
    """
    for name in names:
        one_of(name, STEPS, "step")
        if list(names).count(name) > 1:
            raise InvalidOption(f"the step '{name}' appears twice in the pipeline.")
    order = [name for name in STEPS if name in names]
    if order != list(names):
        raise InvalidOption(f"steps {', '.join(names)}: their order must be {', '.join(order)}.")
