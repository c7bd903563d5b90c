"""The process of a plain loop, ``python -m vsr.jobs.bench.plain_loop_process``: see `PlainLoop`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from vsr.media.clips.plain_loop import Picture, PlainSpec

RUN_SECONDS = 4.0
"""How long a run should take; with a slow network it does fewer frames."""

LEAST_FRAMES = 4


def main() -> None:
    """Answer requests until stdin ends."""
    from vsr.media.clips.plain_loop import plain_loop

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
    from vsr.media.clips.plain_loop import PlainSpec
    from vsr.media.encoding.codecs import Encoder
    from vsr.media.frames.formats import layout_of
    from vsr.specs import Size

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

    from vsr.models import catalog

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
