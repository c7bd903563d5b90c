"""Whether the kernels of a pass are used: where the device was proved, and they agree with torch.

What a CPU proves of their text a device may still do otherwise. So they are used only on devices
where `vsr.upscaling.engine.kernel_verdict` was right, and even there only after a trial on drawn
codes. Whatever is wrong, torch's own operations serve.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional as F

from vsr.device.failures import is_shortage
from vsr.device.nvrtc.program import Compile, NoKernel, compiler_of
from vsr.device.select import Device
from vsr.frames import Layout
from vsr.upscaling.engine.cuda_pass import exact_inference
from vsr.upscaling.engine.kernel_pass import PassKernels
from vsr.upscaling.passes.passes import LumaPass, Pass, RgbPass
from vsr.values import Size

log = logging.getLogger(__name__)

PROVED: frozenset[str] = frozenset()
"""Devices, as they call themselves, on which the verdict was right and no case slower: none yet."""

ROOM = 1
"""How far, in codes, the kernels may be from torch: sums in another order, and a tie."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a pass is tried on, the same each time.

    Attributes:
        planes: of the source: codes over the whole range.
        tail: what the network might say; some codes are clipped.
        output: the same with its base, as torch adds it; float32.
        targets: planes of the output, not written yet.
        flag: (1,) uint8.
    """

    planes: tuple[Tensor, ...]
    tail: Tensor
    output: Tensor
    targets: tuple[Tensor, ...]
    flag: Tensor

    @classmethod
    def of(cls, kernels: PassKernels, device: torch.device) -> Self:
        """Draw them, on the host so that every device gets the same."""
        spec, tail = kernels.way.spec, kernels.tail
        generator = torch.Generator().manual_seed(0)
        planes = tuple(
            torch.randint(0, 1 << spec.source_format.layout.bits, plane.shape, generator=generator)
            .to(plane.dtype)
            .to(device)
            for plane in _planes(spec.source_format.layout, spec.source, torch.device("cpu"))
        )
        size = spec.source if tail.base is not None else spec.network
        count = len(tail.base.bias) if tail.base is not None else kernels.way.channels
        numbers = torch.rand(1, count, size.height, size.width, generator=generator) * 1.2 - 0.1
        unit = spec.output_format.codes.luma_scale if tail.base is not None else 1.0
        numbers = (numbers * unit).to(device, tail.dtype, memory_format=torch.channels_last)
        output = numbers.float()
        if tail.base is not None:
            weights = tail.base.weights[:, :, None, None]
            output = output + F.conv2d(kernels.way.prepare(planes), weights, tail.base.bias)
        targets = _planes(spec.output_format.layout, spec.output, device)
        return cls(
            planes, numbers, output, targets, torch.ones(1, dtype=torch.uint8, device=device)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """How far the kernels of a pass are from torch.

    Attributes:
        input_codes: of the network's input, beyond one rounding to its dtype.
        output_codes: of the planes.
        has_same_flag: one number that is not finite is found, and none where there is none.
    """

    input_codes: float
    output_codes: int
    has_same_flag: bool

    @property
    def problem(self) -> str:
        """Why the kernels may not be used; ``""`` if they may."""
        if not self.has_same_flag:
            return "they do not find what is not finite"
        if not (self.input_codes <= ROOM and self.output_codes <= ROOM):  # NaN is no room either
            return f"{max(self.input_codes, self.output_codes):.1f} codes from torch"
        return ""


def deviation(kernels: PassKernels, device: torch.device) -> Deviation:
    """Compare both ends of a pass with torch's."""
    with exact_inference():
        drawn = Drawn.of(kernels, device)
        theirs, mine = kernels.way.prepare(drawn.planes), kernels.prepare(drawn.planes).float()
        rounding = torch.finfo(kernels.dtype).eps * theirs.abs()
        apart = float(((mine - theirs).abs() - rounding).max().clamp(min=0))
        is_amplitude = isinstance(kernels.way, LumaPass | RgbPass)
        code = 1 / kernels.way.spec.source_format.codes.luma_scale if is_amplitude else 1.0
        kernels.complete(drawn.tail, drawn.planes, drawn.targets, drawn.flag)
        expected = kernels.way.complete(drawn.output.clone(), drawn.planes)
        furthest = [
            int((one.int() - other.int()).abs().max())
            for one, other in zip(drawn.targets, expected, strict=True)
        ]
        was_finite = bool(drawn.flag)
        drawn.tail[0, -1, -1, -1] = torch.nan
        kernels.complete(drawn.tail, drawn.planes, drawn.targets, drawn.flag)
    return Deviation(
        input_codes=apart / code,
        output_codes=max(furthest),
        has_same_flag=was_finite and not bool(drawn.flag),
    )


def trusted_kernels(
    way: Pass,
    run: object,
    device: Device,
    say: Callable[[str], None],
    *,
    compiled: Compile | None = None,
    proved: frozenset[str] = PROVED,
) -> PassKernels | None:
    """Return the kernels for a pass around a network; None where torch's operations serve.

    Args:
        say: told in one line where kernels that a proved device should have are not used.
        compiled: stands for CuPy's compiler.

    Raises:
        RuntimeError: there is not enough memory (`vsr.device.failures.is_shortage`).
    """
    if device.name not in proved:
        return None
    where = device.torch_device
    try:
        kernels = PassKernels.around(way, run, device.torch_dtype, compiled or compiler_of(where))
        found = deviation(kernels, where)
    except NoKernel as error:
        problem = str(error)
    except Exception as error:  # what CuPy, or a torch that does not fit it, raises at a launch
        if isinstance(error, RuntimeError) and is_shortage(error):
            raise
        problem = (str(error) or type(error).__name__).splitlines()[0]
    else:
        log.info("kernels: %s", found)
        problem = found.problem
        if not problem:
            return kernels
    say(f"CUDA kernels are not used ({problem}): torch's own operations are.")
    return None


def _planes(layout: Layout, size: Size, device: torch.device) -> tuple[Tensor, ...]:
    dtype = torch.uint8 if layout.bits == 8 else torch.uint16
    return tuple(
        torch.zeros(shape, dtype=dtype, device=device) for shape in layout.plane_shapes(size)
    )
