"""A network at a size, in every form that the engine may take, and what it makes of drawn codes.

The only file here that knows the engine's own parts.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tests.gpu_first.plan import Row, Say
from vsr.colour import Colour, Matrix, Range, Siting
from vsr.device.select import Device
from vsr.device.yuv import YuvFormat
from vsr.frames import HostFrame, Layout
from vsr.models import catalog
from vsr.upscaling.engine.cuda_forms import autocast, forms, with_exact_base
from vsr.upscaling.engine.cuda_pass import DevicePass, exact_inference
from vsr.upscaling.passes.folding import route
from vsr.upscaling.passes.passes import PassSpec
from vsr.values import Size

SCALE = 4
COLOUR = Colour(matrix=Matrix.BT709, range=Range.LIMITED, siting=Siting.LEFT)
WANTED = (
    ("fast", "1080p"),
    ("swift-srgan", "1080p"),
    ("fast", "4k"),
    ("swift-srgan", "4k"),
)
SIZES = {"1080p": Size(480, 270), "4k": Size(960, 540)}
DRY_SIZE = Size(4, 4)
"""For ``--dry``: any size shows whether it runs."""


@dataclass(frozen=True, slots=True)
class Where:
    """What a stage is run on.

    Attributes:
        is_dry: a CPU stands for the GPU, and everything is tiny.
    """

    device: Device
    is_dry: bool

    @property
    def wanted(self) -> tuple[tuple[str, str], ...]:
        """Networks and presets, the most wanted first."""
        return WANTED[:2] if self.is_dry else WANTED

    def size(self, preset: str) -> Size:
        """Return the size of a preset's source."""
        return DRY_SIZE if self.is_dry else SIZES[preset]

    def synchronize(self) -> None:
        """Wait for the device."""
        if self.device.is_cuda:
            torch.cuda.synchronize(self.device.torch_device)


@dataclass(frozen=True, slots=True)
class Task:
    """What a stage is given.

    Attributes:
        say: takes a row, which is on disk at once.
        clips: folder of clips, drawn there where they lack.
        seconds: after which the stage is ended.
    """

    where: Where
    say: Say
    clips: Path
    seconds: float

    def attempt(self, row: Row, work: Callable[[], Row]) -> None:
        """Say a row with what work found, or with what stopped it: the others go on."""
        try:
            self.say(row | work())
        except Exception as error:  # whatever a device raises is an answer
            self.say(row | {"error": first_line(error)})


def first_line(error: BaseException) -> str:
    """Return an error in one line."""
    lines = str(error).splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"[:300]


class Case:
    """A network at a size: memory, passes and forms.

    Attributes:
        spec: what enters and leaves.
        net: on its device, as the engine runs it.
    """

    def __init__(self, name: str, preset: str, where: Where) -> None:
        given = YuvFormat(Layout(), COLOUR)
        size = where.size(preset)
        self.model, self.preset, self.where = catalog.load(name, SCALE), preset, where
        self.spec = PassSpec(
            source=size, source_format=given, output=size.scaled(SCALE), output_format=given,
            scale=SCALE,
        )  # fmt: skip
        self._pass, net = route(self.model, self.spec, is_dense=True)
        assert net is not None
        device = where.device.torch_device
        net = copy.deepcopy(net).to(device)
        self.net = with_exact_base(net.to(memory_format=torch.channels_last))
        first = self.pass_of(self.net)
        self.source, self.target = (
            torch.zeros(packing.size, dtype=torch.uint8, device=device)
            for packing in (first.source, first.target)
        )
        self.flag = torch.zeros(1, dtype=torch.uint8, device=device)
        self._draw(first)

    @property
    def name(self) -> str:
        """The network's name."""
        return self.model.name

    def pass_of(self, run: Callable[[Tensor], Tensor] | None) -> DevicePass:
        """Return the pass from decoded to encoded bytes with a network in its middle."""
        return DevicePass(self.spec, self._pass, run, ())

    def forms(self) -> Iterator[tuple[str, Callable[[Tensor], Tensor]]]:
        """Yield every form by name: float32 first, then autocast, then what the engine tries."""
        dtype = self.where.device.torch_dtype
        seen: list[str] = []
        for label, form in (
            ("fp32", autocast(self.net, torch.float32)),
            ("autocast", autocast(self.net, dtype)),
            *((form.name, form) for form in forms(self.net, dtype)),
        ):
            assert form.run is not None
            seen.append(label)
            count = seen.count(label)
            yield label if count == 1 else f"{label} {count}", form.run

    def cast(self) -> nn.Module:
        """Return the network whose weights were cast once."""
        run = dict(self.forms())["cast"]
        assert isinstance(run, nn.Module)
        return run

    def compute(self, way: DevicePass) -> None:
        """Enqueue a pass on this case's memory."""
        way(self.source, self.target, self.flag)

    def frame(self) -> HostFrame:
        """Return the drawn codes as a decoded frame."""
        way = self.pass_of(None)
        planes = way.source.arrays(self.source.cpu().numpy())
        return HostFrame(planes=planes, pts=0, layout=Layout(), colour=COLOUR)

    def planes(self, way: DevicePass) -> tuple[NDArray[np.uint8], ...]:
        """Return the planes that a pass makes of the drawn codes."""
        self.codes(way)
        return way.target.arrays(self.target.cpu().numpy())

    def codes(self, way: DevicePass) -> Tensor:
        """Return what a pass makes of the drawn codes: int16, all planes."""
        self.target.zero_()
        self.compute(way)
        self.where.synchronize()
        return self.target.to(torch.int16)

    def parts(self, run: Callable[[Tensor], Tensor]) -> dict[str, Callable[[], object]]:
        """Return what a pass consists of, each to be run alone."""
        way = self.pass_of(run)
        with exact_inference():
            planes = way.source.tensors(self.source)
            picture = way.prepare(planes)
            output = run(picture)
            targets = way.target.tensors(self.target)

        def exactly(work: Callable[[], object]) -> Callable[[], object]:
            def inside() -> None:
                with exact_inference():
                    work()

            return inside

        return {
            "prepare": exactly(lambda: way.prepare(planes)),
            "network": exactly(lambda: run(picture)),
            "complete": exactly(lambda: way.complete(output, planes, targets, self.flag)),
        }

    def _draw(self, way: DevicePass) -> None:
        codes = torch.Generator().manual_seed(0)
        for plane in way.source.tensors(self.source):
            plane.copy_(torch.randint(1 << way.source.layout.bits, plane.shape, generator=codes))
