"""What bf16 gains on a CPU that multiplies in it, and what it costs.

Run: ``python -m tests.benchmarks.bf16`` with VSR_DATA naming the data. The folded networks on one
thread, fp32 and bf16 in turn, median of the repeats in CPU seconds of that thread; then how far the
codes of real clips are apart, and what Set5 and Set14 lose. The result goes to
``tests/benchmarks/results``. It ends with 2 where the CPU does not multiply in bf16.
"""

import argparse
import os
import sys
import time
from itertools import islice
from pathlib import Path
from statistics import mean, median
from typing import Any

import torch
from torch import Tensor, nn

from tests.benchmarks.clamping import CLIPS, COLUMNS, EVERY, apart_in_codes, middle_of, summary
from tests.benchmarks.device import RESULTS, write
from vsr.colour import Colour, Matrix, Range, Siting
from vsr.device.select import is_bf16_native, select
from vsr.device.yuv import YuvFormat
from vsr.frames import Layout
from vsr.jobs.process_setup import keep_large_blocks
from vsr.media.images.pictures import pictures_in, read_picture
from vsr.media.reading.reader import Reader
from vsr.metrics.enlarge import by_network
from vsr.metrics.protocol import fidelity, standard_pair
from vsr.models import catalog
from vsr.models.catalog import Model
from vsr.models.plain import Plain
from vsr.models.rewrites.fuse import fuse
from vsr.models.rewrites.onednn import with_bf16_features, with_post_ops
from vsr.upscaling.passes.folding import fold
from vsr.upscaling.passes.passes import PassSpec
from vsr.values import Size

MODELS, SETS, SCALE = ("fast", "lite"), ("Set5", "Set14"), 4
FRAMES = 2
SIZE = Size(480, 270)
COLOUR = Colour(matrix=Matrix.BT709, range=Range.LIMITED, siting=Siting.LEFT)


def pass_of(size: Size, given: YuvFormat) -> PassSpec:
    return PassSpec(
        source=size, source_format=given, output=size.scaled(SCALE), output_format=given,
        scale=SCALE,
    )  # fmt: skip


def both(net: nn.Module, channels: int) -> tuple[nn.Module, nn.Module]:
    """Return the network in fp32 and in bf16, as the engine runs them."""
    exact = with_post_ops(net.to(memory_format=torch.channels_last), channels)  # type: ignore[call-overload] # a stub gap
    rounded = with_bf16_features(exact, channels)
    assert rounded is not None
    return exact, rounded


def speed(net: Plain, repeats: int) -> dict[str, float]:
    """Return CPU milliseconds of one thread, 480×270 → 1080p, and their ratio."""
    way, folded = fold(net, pass_of(SIZE, YuvFormat(Layout(), COLOUR)))
    nets = both(folded, way.channels)
    planes = [
        torch.randint(16, 235, shape, dtype=torch.uint8) for shape in Layout().plane_shapes(SIZE)
    ]
    picture = way.prepare(planes)
    times: tuple[list[float], list[float]] = ([], [])
    for repeat in range(repeats + 1):
        for own, one in zip(times, nets, strict=True):
            started = time.thread_time()
            one(picture)
            if repeat:  # the first is to warm up
                own.append(1000 * (time.thread_time() - started))
    fp32, bf16 = (median(own) for own in times)
    return {"cpu_ms_fp32": round(fp32, 2), "cpu_ms_bf16": round(bf16, 2),
            "speedup": round(fp32 / bf16, 2)}  # fmt: skip


def on_clip(path: Path, net: Plain) -> dict[str, Any]:
    """Return how far the codes of a few pictures are apart, in 8-bit codes."""
    apart: list[list[Tensor]] = []
    with Reader.open(path) as reader:
        video = reader.info.video
        colour = video.colour.resolved(video.size.width, video.size.height)
        for frame in islice(reader.frames(), 0, FRAMES * EVERY, EVERY):
            size, planes = middle_of(frame)
            way, folded = fold(net, pass_of(size, YuvFormat(video.layout, colour)))
            picture = way.prepare(planes)
            ways = [way.complete(one(picture), planes) for one in both(folded, way.channels)]
            apart.append(apart_in_codes(ways[0], ways[1], video.layout.bits))
    pixels = f"{video.layout.subsampling} {video.layout.bits} bit"
    columns = {
        name: summary(torch.cat([frame[index] for frame in apart]))
        for index, name in enumerate(COLUMNS)
    }
    more = torch.cat([column.abs() > 1 for frame in apart for column in frame]).double().mean()
    return {"clip": path.name, "pixels": pixels, "share_over_1_code": float(more)} | columns


def on_set(folder: Path, model: Model) -> dict[str, float]:
    """Return the mean PSNR of luma in both precisions."""
    found = []
    for net in both(fuse(model.net), 3 if model.traits.colour == "rgb" else 1):  # type: ignore[arg-type] # has one
        net.scale, net.colour, net.multiple = SCALE, model.traits.colour, 1  # type: ignore[assignment] # a graph's
        enlarge = by_network(net, model.traits.radius)  # type: ignore[arg-type] # as good as one
        found.append(
            mean(
                fidelity(standard_pair(read_picture(path), SCALE, enlarge), SCALE).psnr_y
                for path in pictures_in(folder)
            )
        )
    return {"psnr_y_fp32": round(found[0], 4), "psnr_y_bf16": round(found[1], 4)}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--repeat", type=int, default=9)
    wanted = parser.parse_args()
    data = os.environ.get("VSR_DATA")
    if data is None or not is_bf16_native():
        why = "VSR_DATA names no folder" if data is None else "this CPU does not multiply in bf16"
        print(f"bf16: {why}.", file=sys.stderr)
        sys.exit(2)
    keep_large_blocks()  # as the program does
    torch.set_num_threads(1)
    rows = []
    with torch.inference_mode():
        for name in MODELS:
            model = catalog.load(name, SCALE)
            assert isinstance(model.net, Plain)
            row: dict[str, Any] = {"model": name, "weights": model.sha256[:12]}
            row |= {"network": speed(model.net, wanted.repeat)}
            row |= {"sets": {own: on_set(Path(data) / "benchmarks" / own, model) for own in SETS}}
            row |= {"clips": [on_clip(Path(data) / "clips" / clip, model.net) for clip in CLIPS]}
            rows.append(row)
            print(row, flush=True)
    print(write(select("cpu"), "bf16", rows, wanted.results))


if __name__ == "__main__":
    main()
