"""What networks of six architectures that others wrote cost here, at published shapes.

Run: ``python -m tests.benchmarks.others``. The weights are random, as no weights of most of them
may be kept here: speed, memory, radius and tiles do not depend on them.
CRAFT's and Real-ESRGAN's files are measured too where VSR_DATA names the data. One thread, CPU
seconds of one frame through the CPU engine; the table goes to ``tests/benchmarks/results``.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import torch
from torch import nn

from tests.benchmarks.device import RESULTS
from tests.upscaling.toys import frame, pass_spec
from vsr.device.select import Device, is_bf16_native
from vsr.jobs.process_setup import keep_large_blocks
from vsr.models.catalog import Model, load
from vsr.models.foreign.adapter import Foreign
from vsr.models.foreign.library import library
from vsr.upscaling.engine import tile_size
from vsr.upscaling.engine.cpu_engine import CpuEngine
from vsr.upscaling.engine.tile_size import halo_of, is_tiled, peak_bytes_per_pixel, pinned_tile
from vsr.values import Size

SIZE = Size(160, 90)
"""Of the frame that is timed."""

FILM, MEMORY = Size(1280, 720), 4 << 30
"""For which the tile is told: a frame, and free memory in bytes."""

PUBLIC = ("craft_x4.pth", "RealESRGAN_x4plus_anime_6B.pth", "realesr-general-x4v3.pth")

HEAD = (
    "| network | parameters | MACs/pixel | radius | cells | memory, kB/pixel | tile at 4 GB "
    "| fp32, CPU-s | bf16, CPU-s |\n|---|---|---|---|---|---|---|---|---|"
)


def networks() -> dict[str, nn.Module]:
    """Return a network of each architecture, at a shape that is published."""
    from spandrel.architectures.DAT import DAT
    from spandrel.architectures.PLKSR import RealPLKSR
    from spandrel.architectures.RCAN import RCAN
    from spandrel.architectures.SAFMN import SAFMN
    from spandrel.architectures.SPAN import SPAN
    from spandrel.architectures.SwinIR import SwinIR

    torch.manual_seed(0)
    return {
        "SPAN": SPAN(num_in_ch=3, num_out_ch=3, feature_channels=48, upscale=4),
        "SAFMN": SAFMN(dim=36, n_blocks=8, ffn_scale=2.0, upscaling_factor=4),
        "RealPLKSR": RealPLKSR(dim=64, n_blocks=28, upscaling_factor=4, kernel_size=17),
        "SwinIR, light": SwinIR(
            img_size=64, embed_dim=60, depths=[6] * 4, num_heads=[6] * 4, window_size=8,
            mlp_ratio=2, upscale=4, upsampler="pixelshuffledirect",
        ),
        "DAT, light": DAT(
            img_size=64, embed_dim=60, split_size=[8, 32], depth=[18], num_heads=[6],
            expansion_factor=2, upscale=4, upsampler="pixelshuffledirect",
        ),
        "RCAN": RCAN(scale=4, n_resgroups=10, n_resblocks=20, n_feats=64),
    }  # fmt: skip


def seconds(model: Model, precision: str) -> float:
    """Return the CPU seconds of the second of two frames."""
    spec = pass_spec(SIZE, model.traits.scale)
    with CpuEngine.open(model, spec, tile=SIZE.width, precision=precision) as engine:
        for seed in range(2):
            started = time.process_time()
            engine.finish(engine.start(frame(SIZE, seed=seed)))
    return time.process_time() - started


def row(name: str, model: Model) -> str:
    """Measure a network and return its row of the table."""
    net, traits = model.net, model.traits
    assert net is not None
    each = peak_bytes_per_pixel(net, 3)
    tile = "any, exact"
    if isinstance(net, Foreign):
        with patch.object(tile_size, "available_host_bytes", lambda: MEMORY):
            side = pinned_tile(model, FILM, Device(kind="cpu"))
        if not is_tiled(FILM, side):
            tile = "whole"
        elif traits.is_global:
            tile = f"{side}, blended over {2 * halo_of(model, is_tiled=True)}"
        else:
            tile = f"{side}, exact"
    bf16 = "–"
    if is_bf16_native():
        bf16 = f"{seconds(model, 'bf16'):.2f}"
    cells = (
        name, f"{traits.parameters:,}".replace(",", " "),
        f"{traits.macs_per_pixel:,}".replace(",", " "),
        "whole frame" if traits.is_global else str(traits.radius), str(traits.multiple),
        f"{each / 1000:.1f}", tile, f"{seconds(model, 'fp32'):.2f}", bf16,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="Part of a name.")
    parser.add_argument("--out", type=Path, default=RESULTS / "others.md")
    arguments = parser.parse_args()
    keep_large_blocks()
    torch.set_num_threads(1)
    if library().module is None:
        print(library().detail, file=sys.stderr)
        return 2
    rows = [HEAD]
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for name, net in networks().items():
            files[name] = Path(folder) / f"{name}.pth"
            torch.save(net.state_dict(), files[name])
        if data := os.environ.get("VSR_DATA"):
            files |= {name: Path(data) / "weights" / "public" / name for name in PUBLIC}
        for name, path in files.items():
            if arguments.only is None or arguments.only in name:
                rows.append(row(name, load(str(path))))
                print(rows[-1], flush=True)
    arguments.out.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
