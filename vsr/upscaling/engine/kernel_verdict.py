"""The kernels of a device against torch's operations there: how far apart, and how long each takes.

A device where this is right and nothing is slower belongs into `kernel_trial.PROVED`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import torch
from torch import nn

from vsr.colour import Colour, Matrix, Range, Siting
from vsr.device.nvrtc.program import Compile, NoKernel, compiler_of
from vsr.device.select import Device
from vsr.device.yuv import YuvFormat
from vsr.frames import Layout
from vsr.models.plain import fast
from vsr.upscaling.engine.cuda_pass import exact_inference
from vsr.upscaling.engine.kernel_pass import PassKernels
from vsr.upscaling.engine.kernel_trial import Drawn, deviation
from vsr.upscaling.passes.folding import fold
from vsr.upscaling.passes.passes import Pass, PassSpec, RgbPass
from vsr.values import Size

SIZES = (Size(480, 270), Size(960, 540))
"""Sizes of the sources: to 1080p and to 4K."""

FORMATS = (
    (Layout(8, 1, 1), Siting.LEFT),
    (Layout(10, 1, 1), Siting.TOP_LEFT),
    (Layout(8, 1, 0), Siting.LEFT),
    (Layout(12, 0, 0), Siting.LEFT),
    (Layout(8, 0, 0, is_gray=True), Siting.LEFT),
)
"""The usual one first, whose times count; the others for their codes."""

WARM_UPS, RUNS = 3, 30
"""How often each way is run before it is timed, and timed; the median counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A pass, and the network in its middle as far as it decides the pass's ends."""

    name: str
    way: Pass
    net: nn.Module | None
    is_usual: bool


def cases(sizes: tuple[Size, ...] = SIZES) -> Iterator[Case]:
    """Yield all kinds of pass, ×4, in each size and format."""
    for size in sizes:
        for layout, siting in FORMATS:
            colour = Colour(matrix=Matrix.BT709, range=Range.LIMITED, siting=siting)
            picture = YuvFormat(layout, colour)
            spec = PassSpec(
                source=size,
                source_format=picture,
                output=size.scaled(4),
                output_format=picture,
                scale=4,
            )
            name = f"{size} {layout.subsampling} {layout.bits} bit"
            is_usual = (layout, siting) == FORMATS[0]
            for kind, keeps_means in (("folded", False), ("local means", True)):
                folded, net = fold(fast(4), spec, keeps_means=keeps_means)
                yield Case(name=f"{kind} {name}", way=folded, net=net, is_usual=is_usual)
            yield Case(name=f"RGB {name}", way=RgbPass(spec), net=None, is_usual=is_usual)


def verdict(
    device: Device, *, compiled: Compile | None = None, sizes: tuple[Size, ...] = SIZES
) -> dict[str, Any]:
    """Return what the kernels are worth on a device, as JSON holds it.

    Args:
        compiled: stands for CuPy's compiler.

    Returns:
        ``device``; ``is_right``: all codes within one of torch's; ``is_faster``: in every usual
        case; ``problem``: what kept them from running, or None; ``cases``: by name the deviation in
        codes and, for the usual ones, the milliseconds of both ends by torch and by kernels.
    """
    rows: dict[str, dict[str, Any]] = {}
    is_right = is_faster = True
    problem = None
    try:
        for case in cases(sizes):
            rows[case.name] = row = _row(case, device, compiled)
            is_right &= row["is_right"]
            if case.is_usual:
                is_faster &= row["kernels_ms"] < row["torch_ms"]
    except (NoKernel, RuntimeError) as error:
        problem, is_right, is_faster = str(error).splitlines()[0], False, False
    return {
        "device": device.name,
        "is_right": is_right,
        "is_faster": is_faster,
        "problem": problem,
        "cases": rows,
    }


def _row(case: Case, device: Device, compiled: Compile | None) -> dict[str, Any]:
    where, dtype = device.torch_device, device.torch_dtype
    net = case.net.to(where) if case.net is not None else None
    kernels = PassKernels.around(case.way, net, dtype, compiled or compiler_of(where))
    found = deviation(kernels, where)
    row: dict[str, Any] = asdict(found) | {"is_right": not found.problem}
    if case.is_usual:
        row |= _times(case.way, kernels, where)
    return row


def _times(way: Pass, kernels: PassKernels, device: torch.device) -> dict[str, float]:
    """Return the milliseconds of both ends; torch's without the base, which its network adds."""
    with exact_inference():
        drawn = Drawn.of(kernels, device)

        def by_torch() -> None:
            way.prepare(drawn.planes).to(kernels.dtype)
            drawn.flag.copy_(torch.isfinite(drawn.output).all())
            planes = way.complete(drawn.output, drawn.planes)
            for own, plane in zip(drawn.targets, planes, strict=True):
                own.copy_(plane)

        def by_kernels() -> None:
            kernels.prepare(drawn.planes)
            kernels.complete(drawn.tail, drawn.planes, drawn.targets, drawn.flag)

        return {
            "torch_ms": _milliseconds(by_torch, device),
            "kernels_ms": _milliseconds(by_kernels, device),
        }


def _milliseconds(work: Callable[[], None], device: torch.device) -> float:
    """Return the median time of the work: as a graph on the device, else of this process."""
    if device.type != "cuda":
        return median(_process_milliseconds(work) for _ in range(RUNS))
    graph, stream = torch.cuda.CUDAGraph(), torch.cuda.Stream(device)  # type: ignore[no-untyped-call] # torch has no types there
    with torch.cuda.device(device), torch.cuda.stream(stream):
        for _ in range(WARM_UPS):
            work()
        stream.synchronize()
        with torch.cuda.graph(graph, stream=stream):
            work()
        return median(_replayed_milliseconds(graph) for _ in range(RUNS))


def _replayed_milliseconds(graph: torch.cuda.CUDAGraph) -> float:
    started, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call] # torch has no types there
    started.record()
    graph.replay()
    ended.record()
    ended.synchronize()
    return float(started.elapsed_time(ended))


def _process_milliseconds(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1e3
