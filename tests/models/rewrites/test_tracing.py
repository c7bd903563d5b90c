"""Networks are traced in one thread while others run theirs."""

import threading
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import nn

from vsr.models.rewrites.tracing import traced_graph

WAIT_SECONDS = 10


class Slow(nn.Module):
    """Says when it runs, and goes on when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 1)
        self.runs, self.may_go = threading.Event(), threading.Event()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.runs.set()
        self.may_go.wait(WAIT_SECONDS)
        return self.conv(x)


def test_a_network_runs_in_a_thread_while_one_is_traced_in_another():
    slow, other = Slow(), nn.Sequential(nn.Conv2d(1, 2, 3), nn.PReLU(), nn.Conv2d(2, 1, 3))
    picture = torch.rand(1, 1, 8, 8)
    expected = other(picture)
    with ThreadPoolExecutor(1) as pool:
        traced = pool.submit(traced_graph, slow)
        assert slow.runs.wait(WAIT_SECONDS)
        try:
            assert torch.equal(other(picture), expected)
        finally:
            slow.may_go.set()
        assert [node.op for node in traced.result().graph.nodes] == [
            "placeholder",
            "call_module",
            "output",
        ]


def test_two_traces_at_once_leave_modules_as_they_were():
    before = nn.Module.__call__, nn.Module.__getattr__
    slow = [Slow(), Slow()]
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(traced_graph, slow[0])
        assert slow[0].runs.wait(WAIT_SECONDS)
        second = pool.submit(traced_graph, slow[1])
        slow[1].runs.wait(0.2)  # as it would if traces were not one at a time
        graphs = []
        for one, traced in zip(slow, (first, second), strict=True):
            one.may_go.set()
            graphs.append(traced.result())
    assert (nn.Module.__call__, nn.Module.__getattr__) == before
    picture = torch.rand(1, 1, 4, 4)
    for one, graph in zip(slow, graphs, strict=True):
        assert torch.equal(graph(picture), one.conv(picture))
