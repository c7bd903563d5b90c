"""Where the time goes: the longest kernels, and the last layer of swift-srgan in three forms."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from tests.benchmarks.swift_tail import tails
from tests.gpu_first.cases import SCALE, SIZES, Case, Task, Where
from tests.gpu_first.plan import Row
from tests.gpu_first.timing import replayed
from vsr.models import catalog
from vsr.upscaling.engine.cuda_forms import Forward, forms
from vsr.upscaling.engine.cuda_pass import exact_inference

LONGEST = 16
"""Kernels that are listed."""


def profile(task: Task) -> None:
    """List the longest kernels of one eager pass of the cast form."""
    for name, preset in task.where.wanted:
        row: Row = {"model": name, "preset": preset}
        task.attempt(row, lambda name=name, preset=preset: _longest(Case(name, preset, task.where)))


def _longest(case: Case) -> Row:
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiled

    is_cuda = case.where.device.is_cuda
    kinds = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * is_cuda
    way = case.pass_of(case.cast())
    case.codes(way)
    with profiled(activities=kinds) as seen:
        case.codes(way)
    spent = "self_device_time_total" if is_cuda else "self_cpu_time_total"
    kernels = [
        (event.key[:90], event.count, getattr(event, spent))
        for event in seen.key_averages()
        if not is_cuda or str(event.device_type).endswith("CUDA")
    ]
    kernels.sort(key=lambda kernel: -kernel[2])
    return {"kernels": [[key, count, round(us / 1e3, 4)] for key, count, us in kernels[:LONGEST]]}


def last_layer(task: Task) -> None:
    """Time swift-srgan with its last layer lifted to cells, padded to 16 outputs, and as it was."""
    net = catalog.load("swift-srgan", SCALE).net
    assert net is not None
    published = copy.deepcopy(net).to(task.where.device.torch_device)
    for preset in ("1080p",) if task.where.is_dry else SIZES:
        size = task.where.size(preset)
        numbers = torch.Generator().manual_seed(0)
        picture = torch.rand(1, 3, size.height, size.width, generator=numbers)
        picture = picture.to(task.where.device.torch_device)
        with exact_inference():
            expected = published(picture)
        for way, own in tails(net).items():
            task.attempt(
                {"preset": preset, "way": way},
                lambda own=own, picture=picture, expected=expected: _tail(
                    own, picture, expected, task.where
                ),
            )


def _tail(net: nn.Module, picture: Tensor, expected: Tensor, where: Where) -> Row:
    """Return the milliseconds of a network, cast, and how far it is from the expected picture."""
    device = where.device.torch_device
    there = net.to(device, memory_format=torch.channels_last)
    *_, form = forms(there, where.device.torch_dtype)
    assert form.run is not None
    run: Forward = form.run
    given = picture.contiguous(memory_format=torch.channels_last)

    def work() -> Tensor:
        with exact_inference():
            return run(given)

    off = float((work().float() - expected).abs().max())
    return {"ms": replayed(work, where).ms, "off": round(off, 4)}
