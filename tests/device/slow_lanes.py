"""A simulated device that does its work as late, and as mixed, as events allow."""

import random
from collections import deque
from collections.abc import Callable


class Point:
    def __init__(self, world: "World") -> None:
        self.world = world
        self.passed = False

    def synchronize(self) -> None:
        while not self.passed:
            self.world.step()


class SlowLane:
    """Does nothing until something waits; then any lane that can continue may."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.queue: deque[Callable[[], None] | Point | tuple[Point]] = deque()

    def run(self, work: Callable[[], None]) -> None:
        self.queue.append(work)

    def record(self) -> Point:
        point = Point(self.world)
        self.queue.append(point)
        return point

    def wait(self, point: Point) -> None:
        self.queue.append((point,))

    def can_go_on(self) -> bool:
        head = self.queue[0] if self.queue else None
        return head is not None and not (isinstance(head, tuple) and not head[0].passed)

    def step(self) -> None:
        head = self.queue.popleft()
        if isinstance(head, Point):
            head.passed = True
        elif callable(head):
            head()


class World:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lanes = [SlowLane(self) for _ in range(3)]

    def step(self) -> None:
        ready = [lane for lane in self.lanes if lane.can_go_on()]
        assert ready, "deadlock"
        self.random.choice(ready).step()
