"""Files of Real-ESRGAN's networks run as any network does: what comes out is a plain loop's."""

import json
import os
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.clips import indices_in, write_clip
from tests.models import test_compact, test_rrdb
from vsr.cli import run
from vsr.device.select import is_bf16_native
from vsr.device.yuv import YuvFormat, planes_of, rgb_of, tensor_of
from vsr.frames import HostFrame
from vsr.jobs.upscale.preset_spec import spec_of_preset
from vsr.jobs.workers.upscale import upscale
from vsr.media.reading.probe import probe
from vsr.media.reading.reader import Reader
from vsr.models.checkpoint import read_tensors
from vsr.models.plain import Compact
from vsr.models.rrdb import RRDB
from vsr.specs import EncodeSpec, UpscaleSpec
from vsr.values import OutputSize, Size

SIZE = Size(48, 32)


def written(net: Compact | RRDB, folder: Path) -> Path:
    path = folder / "net.pth"
    torch.save({"params": net.state_dict()}, path)
    return path


def spec(weights: Path, scale: int, **changes: object) -> UpscaleSpec:
    values = {"model": str(weights), "encode": EncodeSpec(codec="ffv1"), **changes}
    return replace(spec_of_preset("1080p", OutputSize(scale=scale)), **values)


def frames_of(path: Path, count: int) -> list[HostFrame]:
    with Reader.open(path) as reader:
        return [host_frame_copy(frame) for frame in islice(reader.frames(), count)]


def host_frame_copy(frame: HostFrame) -> HostFrame:
    return replace(frame, planes=tuple(plane.copy() for plane in frame.planes))


def plain_loop(clip: Path, weights: Path, count: int) -> list[tuple[np.ndarray, ...]]:
    """Decode, RGB, the published function, RGB → codes: no folding, tiles, threads or rewrites."""
    state = read_tensors(weights)
    outs = []
    for frame in frames_of(clip, count):
        colour = frame.colour.resolved(frame.size.width, frame.size.height)
        form = YuvFormat(frame.layout, colour)
        rgb = rgb_of([tensor_of(plane) for plane in frame.planes], form)
        with torch.no_grad():
            outs.append([p.numpy() for p in planes_of(published(state, rgb), form)])
    return outs


def published(state: dict[str, torch.Tensor], rgb: torch.Tensor) -> torch.Tensor:
    if "conv_first.weight" in state:
        multiple = round((state["conv_first.weight"].shape[1] / 3) ** 0.5)
        ups = sum(name.startswith("conv_up") and name.endswith("weight") for name in state)
        return test_rrdb.published_forward(state, rgb, ups, multiple)
    last = max(int(name.split(".")[1]) for name in state)
    scale = round((state[f"body.{last}.weight"].shape[0] / 3) ** 0.5)
    return test_compact.published_forward(state, rgb, scale)


def assert_near(path: Path, expected: list[tuple[np.ndarray, ...]], codes: int = 1) -> None:
    frames = frames_of(path, len(expected) + 1)
    assert len(frames) == len(expected)
    for frame, planes in zip(frames, expected, strict=True):
        for mine, theirs in zip(frame.planes, planes, strict=True):
            assert np.abs(mine.astype(int) - theirs.astype(int)).max() <= codes


def small_compact(scale: int) -> Compact:
    """Keeps a bar code readable: what it adds to the base is little."""
    net = test_compact.small(scale)
    with torch.no_grad():
        net.convolutions[-1].weight.mul_(0.2)
    return net


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_a_compact_network_of_any_scale_is_a_plain_loop(scale: int, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "in.mp4", frames=3, size=SIZE)
    weights = written(small_compact(scale), tmp_path)
    result = upscale(clip, tmp_path / "out.mkv", spec(weights, scale))
    assert (result.frames_in, result.frames_out) == (3, 3)
    assert probe(tmp_path / "out.mkv").video.size == SIZE.scaled(scale)
    assert indices_in(tmp_path / "out.mkv") == [0, 1, 2]
    assert_near(tmp_path / "out.mkv", plain_loop(clip, weights, 3))


@pytest.mark.parametrize("multiple", [1, 2, 4])
def test_tiles_of_esrgan_are_a_plain_loop(multiple: int, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "in.mp4", frames=2, size=Size(92, 52))
    net = RRDB(2, multiple, channels=4, growth=2, depth=1)
    weights = written(net, tmp_path)
    upscale(clip, tmp_path / "out.mkv", spec(weights, net.scale, tile=18))
    assert_near(tmp_path / "out.mkv", plain_loop(clip, weights, 2))


def test_another_size_than_the_network_makes_is_fitted(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "in.mp4", frames=2, size=SIZE)
    weights = written(small_compact(3), tmp_path)
    upscale(clip, tmp_path / "out.mkv", spec(weights, 2))
    assert probe(tmp_path / "out.mkv").video.size == SIZE.scaled(2)


