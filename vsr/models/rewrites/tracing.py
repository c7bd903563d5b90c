"""A network as a graph that can be rewritten, in a process with several threads.

While torch.fx traces, every call of every module goes through it, in all threads: it took the
layers of a network that another thread was running for the traced one's. And of two traces at once
the later one left its hook behind for good.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock, get_ident
from typing import Any

from torch import fx, nn

ONE_AT_A_TIME = Lock()
"""Held while a network is traced: the hooks are those of the process."""


class ThreadTracer(fx.Tracer):
    """A tracer that leaves the modules of other threads alone."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = get_ident()

    def call_module(
        self,
        m: nn.Module,
        forward: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """Record the call of a module; run it as it is in another thread."""
        if get_ident() != self._thread:
            return forward(*args, **kwargs)
        return super().call_module(m, forward, args, kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, fx.Proxy]) -> Any:
        """Return what stands for an attribute of a module; itself in another thread."""
        if get_ident() != self._thread:
            return attr_val
        return super().getattr(attr, attr_val, parameter_proxy_cache)


def traced_graph(net: nn.Module) -> fx.GraphModule:
    """Return a network as a graph of its modules, which it shares with ``net``.

    Raises:
        Exception: of any kind, as tracing runs the network's code.
    """
    with ONE_AT_A_TIME:
        tracer = ThreadTracer()
        graph = tracer.trace(net)
    return fx.GraphModule(net, graph, type(net).__name__)
