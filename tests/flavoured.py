"""A network with flavours, and films compressed more or less: for tests of strength and blends."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import torch
from safetensors.torch import save_file

from vsr.media.frames.planes import video_frame_of
from vsr.models.plain import Plain
from vsr.specs import EncodeSpec, UpscaleSpec
from vsr.values import OutputSize, Size

SIZE = Size(96, 64)
SPEC = UpscaleSpec(
    size=OutputSize(scale=2),
    steps=("upscale",),
    model="toy",
    encode=EncodeSpec(encoder_preset="ultrafast"),
    device="cpu",
)


def write_flavours(folder: Path) -> None:
    """Write a network ``toy`` ×2, a flavour for video and a clear one."""
    for seed, end in enumerate(("", "-video-medium", "-clear")):
        torch.manual_seed(seed)
        save_file(Plain(2, 4, 1).state_dict(), folder / f"toy{end}_x2.safetensors")


def natural(path: Path, crf: int, codec: str = "libx264") -> Path:
    """A film of moving smooth noise, as hard to compress as real pictures."""
    rng = np.random.default_rng(0)
    field = np.cumsum(np.cumsum(rng.normal(size=(160, 200)), 0), 1)
    field = 128 + 60 * (field - field.mean()) / field.std() + rng.normal(0, 8, field.shape)
    field = np.clip(field, 16, 235).astype(np.uint8)
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=25, options={"crf": str(crf)})
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        gray = np.full((48, 64), 128, np.uint8)
        for index in range(6):
            luma = np.ascontiguousarray(field[index : index + 96, 2 * index : 2 * index + 128])
            frame = video_frame_of((luma, gray, gray), "yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path
