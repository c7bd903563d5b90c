import gc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsr.device.flight import Lease, Ring, Starved


def test_a_slot_is_not_lent_twice_until_it_is_back():
    ring = Ring("ab")
    first, second = ring.take(), ring.take()
    assert {first, second} == {"a", "b"}
    with pytest.raises(Starved, match="all 2 slots"):
        ring.take(timeout_seconds=0.01)
    ring.give(first)
    assert ring.take(timeout_seconds=0.01) == first


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 5))
def test_lent_and_free_slots_are_always_all_slots(moves, size):
    ring = Ring(range(size))
    lent: list[int] = []
    for is_take in moves:
        if is_take and ring.free:
            lent.append(ring.take(timeout_seconds=0))
        elif lent:
            ring.give(lent.pop(0))
        assert len(set(lent)) == len(lent)
        assert ring.free + len(lent) == size


def test_a_lease_ends_with_the_last_view_of_a_view():
    memory = np.arange(12, dtype=np.uint8)
    ring = Ring([0])
    lease = Lease(ring, ring.take(), memory)
    view = lease.array()[2:].reshape(2, 5)[:, 1:]
    del lease
    gc.collect()
    assert ring.free == 0
    row = view[1]
    del view
    gc.collect()
    assert ring.free == 0
    assert row.tolist() == [8, 9, 10, 11]
    del row
    gc.collect()
    assert ring.free == 1


def test_a_lease_shares_memory():
    memory = np.zeros(4, dtype=np.uint16)
    ring = Ring([0])
    array = Lease(ring, ring.take(), memory).array()
    memory[1] = 700
    assert array.tolist() == [0, 700, 0, 0]


def test_an_empty_ring_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        Ring([])
