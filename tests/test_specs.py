"""Specs are checked at birth, for the command line and for Python alike."""

import pytest

from vsr.errors import InvalidOption, Refused
from vsr.specs import Target, UpscaleSpec


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"precision": "half"}, "half: no precision of that name"),
        ({"hwaccel": "gpu"}, "gpu: no hwaccel of that name"),
        ({"deinterlace": "yes"}, "yes: no deinterlace of that name"),
        ({"existing": "replace"}, "replace: no existing of that name"),
        ({"strength": "strong"}, "strong: write a number from 0 to 1, or auto"),
        ({"strength": 1.5}, "--strength 1.5 must lie between"),
        ({"tile": 8}, "--tile 8 must be at least 16"),
    ],
)
def test_a_value_that_there_is_none_of_is_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(Refused, match=message):
        UpscaleSpec(target=Target(scale=2), steps=(), **values)  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize("scale", [0, 2.5])
def test_a_size_is_whole_and_at_least_1(scale: float) -> None:
    with pytest.raises(InvalidOption, match="must be at least 1, and whole"):
        Target(scale=scale)  # type: ignore[arg-type]  # on purpose
