"""A traced network: what every rewrite of `vsr.models.rewrites.fuse` needs to read and change."""

from __future__ import annotations

from typing import TypeVar

from torch import fx, nn

Kind = TypeVar("Kind", bound=nn.Module)


class Traced:
    """A graph of calls of modules, rewritten in place. Call `tidy` after a rewrite."""

    def __init__(self, graph: fx.GraphModule) -> None:
        self._graph = graph

    @property
    def nodes(self) -> list[fx.Node]:
        """The nodes in the order in which they run, as they are now."""
        return list(self._graph.graph.nodes)

    def module(self, node: fx.Node, kind: type[Kind]) -> Kind | None:
        """Return the module of this kind that a node calls, or None."""
        if node.op != "call_module":
            return None
        module = self._graph.get_submodule(str(node.target))
        return module if isinstance(module, kind) else None

    def before(self, node: fx.Node) -> fx.Node | None:
        """Return the only input of a node, if nothing else reads it."""
        first = node.args[0] if len(node.args) == 1 and not node.kwargs else None
        return first if isinstance(first, fx.Node) and len(first.users) == 1 else None

    def call(self, node: fx.Node, module: nn.Module) -> None:
        """Make a node call ``module`` under a new name; the old may be called elsewhere too."""
        name = f"fused_{node.name}"
        self._graph.add_module(name, module)
        node.target = name

    def drop(self, node: fx.Node) -> None:
        """Remove a node from the graph; its readers then read its input."""
        node.replace_all_uses_with(node.all_input_nodes[0])
        self._graph.graph.erase_node(node)

    def tidy(self) -> None:
        """Drop modules that are no longer called, check the graph, compile it."""
        self._graph.delete_all_unused_submodules()
        self._graph.graph.lint()
        self._graph.recompile()
