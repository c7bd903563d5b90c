from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from tests.upscaling.toys import BT709, frame, model_of, plain
from vsr.device.select import Device
from vsr.errors import InvalidOption, Refused, UnknownName
from vsr.frames import Extras, Layout
from vsr.upscaling.plan import plan_sizes
from vsr.upscaling.steps import Counters, StepContext, open_steps, output_size
from vsr.values import OutputSize, PtsSpan, Size

SOURCE = Size(40, 28)
BOX = OutputSize(width=60, height=42)


def context(target: OutputSize = BOX, **changes) -> StepContext:
    base = StepContext(
        plan=plan_sizes(SOURCE, Fraction(1), target, (2,)),
        layout=Layout(),
        colour=BT709,
        output_layout=Layout(),
        model=model_of(plain(2)),
        device=Device(kind="cpu"),
    )
    return replace(base, **changes)


def run(names, context, frames, counters=None):
    with ExitStack() as stack:
        stream = iter(frames)
        for step in open_steps(names, context, stack, counters)(PtsSpan()):
            stream = step(stream)
        return list(stream)


@pytest.mark.parametrize(
    ("names", "size"),
    [
        (["upscale", "fit"], Size(60, 42)),
        (["upscale"], Size(80, 56)),
        (["fit"], Size(60, 42)),
        ([], SOURCE),
    ],
)
def test_the_steps_decide_the_size(names, size):
    frames = [frame(pts=number, seed=number) for number in range(3)]
    out = run(names, context(), frames)
    assert [(f.size, f.pts) for f in out] == [(size, 0), (size, 1), (size, 2)]
    assert output_size(names, context().plan) == size


def test_upscale_and_fit_are_one_pass():
    with ExitStack() as stack:
        assert len(open_steps(["upscale", "fit"], context(), stack)(PtsSpan())) == 1


def test_repeated_pictures_are_reused_and_counted():
    frames = [
        replace(frame(pts=number, seed=seed), extras=Extras(captions=bytes([number])))
        for number, seed in enumerate([1, 1, 2, 2, 2, 1])
    ]
    counters = Counters()
    out = run(["upscale"], context(), frames, counters)
    recomputed = [run(["upscale"], context(), [one])[0] for one in frames]
    assert counters.reused == 3
    assert [f.pts for f in out] == [0, 1, 2, 3, 4, 5]
    assert [f.extras for f in out] == [f.extras for f in frames]
    for mine, theirs in zip(out, recomputed, strict=True):
        assert mine.has_equal_planes(theirs)


def test_tiles_that_stand_still_are_counted_once_however_many_spans_there_are():
    size, counters, counts = Size(200, 150), Counters(), []
    still = context(plan=plan_sizes(size, Fraction(1), OutputSize(scale=2), (2,)))
    first = frame(size)
    with ExitStack() as stack:
        steps_of = open_steps(["upscale"], still, stack, counters)
        for span in range(3):
            planes = [plane.copy() for plane in first.planes]
            planes[0][70:74, 40 + span] ^= 1
            (step,) = steps_of(PtsSpan())
            list(step(iter([replace(first, planes=tuple(planes), pts=span)])))
            counts.append(counters.reused_tiles)
    assert counts[0] == 0
    assert counts[1] > 0
    assert counts[2] == 2 * counts[1]


def test_an_unknown_step_is_refused_with_a_suggestion():
    with pytest.raises(UnknownName, match="upscale"):
        run(["upscal"], context(), [])


@pytest.mark.parametrize("names", [["fit", "upscale"], ["upscale", "upscale"]])
def test_an_order_that_cannot_be_meant_is_refused(names):
    with pytest.raises(InvalidOption, match=r"order|twice"):
        run(names, context(), [])


def test_only_the_layout_may_change():
    out = run([], context(output_layout=Layout(10, 0, 0)), [frame()])
    assert (out[0].layout, out[0].size) == (Layout(10, 0, 0), SOURCE)


def test_deinterlacing_follows_what_was_asked():
    woven = [
        replace(frame(pts=number, seed=number), is_interlaced=number > 0) for number in range(4)
    ]
    auto = run(["deinterlace"], context(), woven)
    off = run(["deinterlace"], context(deinterlace="off"), woven)
    assert [f.pts for f in auto] == [f.pts for f in off] == [0, 1, 2, 3]
    assert all(f is w for f, w in zip(off, woven, strict=True))
    changed = [
        not np.array_equal(a.planes[0], w.planes[0]) for a, w in zip(auto, woven, strict=True)
    ]
    assert changed == [False, True, True, True]
    with pytest.raises(Refused, match="--deinterlace"):
        run(["deinterlace"], context(deinterlace="refuse"), woven)
