import pytest

from vsr.cli.values import Seconds


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90.5", 90.5), ("1:30", 90), ("0:01:30.5", 90.5)]
)
def test_a_time_is_read_as_seconds_or_as_a_clock_shows_it(text: str, seconds: float):
    assert Seconds().convert(text, None, None) == seconds
