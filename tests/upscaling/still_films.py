"""Films of which little moves, and how they are sent through an engine."""

from collections.abc import Sequence

import numpy as np

from tests.upscaling.toys import BT709, frame
from vsr.device.overlap import Reuse, double_buffered
from vsr.frames import HostFrame
from vsr.values import Size

STILL = (40, 40, 0)
SQUARE = (40, 44, 6)

SIZE = Size(112, 96)


def painted(source: HostFrame, top: int, left: int, side: int, plane: int = 0) -> HostFrame:
    """The same frame with a square of one plane inverted."""
    planes = [own.copy() for own in source.planes]
    peak = (1 << source.layout.bits) - 1
    rows, columns = (slice(at // (2 if plane else 1), (at + side)) for at in (top, left))
    planes[plane][rows, columns] = peak - planes[plane][rows, columns]
    return HostFrame(planes=tuple(planes), pts=source.pts + 1, layout=source.layout, colour=BT709)


def film(changes: Sequence, first: HostFrame) -> list[HostFrame]:
    frames = [first]
    for change in changes:
        last = frames[-1]
        if change == "everything":
            frames.append(frame(SIZE, first.layout, pts=last.pts + 1, seed=last.pts + 100))
        else:
            frames.append(painted(last, *change))
    return frames


def enlarged(engine, frames: Sequence[HostFrame], count: int | None = None) -> list[HostFrame]:
    """Send frames through as the step does and close after ``count``; planes are copied."""
    reuse = Reuse(engine.start, engine.finish)
    flow = double_buffered(frames, reuse.start, reuse.finish, engine.depth)
    out = []
    for one in flow:
        out.append(tuple(plane.copy() for plane in one.planes))
        del one
        if len(out) == count:
            break
    flow.close()
    return out


def are_equal(some, others) -> bool:
    return len(some) == len(others) and all(
        np.array_equal(a, b)
        for one, other in zip(some, others, strict=True)
        for a, b in zip(one, other, strict=True)
    )
