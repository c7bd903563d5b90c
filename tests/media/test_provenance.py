"""A file says what made it, and from where in its source."""

from fractions import Fraction

import pytest

from vsr.media.provenance import start_in, track_tags, with_start

MADE_BY = "vsr 0.1.0: fast ×4, strength 0.60, sharpness 0.60"


@pytest.mark.parametrize(
    ("skipped", "told"),
    [
        (Fraction(90), "from 90 s"),
        (Fraction(181, 2), "from 90.5 s"),
        (Fraction(1001, 30_000), "from 0.033367 s"),
        (Fraction(12_345_678, 1000), "from 12345.678 s"),
    ],
)
@pytest.mark.parametrize("container", ["mp4", "mov", "matroska"])
def test_where_a_part_begins_is_read_back(skipped: Fraction, told: str, container: str) -> None:
    tag = track_tags(container, with_start(MADE_BY, skipped))["encoder"]
    assert tag.startswith(f"vsr 0.1.0 {told}")
    assert start_in(tag) == pytest.approx(float(skipped), abs=1e-6)


def test_what_is_whole_begins_at_0() -> None:
    assert with_start(MADE_BY, Fraction(0)) == MADE_BY
    for made_by in (MADE_BY, "Lavf62.12.102", None, "from 90 s: a film", ""):
        assert start_in(made_by) == 0
