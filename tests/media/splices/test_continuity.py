"""Audio times continue across splices, and are unchanged elsewhere."""

import pytest

from vsr.media.streams.continuity import Continuity


@pytest.mark.parametrize(
    ("read", "written"),
    [
        ([0, 24, 48, 72], [0, 24, 48, 72]),
        ([1000, 1024, 0, 24, 48], [1000, 1024, 1048, 1072, 1096]),
        ([1000, 1024, 0, 1049, 1073], [1000, 1024, 1048, 1049, 1073]),
        ([0, 24, 5000, 5024], [0, 24, 5000, 5024]),
        ([1000, 1024, 1020, 1044], [1000, 1024, 1020, 1044]),
    ],
    ids=["even", "a splice", "one stray packet", "a gap", "a small step back"],
)
def test_a_new_beginning_goes_on_after_the_last_packet(read: list[int], written: list[int]) -> None:
    clock, times = Continuity(), []
    for dts in read:
        clock.last = dts + clock.shift_at(dts, 24, 500)
        times.append(clock.last)
    assert times == written
