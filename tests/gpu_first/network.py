"""The network in every form: is it right, and how long does it take."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from tests.gpu_first.cases import Case, Task
from tests.gpu_first.plan import MODE_B, Row
from tests.gpu_first.timing import captured, replayed, timed
from vsr.upscaling.engine.engine import open_engine

EXPECTED = ("fp32", "autocast")
"""What other forms are compared with."""


def network(task: Task) -> None:
    """Compare and time every form at both sizes, the engine's own choice, and the published way."""
    for name, preset in task.where.wanted:
        row: Row = {"model": name, "preset": preset}
        task.attempt(row, lambda name=name, preset=preset, row=row: _case(task, name, preset, row))
        if task.where.device.is_cuda:
            torch.cuda.empty_cache()


def _case(task: Task, name: str, preset: str, row: Row) -> Row:
    case = Case(name, preset, task.where)
    expected: dict[str, Tensor] = {}
    for form, run in case.forms():
        task.attempt(
            row | {"form": form}, lambda form=form, run=run: _form(case, form, run, expected)
        )
    run = case.cast()
    for part, work in case.parts(run).items():
        task.attempt(row | {"part": part}, lambda work=work: {"ms": replayed(work, case.where).ms})
    task.attempt(row | {"form": "published"}, lambda: _published(case))
    task.attempt(row | {"form": "engine"}, lambda: _engine(case))
    return {"size": f"{case.spec.source} → {case.spec.output}"}


def _form(
    case: Case, form: str, run: Callable[[Tensor], Tensor], expected: dict[str, Tensor]
) -> Row:
    """Return how far a form is from others in codes, and how long it takes.

    Args:
        expected: what others gave, by their name; those that are compared with are added.
    """
    way = case.pass_of(run)
    codes, again = case.codes(way), case.codes(way)
    if form in EXPECTED:
        expected[form] = codes
    row: Row = {
        "is_finite": bool(case.flag.item()),
        "is_repeatable": torch.equal(codes, again),
        "codes_from": {
            name: int((codes - others).abs().max()) for name, others in expected.items()
        },
    }
    eager = timed(lambda: case.compute(way), case.where)
    row |= {"eager_ms": eager.ms, "eager_host_ms": eager.host_ms}
    if case.where.device.is_cuda:
        graph, stream = captured(lambda: case.compute(way), case.where)
        case.target.zero_()
        case.where.synchronize()
        graph.replay()
        case.where.synchronize()
        row["graph_equals_eager"] = torch.equal(case.target.to(torch.int16), codes)
        replay = timed(graph.replay, case.where, stream)
        row |= {"ms": replay.ms, "host_ms": replay.host_ms}
        row["reserved_mb"] = torch.cuda.memory_reserved(case.where.device.torch_device) >> 20
    return row


def _published(case: Case) -> Row:
    """Return how long the network takes as its paper has it: eager, float32, RGB to RGB."""
    net, size = case.model.net, case.spec.source
    assert net is not None
    device = case.where.device.torch_device
    net = net.to(device)
    picture = torch.rand(1, 3, size.height, size.width, device=device)
    with torch.inference_mode():
        spent = timed(lambda: net(picture), case.where)
    return {"ms": spent.ms, "host_ms": spent.host_ms}


def _engine(case: Case) -> Row:
    """Return what the engine chooses here, its remarks, and how far a frame is from the reference.

    A CPU, which stands for a GPU only in a dry run, has an engine of its own, in float32.
    """
    remarks: list[str] = []
    device, reference = case.where.device, "autocast"
    if case.where.is_dry:
        device, reference = replace(device, precision="fp32"), "fp32"
    frame = case.frame()
    expected = case.planes(case.pass_of(dict(case.forms())[reference]))
    with open_engine(case.model, device, case.spec, say=remarks.append) as engine:
        made = [engine.finish(engine.start(frame)).planes for _ in range(2)]
        path = engine.path
        off = max(int(abs(a.astype(int) - b.astype(int)).max()) for a, b in zip(made[0], expected))
        same = all((a == b).all() for a, b in zip(*made))
    return {
        "path": path,
        "remarks": remarks,
        "is_repeatable": bool(same),
        "codes_from": {reference: off},
    }


def heuristics(task: Task) -> None:
    """Time the cast form with cuDNN's other heuristics, which its process is started with."""
    mode = os.environ.get(MODE_B, "0")
    for name, preset in task.where.wanted:
        row: Row = {"model": name, "preset": preset, "form": f"cast, {MODE_B}={mode}"}
        task.attempt(row, lambda name=name, preset=preset: _cast_ms(Case(name, preset, task.where)))


def _cast_ms(case: Case) -> Row:
    way = case.pass_of(case.cast())
    return {"ms": replayed(lambda: case.compute(way), case.where).ms}


def compiled(task: Task) -> None:
    """Time the cast form compiled by torch, the cheaper mode first."""
    if task.where.is_dry:  # a compiler of C++ would take longer than all the rest
        task.say({"error": "not compiled in a dry run"})
        return
    for mode in ("default", "max-autotune-no-cudagraphs"):
        for name, preset in task.where.wanted:
            row: Row = {"model": name, "preset": preset, "form": f"compiled {mode}"}
            task.attempt(
                row,
                lambda mode=mode, name=name, preset=preset: _compiled(
                    Case(name, preset, task.where), mode
                ),
            )


def _compiled(case: Case, mode: str) -> Row:
    net = case.cast()
    expected = case.codes(case.pass_of(net))
    way = case.pass_of(torch.compile(net, mode=mode, dynamic=False))
    off = int((case.codes(way) - expected).abs().max())
    return {"ms": replayed(lambda: case.compute(way), case.where).ms, "codes_from": {"cast": off}}
