"""Order and lifetime on a simulated device that does its work as late, and as mixed, as allowed."""

from collections import deque
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.device.slow_lanes import SlowLane, World
from vsr.device.flight import Flight, Ring
from vsr.device.overlap import double_buffered


class Out:
    """What readers hold."""

    value: int | None = None


class Box:
    """A slot of memory: what was given, what of it is on the device, and what that comes to."""

    given: int | None = None
    value: int | None = None
    result: int | None = None

    def fill(self, item: int) -> None:
        self.given = item

    def upload(self) -> None:
        self.value = self.given

    def compute(self) -> None:
        assert self.value is not None  # it was uploaded
        self.result = self.value * 2

    def download(self, output: Out) -> None:
        output.value = self.result


def flight(world: World, slots: int, outputs: Ring[Out]) -> Flight[int, Out]:
    return Flight(world.lanes, [Box() for _ in range(slots)], outputs)


counts = st.integers(1, 4)


@settings(deadline=None)
@given(st.lists(st.integers(), max_size=25), counts, counts, st.integers(0, 10**6))
def test_every_interleaving_gives_what_map_gives(items, slots, depth, seed):
    outputs = Ring(Out() for _ in range(depth))
    flying = flight(World(seed), slots, outputs)

    def read_and_return(ticket) -> int:
        slot = flying.finish(ticket)
        value = slot.value
        outputs.give(slot)
        return value

    got = list(double_buffered(items, flying.start, read_and_return, depth))
    assert got == [item * 2 for item in items]
    assert outputs.free == depth


@settings(deadline=None)
@given(st.integers(0, 12), counts, st.integers(0, 10**6))
def test_slow_readers_keep_their_pictures(count, held, seed):
    """A reader that holds slots for a while still sees its own picture in each."""
    outputs = Ring(Out() for _ in range(held + 2))
    flying = flight(World(seed), 2, outputs)
    in_hand: deque[tuple[int, Out]] = deque()
    for number, slot in enumerate(double_buffered(range(count), flying.start, flying.finish, 2)):
        in_hand.append((number, slot))
        assert all(box.value == own * 2 for own, box in in_hand)
        if len(in_hand) == held:
            outputs.give(in_hand.popleft()[1])


class Lent:
    """A finished picture: its slot comes back when nothing holds it any more."""

    def __init__(self, ring: Ring[Out], slot: Out) -> None:
        self._ring, self._slot = ring, slot

    def __del__(self) -> None:
        self._ring.give(self._slot)


@given(st.integers(1, 10), st.integers(0, 10), counts, st.integers(0, 10**6))
def test_early_close_brings_every_slot_back(count, taken, depth, seed):
    outputs = Ring(Out() for _ in range(depth))
    flying = flight(World(seed), 2, outputs)

    def finish(ticket) -> Lent:
        return Lent(outputs, flying.finish(ticket))

    results = double_buffered(range(count), flying.start, finish, depth)
    for _ in range(min(taken, count)):
        next(results)
    results.close()
    assert outputs.free == depth


class Broken(SlowLane):
    def run(self, work: Callable[[], None]) -> None:
        raise MemoryError("no room on the device")


def test_a_launch_that_fails_brings_its_slot_back():
    world = World(0)
    outputs = Ring([Out()])
    flying = Flight([world.lanes[0], Broken(world), world.lanes[2]], [Box()], outputs)
    with pytest.raises(MemoryError):
        flying.start(1)
    assert outputs.free == 1


@pytest.mark.parametrize("forgotten", ["run", "down", "host"])
def test_the_simulated_device_shows_a_missing_wait(forgotten):
    """Without the waits of any one lane some interleaving goes wrong: the tests above can fail."""

    def wrong(seed: int) -> bool:
        world = World(seed)
        outputs = Ring(Out() for _ in range(3))
        flying = flight(world, 1, outputs)
        if forgotten != "host":
            world.lanes[("up", "run", "down").index(forgotten)].wait = lambda point: None
        try:
            tickets = []
            for item in (1, 2, 3):
                tickets.append(flying.start(item))
                if forgotten == "host":
                    flying._turns[0] = (flying._turns[0][0], None)
            return [flying.finish(ticket).value for ticket in tickets] != [2, 4, 6]
        except AssertionError:
            return True  # computed before it was uploaded

    assert any(wrong(seed) for seed in range(200))
