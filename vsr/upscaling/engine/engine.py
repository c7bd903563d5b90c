"""The engine of a device: decoded frames in, enlarged frames out.

At which precision it computes is decided before, in `vsr.upscaling.engine.precision`.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from vsr.device.select import Device
from vsr.frames import HostFrame
from vsr.upscaling.engine.cpu_engine import CpuEngine
from vsr.upscaling.passes.passes import PassSpec

if TYPE_CHECKING:
    from vsr.models.catalog import Model


class Engine(Protocol):
    """What both engines do; made for `vsr.device.overlap.double_buffered`.

    ``depth`` is how many frames are worth keeping in flight.
    """

    @property
    def depth(self) -> int:
        """How many frames are worth keeping in flight."""
        ...

    @property
    def reused_tiles(self) -> int:
        """How many tiles have reused the output of the previous frame so far."""
        ...

    @property
    def path(self) -> str:
        """How the frame started last is computed: what its bits depend on beside the plan."""
        ...

    def start(self, frame: HostFrame) -> Any:
        """Start a frame and return its ticket."""
        ...

    def finish(self, ticket: Any) -> HostFrame:
        """Wait for that frame only and return it, enlarged."""
        ...

    def close(self) -> None:
        """Release network and memory; every ticket must be finished."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def open_engine(
    model: Model | None,
    device: Device,
    spec: PassSpec,
    *,
    tile: int | None = None,
    say: Callable[[str], None] = lambda line: None,
    mark: Callable[[], None] | None = None,
) -> Engine:
    """Open the engine of a device.

    Args:
        model: None resizes without a network.
        tile: the largest tile side in low-resolution pixels; None lets memory decide.
        say: called once for each remark for the user (a redo in fp32, smaller tiles).
        mark: called with every tile; a GPU's tiles take no time worth watching.

    Raises:
        Failed: not even the smallest tile fits (OutOfDeviceMemory on a CUDA device).
    """
    if device.is_cuda:
        from vsr.upscaling.engine.cuda_engine import CudaEngine

        return CudaEngine.open(model, device, spec, tile=tile, say=say)
    if device.kind == "onnx" and model is not None:
        return CpuEngine.by_onnx(model, device, spec, tile=tile, mark=mark)
    return CpuEngine.open(model, spec, tile=tile, precision=device.precision, say=say, mark=mark)
