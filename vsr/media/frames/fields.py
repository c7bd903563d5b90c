"""Which field of an interlaced frame comes first."""

from __future__ import annotations

import av
from av.filter import Graph
from av.video.frame import VideoFrame

from vsr.media.frames.planes import buffer_for, kind_of


class FieldOrder:
    """Read a frame's field order.

    av 18.1 does not expose that flag of a frame, but FFmpeg's ``select`` filter reads it: the
    frame passes if its top field is the earlier one.
    """

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._key: tuple[object, ...] = ()

    def is_top_first(self, frame: VideoFrame) -> bool:
        """Return whether the top field of an interlaced frame comes first."""
        key = kind_of(frame)
        if self._graph is None or key != self._key:
            self._graph, self._key = _top_first_only(frame), key
        self._graph.vpush(frame)
        try:
            self._graph.vpull()
        except (av.BlockingIOError, EOFError):
            return False
        return True


def _top_first_only(frame: VideoFrame) -> Graph:
    graph = Graph()
    select = graph.add("select", "eq(interlace_type,1)")
    sink = graph.add("buffersink")
    graph.link_nodes(buffer_for(graph, frame), select, sink).configure()
    return graph