def test_a_batch_and_an_evaluation_take_the_file(tmp_path: Path, capsys) -> None:
    films, weights = tmp_path / "films", written(small_compact(2), tmp_path)
    films.mkdir()
    write_clip(films / "film.mp4", frames=2, size=SIZE)
    command = ["batch", str(films), str(tmp_path / "out"), "-s", "2", "-m", str(weights)]
    assert run(command) == 0
    assert indices_in(tmp_path / "out" / "film.mp4") == [0, 1]
    capsys.readouterr()
    assert run(["evaluate", *evaluation(tmp_path), "-m", str(weights), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["psnr_y"] > 20


def evaluation(tmp_path: Path) -> list[str]:
    from PIL import Image

    pictures = tmp_path / "pictures"
    pictures.mkdir()
    ramp = np.add.outer(np.arange(48), np.arange(64)).astype(np.uint8)
    Image.fromarray(np.stack((ramp, ramp, ramp), 2)).save(pictures / "ramp.png")
    return ["--data", str(pictures)]


@pytest.mark.parametrize("option", ["strength", "sharpness"])
def test_a_file_has_no_flavours_to_blend_with(option: str, tmp_path: Path, capsys) -> None:
    clip = write_clip(tmp_path / "in.mp4", frames=2, size=SIZE)
    weights = written(small_compact(2), tmp_path)
    command = ["upscale", str(clip), str(tmp_path / "out.mkv"), "-s", "2", "-m", str(weights)]
    assert run([*command, f"--{option}", "0.5"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"--{option} 0.5: {weights} ×2 has no flavour for it" in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "net.pth"]


def without(state: dict[str, torch.Tensor], start: str) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in state.items() if not name.startswith(start)}


class RunsCode:
    def __reduce__(self):
        return (print, ("code ran",))


BAD = {
    "gap": (lambda s: without(s, "body.2."), "'body.2' is missing"),
    "shape": (lambda s: s | {"body.2.weight": torch.zeros(5, 9, 3, 3)}, "size mismatch"),
    "not finite": (lambda s: s | {"body.0.bias": torch.full((5,), torch.nan)}, "not finite"),
    "fraction": (
        lambda s: s | {"body.6.weight": torch.zeros(15, 5, 3, 3)},
        "no whole scale: ×2.24",
    ),
    "code": (lambda s: s | {"body.0.bias": RunsCode()}, "would run code"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_refused_in_one_line_and_leaves_nothing(kind, tmp_path, capsys) -> None:
    clip = write_clip(tmp_path / "in.mp4", frames=2, size=SIZE)
    change, message = BAD[kind]
    torch.save({"params_ema": change(small_compact(2).state_dict())}, tmp_path / "net.pth")
    command = ["upscale", str(clip), str(tmp_path / "out.mp4"), "-s", "2"]
    assert run([*command, "-m", str(tmp_path / "net.pth")]) == 2
    shown = capsys.readouterr()
    (line,) = shown.err.splitlines()
    assert message in line
    assert "net.pth" in line
    assert shown.out == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "net.pth"]


PUBLIC = {
    "realesr-animevideov3": 24,
    "realesr-general-x4v3": 40,
    "RealESRGAN_x4plus_anime_6B": None,
    "RealESRGAN_x4plus": None,
}
"""Each network and the side of its tiles; the radius of the large ones exceeds a small frame."""


@pytest.fixture
def weights_folder() -> Path:
    return Path(os.environ["VSR_DATA"]) / "weights" / "public"


@pytest.mark.data
@pytest.mark.parametrize(("name", "tile"), PUBLIC.items())
def test_a_public_network_is_a_plain_loop(name, tile, weights_folder, tmp_path) -> None:
    clip = write_clip(tmp_path / "in.mp4", frames=1, size=Size(96, 64) if tile else SIZE)
    weights = weights_folder / f"{name}.pth"
    upscale(clip, tmp_path / "out.mkv", spec(weights, 4, tile=tile))
    assert_near(tmp_path / "out.mkv", plain_loop(clip, weights, 1))


@pytest.mark.data
@pytest.mark.skipif(not is_bf16_native(), reason="this CPU does not multiply in bf16")
def test_a_public_network_in_bf16_is_near(weights_folder, tmp_path) -> None:
    clip = write_clip(tmp_path / "in.mp4", frames=1, size=Size(96, 64))
    weights = weights_folder / "realesr-general-x4v3.pth"
    upscale(clip, tmp_path / "out.mkv", spec(weights, 4, precision="bf16"))
    assert_near(tmp_path / "out.mkv", plain_loop(clip, weights, 1), codes=4)


@pytest.mark.data
def test_an_unknown_network_is_refused_in_one_line(weights_folder, tmp_path, capsys) -> None:
    clip = write_clip(tmp_path / "in.mp4", frames=1, size=SIZE)
    weights = str(weights_folder / "unknown_spantiny.pth")
    assert run(["upscale", str(clip), str(tmp_path / "o.mkv"), "-s", "4", "-m", weights]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "resembles SPAN, but is not as it is known" in line
