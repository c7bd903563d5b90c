"""The engine, decoded frames in and enlarged frames out, and the precision that it runs at.

The precision on a CPU goes by the network, the source and the processor, never by a timing: two
runs, two workers and a resume decide the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from vsr.colour import Colour
from vsr.device.select import Chosen, Device, is_bf16_native
from vsr.errors import InvalidOption
from vsr.frames import HostFrame, Layout
from vsr.models.foreign.adapter import Foreign, passes_in
from vsr.specs import Precision
from vsr.upscaling.engine.cpu_engine import CpuEngine
from vsr.upscaling.passes.passes import PassSpec

if TYPE_CHECKING:
    from vsr.models.catalog import Model


INT8_BITS = 8
"""The deepest source for which ``auto`` takes int8, whose errors are near half a code of 8 bits."""


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


def with_precision(
    device: Device, wanted: Precision, model: Model, layout: Layout, colour: Colour
) -> Device:
    """Return the device at the precision of this network and source, and why.

    ``auto`` is int8 on the CPU where it is exact and the weights, or half of a blend, were tuned
    for it: others may change patterns of single pixels by half of all codes. Networks
    that others wrote, slower by far, take half precision where a trial finds it equal.

    Args:
        wanted: what was asked for when the device was selected.
        layout: of the source, and
        colour: of its codes.

    Raises:
        InvalidOption: int8 was asked for, and the network or the processor cannot.
    """
    if device.kind == "onnx":
        return device
    if isinstance(model.net, Foreign):
        return _of_others(device, wanted, model.name, model.net)
    if device.is_cuda or wanted not in ("auto", "int8"):
        return device
    if model.net is None:
        return replace(device, precision="fp32")
    reason = why_not_int8(model)
    if wanted == "int8":
        if reason is not None:
            raise InvalidOption(f"--precision int8: {reason}. Omit --precision.")
        return device
    if reason is None and not (model.card and model.card.is_quantised):
        reason = f"{model.name} was not tuned for int8"
    if reason is None and layout.bits > INT8_BITS:
        reason = f"the source has {layout.bits} bits"
    if reason is None and colour.is_hdr:
        reason = "the source is HDR"
    if reason is None:
        return replace(device, precision="int8", why=f"{device.why}; int8 is exact here")
    return replace(device, precision="fp32", why=f"{device.why}; fp32, as {reason}")


def _of_others(device: Device, wanted: Precision, name: str, net: Foreign) -> Device:
    """Return the device at half precision where it has that and a trial gave nearly the same.

    fp16 on CUDA; bf16 on a CPU that multiplies in it.
    """
    if wanted == "int8":
        raise InvalidOption(f"--precision int8: {name} is no plain network. Omit --precision.")
    if wanted == "fp32":
        return device
    half: Chosen = device.precision
    if not device.is_cuda and wanted == "auto":
        half = "bf16" if is_bf16_native() else "fp32"
    chosen = replace(device, precision=half)
    if half == "fp32" or passes_in(net, chosen.torch_dtype, chosen.torch_device):
        return chosen
    return replace(device, precision="fp32", why=f"{device.why}; {name} differs in {half}")


def why_not_int8(model: Model) -> str | None:
    """Return why a network cannot run in 8-bit integers here; None if it can."""
    from vsr.models.int8.convolution import refusal
    from vsr.models.plain import Plain

    if not isinstance(model.net, Plain):
        return f"{model.name} is no plain network with ReLU"
    return refusal()
