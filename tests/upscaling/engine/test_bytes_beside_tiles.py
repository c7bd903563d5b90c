"""What is kept free for whole pictures is enough, and not twice as much as the largest takes."""

from dataclasses import replace

import pytest
import torch

from tests.upscaling.toys import frame, model_of, pass_spec, plain, srgan
from vsr.device.yuv import tensor_of
from vsr.frames import Layout
from vsr.upscaling.engine.tile_size import _LiveBytes as LiveBytes
from vsr.upscaling.engine.tile_size import bytes_beside_tiles
from vsr.upscaling.passes.folding import route
from vsr.upscaling.passes.passes import PassSpec
from vsr.values import Size

SIZE = Size(160, 120)
HALVED, WIDE, WHOLE = Layout(), Layout(8, 1, 0), Layout(8, 0, 0)
GRAY = Layout(8, 0, 0, is_gray=True)
NETS = {
    "colour": plain,
    "luma": lambda scale: plain(scale, "luma"),
    "whole": srgan,
}


def alive_at_most(net: str, spec: PassSpec) -> int:
    """Return the bytes of all tensors beside the network's own, at most."""
    way, made = route(model_of(NETS[net](spec.scale)), spec)
    assert made is not None
    planes = [tensor_of(plane) for plane in frame(SIZE, spec.source_format.layout).planes]
    with torch.inference_mode():
        output = made(way.prepare(planes))
        with LiveBytes() as count:
            picture = way.prepare(planes)
            kept = output.clone()
            way.complete(kept.clone() if way.alters_output else kept, planes)
        del picture
    return count.peak


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("part", [1, 0.75, 0.5], ids=str)
@pytest.mark.parametrize(
    ("source", "target"),
    [(HALVED, HALVED), (HALVED, WHOLE), (WIDE, WIDE), (WHOLE, WHOLE), (GRAY, GRAY),
     (replace(HALVED, bits=10), replace(HALVED, bits=10))],
    ids=str,
)  # fmt: skip
def test_it_is_enough(net: str, scale: int, part: float, source: Layout, target: Layout):
    output = Size(int(SIZE.width * scale * part), int(SIZE.height * scale * part))
    spec = pass_spec(SIZE, scale, source, output, target)
    assert alive_at_most(net, spec) <= bytes_beside_tiles(spec)


def test_it_is_not_far_too_much():
    for target in (HALVED, WHOLE):
        spec = pass_spec(SIZE, 4, HALVED, output_layout=target)
        assert alive_at_most("colour", spec) > bytes_beside_tiles(spec) / 2
