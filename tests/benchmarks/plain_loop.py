"""The loop that a user would write with PyAV and PyTorch, to compare the pipeline with.

Decode, one conversion by swscale, enlarge, one conversion back, encode; eager, default layout,
default allocator, torch's own threads, float32, one frame after the other. It runs in a process of
its own (``python -m tests.benchmarks.plain_loop``), because the program tunes its allocator and
threads (`vsr.jobs.process_setup.settle`), and a user's loop would not. The first line of its stdin
is the request, as JSON; each further line asks for one run, answered by a line with its frames and
seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from vsr.errors import Failed
from vsr.jobs.upscale.job import Job
from vsr.media.encoding.codecs import Encoder
from vsr.media.frames.formats import layout_of
from vsr.models import catalog
from vsr.values import Size

if TYPE_CHECKING:
    from torch import Tensor

Picture = NDArray[np.uint8]

DEFAULT_RATE = Fraction(25)
"""If the source's frame rate is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainSpec:
    """One run of the plain loop.

    Attributes:
        taken_as: the network's input, as FFmpeg's pixel format: ``rgb24`` or ``yuv420p``.
        encoder: None discards the frames instead of encoding them.
        target: a NUT file.
    """

    source: Path
    target: Path
    output: Size
    taken_as: str
    pix_fmt: str
    encoder: Encoder | None


def plain_loop(spec: PlainSpec, frames: int, enlarge: Callable[[Picture], Picture]) -> int:
    """Enlarge the first frames of a clip and return how many there were.

    Args:
        enlarge: takes a frame, (H, W, 3) for rgb24 or (1.5 H, W) for yuv420p; returns a larger one.
    """
    count = 0
    with ExitStack() as stack:
        container = stack.enter_context(av.open(str(spec.source)))
        stream = container.streams.video[0]
        rate = Fraction(stream.average_rate or DEFAULT_RATE)
        encode = _open_encoder(spec, stack, rate) if spec.encoder else None
        for frame in islice(container.decode(stream), frames):
            taken = frame.reformat(frame.width // 2 * 2, frame.height // 2 * 2, spec.taken_as)
            picture = enlarge(cast(Picture, taken.to_ndarray()))
            large = av.VideoFrame.from_ndarray(picture, format=spec.taken_as)
            large = large.reformat(spec.output.width, spec.output.height, spec.pix_fmt)
            large.pts, large.time_base = count, 1 / rate
            if encode is not None:
                encode(large)
            count += 1
        if encode is not None:
            encode(None)
    return count


def _open_encoder(
    spec: PlainSpec, stack: ExitStack, rate: Fraction
) -> Callable[[av.VideoFrame | None], None]:
    """Open the output and return what encodes a frame into it; None drains."""
    assert spec.encoder is not None
    output = stack.enter_context(av.open(f"file:{spec.target}", "w", format="nut"))
    stream = output.add_stream(spec.encoder.name, rate=rate, options=dict(spec.encoder.options))
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = spec.output.width, spec.output.height
    stream.pix_fmt = spec.pix_fmt
    stream.codec_context.thread_count = spec.encoder.threads
    return lambda frame: output.mux(stream.encode(frame))


SETTLED = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
"""What the program sets for itself, and a user's loop does not."""


class PlainLoop:
    """The parent's end of the process. Use `open` in a ``with``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @classmethod
    def open(cls, job: Job, frames: int, target: Path, *, is_discarded: bool) -> Self:
        """Start the process, and let it load the network and warm up.

        Args:
            frames: of the clip, at most, in each run.
            is_discarded: encode nothing.
        """
        environment = {key: value for key, value in os.environ.items() if key not in SETTLED}
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.plain_loop"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        loop = cls(process)
        loop._ask(_request(job, frames, target, is_discarded=is_discarded))
        return loop

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._process:  # closes its pipes, which ends its loop, and waits
            if kind is not None:
                self._process.kill()

    def run(self) -> float:
        """Have it enlarge the clip once; return its frames per second."""
        answer = self._ask("run")
        return float(answer["frames"]) / float(answer["seconds"])

    def _ask(self, question: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{question}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            line = ""
        else:
            line = self._process.stdout.readline()
        if not line:
            raise Failed("the plain loop ended early. See its own message above.")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _request(job: Job, frames: int, target: Path, *, is_discarded: bool) -> str:
    encoder, size = job.encoder, job.video.size
    return json.dumps(
        {
            "source": str(job.source.path),
            "target": str(target),
            "frames": frames,
            "model": str(job.model.path or job.model.name),
            "scale": job.sizes.scale,
            "device": str(job.device.torch_device),
            "output": [size.width, size.height],
            "pix_fmt": encoder.pix_fmt,
            "encoder": None
            if is_discarded
            else {
                "name": encoder.name,
                "codec": encoder.codec,
                "options": dict(encoder.options),
                "threads": encoder.threads,
            },
        }
    )


RUN_SECONDS = 4.0
"""How long a run should take; with a slow network it does fewer frames."""

LEAST_FRAMES = 4


def main() -> None:
    """Answer requests until stdin ends."""
    request = json.loads(sys.stdin.readline())
    enlarge, is_luma = _enlarger(request)
    spec = _spec(request, is_luma=is_luma)
    plain_loop(spec, 1, enlarge)  # the first frame pays for what is loaded late
    started = time.perf_counter()
    plain_loop(spec, 1, enlarge)
    frame_seconds = time.perf_counter() - started
    frames = min(int(request["frames"]), max(LEAST_FRAMES, round(RUN_SECONDS / frame_seconds)))
    print(json.dumps({"frames": frames}), flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        count = plain_loop(spec, frames, enlarge)
        seconds = time.perf_counter() - started
        print(json.dumps({"frames": count, "seconds": seconds}), flush=True)


def _spec(request: dict[str, Any], *, is_luma: bool) -> PlainSpec:
    pix_fmt, encoder = request["pix_fmt"], request["encoder"]
    layout = layout_of(pix_fmt)
    assert layout is not None  # chosen by the parent
    return PlainSpec(
        source=Path(request["source"]),
        target=Path(request["target"]),
        output=Size(*request["output"]),
        taken_as="yuv420p" if is_luma else "rgb24",
        pix_fmt=pix_fmt,
        encoder=Encoder(pix_fmt=pix_fmt, layout=layout, **encoder) if encoder else None,
    )


def _enlarger(request: dict[str, Any]) -> tuple[Callable[[Picture], Picture], bool]:
    """Return what enlarges a frame, and whether it takes luma and chroma separately."""
    import torch
    import torch.nn.functional as F

    model, scale = catalog.load(request["model"], request["scale"]), int(request["scale"])
    device = torch.device(request["device"])
    net = model.net.to(device) if model.net is not None else None

    def bicubic(x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=scale, mode="bicubic")

    @torch.inference_mode()
    def rgb(picture: Picture) -> Picture:
        x = torch.from_numpy(picture).to(device).permute(2, 0, 1)[None].contiguous().float() / 255
        y = bicubic(x) if net is None else net(x)
        codes = (y.clamp(0, 1) * 255).round().to(torch.uint8)
        result: Picture = codes[0].permute(1, 2, 0).contiguous().cpu().numpy()
        return result

    @torch.inference_mode()
    def luma(picture: Picture) -> Picture:
        height, width = picture.shape[0] * 2 // 3, picture.shape[1]
        codes = torch.from_numpy(picture).to(device).float() / 255
        y, chroma = codes[None, None, :height], codes[height:].view(1, 2, height // 2, width // 2)
        assert net is not None
        large = net(y), bicubic(chroma)
        rows = [part.clamp(0, 1).reshape(-1, width * scale) for part in large]
        result: Picture = (torch.cat(rows) * 255).round().to(torch.uint8).cpu().numpy()
        return result

    is_luma = model.traits.colour == "luma"
    return (luma if is_luma else rgb), is_luma


if __name__ == "__main__":
    main()
