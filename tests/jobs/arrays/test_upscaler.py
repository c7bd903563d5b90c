"""``vsr.Upscaler``: frames in memory, of any kind, as the command would enlarge them."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import vsr
from vsr.cli import run
from vsr.errors import Failed, InvalidArray, InvalidOption, UnknownName

RNG = np.random.default_rng(7)
PICTURE = np.asarray(
    Image.fromarray(RNG.integers(0, 256, (4, 5, 3), dtype=np.uint8)).resize((33, 21))
)


@pytest.fixture
def up(models: Path) -> Iterator[vsr.Upscaler]:
    """The network ``toy`` ×2."""
    del models
    with vsr.Upscaler("toy", scale=2, device="cpu") as opened:
        yield opened


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_frame_comes_out_as_the_command_writes_it(tmp_path: Path, models: Path, up, mode):
    Image.fromarray(PICTURE).convert(mode).save(tmp_path / "in.png")
    arguments = ["--model", "toy", "--scale", "2", "--sharpness", "0.5", "-q"]
    assert run(["upscale", str(tmp_path / "in.png"), str(tmp_path / "out.png"), *arguments]) == 0
    with Image.open(tmp_path / "in.png") as source, Image.open(tmp_path / "out.png") as result:
        frame, wanted = np.asarray(source), np.asarray(result)
    with vsr.Upscaler("toy", scale=2, sharpness=0.5) as sharp:
        np.testing.assert_array_equal(sharp(frame), wanted)
    assert not np.array_equal(up(frame), wanted)


@pytest.mark.parametrize(
    "dtype", [np.uint8, np.uint16, np.float16, np.float32, np.float64], ids=lambda d: d.__name__
)
@pytest.mark.parametrize("shape", ["rgb", "gray", "one channel", "batch"])
def test_every_kind_of_array_comes_back_as_the_same_kind(up, dtype, shape):
    frame = {
        "rgb": PICTURE,
        "gray": PICTURE[:, :, 0],
        "one channel": PICTURE[:, :, :1],
        "batch": np.stack([PICTURE, PICTURE[::-1]]),
    }[shape]
    whole = {np.uint8: 1, np.uint16: 257}.get(dtype, 1 / 255)
    big = up((frame.astype(float) * whole).astype(dtype))
    assert big.dtype == dtype
    rows, columns = (1, 2) if shape == "batch" else (0, 1)
    wanted = list(frame.shape)
    wanted[rows], wanted[columns] = 2 * wanted[rows], 2 * wanted[columns]
    assert big.shape == tuple(wanted)
    np.testing.assert_allclose(big.astype(float) / whole, up(frame).astype(float), atol=1)


@pytest.mark.parametrize(
    "dtype",
    [torch.uint8, torch.uint16, torch.float16, torch.bfloat16, torch.float32, torch.float64],
    ids=str,
)
def test_every_kind_of_tensor_comes_back_as_the_same_kind(up, dtype):
    whole = {torch.uint8: 1.0, torch.uint16: 257.0}.get(dtype, 1 / 255)
    tensor = (torch.from_numpy(PICTURE.copy()).permute(2, 0, 1) * whole).to(dtype)
    for frame, shape in (
        (tensor, (3, 42, 66)),
        (tensor[:1], (1, 42, 66)),
        (tensor[0], (42, 66)),
        (tensor[None], (1, 3, 42, 66)),
    ):
        big = up(frame)
        assert isinstance(big, torch.Tensor)
        assert (big.dtype, big.shape) == (dtype, shape)
    if dtype is torch.bfloat16:  # it has 8 bits, by which white may be missed
        reference = up(tensor.float()) / whole
    else:
        reference = torch.from_numpy(up(PICTURE)).permute(2, 0, 1).float()
    error = (up(tensor).float() / whole - reference).abs().max()
    assert error <= (2 if dtype is torch.bfloat16 else 1)


def test_a_list_gives_a_list_and_sizes_may_change_in_it(up):
    frames = [PICTURE, PICTURE[:10], PICTURE]
    big = up(frames)
    assert isinstance(big, list)
    assert [one.shape for one in big] == [(42, 66, 3), (20, 66, 3), (42, 66, 3)]
    np.testing.assert_array_equal(big[0], big[2])
    assert up([]) == []


def test_an_iterator_is_read_no_faster_than_it_is_consumed(up):
    read = []

    def frames() -> Iterator[Any]:
        for index in range(100):
            read.append(index)
            yield np.full((8, 8, 3), index, np.uint8)

    big = up(frames())
    assert read == []
    for index in range(20):
        assert abs(float(next(big).mean()) - index) < 30
    assert len(read) <= 22
    big.close()


def test_iterators_of_any_sizes_are_read_in_turn(up):
    frames = [PICTURE, PICTURE[:, ::-1], PICTURE[::-1]]
    others = [frame[:10, :12] for frame in frames]
    wanted = [up(frames), up(others)]
    for first, second in ((frames, others), (frames, frames[::-1])):
        found = list(zip(up(iter(first)), up(iter(second)), strict=True))
        single = [(up(one), up(other)) for one, other in zip(first, second, strict=True)]
        for pair, alone in zip(found, single, strict=True):
            np.testing.assert_array_equal(pair[0], alone[0])
            np.testing.assert_array_equal(pair[1], alone[1])
    started = up(iter(frames))
    np.testing.assert_array_equal(next(started), wanted[0][0])
    np.testing.assert_array_equal(up(others[0]), wanted[1][0])
    np.testing.assert_array_equal(next(started), wanted[0][1])


def test_an_iterator_of_what_was_closed_fails(up):
    frames = up(iter([PICTURE, PICTURE[::-1]]))
    first = next(frames)
    up.close()
    with pytest.raises(Failed, match="after its engine was closed"):
        next(frames)
    np.testing.assert_array_equal(up(PICTURE), first)


def test_memory_does_not_grow_with_the_number_of_frames(up):
    frame = np.zeros((40, 60, 3), np.uint8)

    def peak_bytes(count: int) -> int:
        tracemalloc.start()
        for _ in up(frame + index % 2 for index in range(count)):
            pass
        return int(tracemalloc.get_traced_memory()[1])

    try:
        peak_bytes(3)
        assert peak_bytes(60) < 1.5 * peak_bytes(6)
    finally:
        tracemalloc.stop()


def test_an_array_that_is_filled_again_is_another_frame(up):
    buffer = np.zeros((12, 12), np.uint16)

    def frames() -> Iterator[Any]:
        for code in (0, 30000, 60000):
            buffer[:] = code
            yield buffer

    means = [float(big.mean()) for big in up(frames())]
    assert means[0] < means[1] < means[2]
    assert not np.shares_memory(up(buffer), buffer)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ("in.png", "str: not a frame"),
        (7, "int: not a frame"),
        ([PICTURE, None], "NoneType: not a frame"),
        (np.zeros((3, 20, 30), np.uint8), "Use numpy.moveaxis(frame, 0, 2)"),
        (torch.zeros(20, 30, 3), "Use .permute(2, 0, 1)"),
        (np.zeros((20, 30, 4), np.uint8), "Leave the alpha channel out"),
        (np.zeros((20, 30, 2), np.uint8), "Give one channel or three"),
        (np.zeros(5, np.uint8), "as an array it must be (rows, columns, 3)"),
        (np.zeros((0, 5, 3), np.uint8), "has no pixels"),
        (np.zeros((0, 5, 5, 3), np.uint8), "has no frames"),
        (np.zeros((4, 4, 3), np.int64), "give uint8, uint16, or floats"),
        (np.zeros((4, 4, 3), bool), "give uint8, uint16, or floats"),
        (np.full((4, 4, 3), 255.0), "with values from 255 to 255: floats must be from 0 to 1"),
        (np.full((4, 4, 3), np.nan), "with values from nan to nan"),
        (np.full((4, 4), -0.1), "floats must be from 0 to 1"),
        (np.full((4, 4), 1 + 1e-5), "with values from 1.00001 to 1.00001"),
        (torch.rand(3, 4, 4).to_sparse(), "layout torch.sparse_coo holds no samples to read"),
        (torch.rand(3, 4, 4, device="meta"), "on the device meta holds no samples to read"),
        (torch.zeros(3, 4, 4).to(torch.float8_e4m3fn), "a frame of float8_e4m3fn: give uint8"),
    ],
)
def test_what_is_not_a_frame_is_refused_in_one_line(up, frame, message):
    with pytest.raises(InvalidArray) as raised:
        up(frame)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert raised.value.exit_code == 2


def test_samples_are_the_same_however_they_lie_in_memory(up):
    codes = PICTURE.astype(np.uint16) * 257
    assert (up(codes.astype(">u2")) == up(codes)).all()
    assert up(codes.astype(">u2")).dtype == ">u2"
    assert (up(PICTURE[::-1, ::-1]) == up(PICTURE[::-1, ::-1].copy())).all()
    tensor = torch.rand(3, 8, 8)
    assert torch.equal(up(torch._neg_view(-tensor)), up(tensor))


def test_what_rounds_to_white_or_black_is_no_fault(up):
    """Filters of floats leave 1.0000001, and -0.0000001."""
    frame = np.array([[-1e-7, 0.5], [1 + 1e-7, 1]])
    assert (up(frame) == up(frame.clip(0, 1))).all()


def test_a_device_may_be_one_of_torch():
    with vsr.Upscaler("bicubic", device=torch.device("cpu")) as up:
        assert up(PICTURE).shape[0] == 4 * PICTURE.shape[0]


def test_settings_that_cannot_be_meant_are_refused():
    with pytest.raises(InvalidOption, match="scale 0"):
        vsr.Upscaler(scale=0)
    with pytest.raises(InvalidOption, match="strength auto"):
        vsr.Upscaler(strength="auto")  # type: ignore[arg-type] # the mistake that is tested
    with pytest.raises(InvalidOption, match="strength None: give a number"):
        vsr.Upscaler(strength=None)  # type: ignore[arg-type] # the mistake that is tested
    with pytest.raises(InvalidOption, match="model None is not a text"):
        vsr.Upscaler(None)  # type: ignore[arg-type] # the mistake that is tested
    with pytest.raises(UnknownName, match="Did you mean fast"):
        vsr.Upscaler("fats")(PICTURE)
    with pytest.raises(InvalidOption, match="tile 3"):
        vsr.Upscaler(tile=3)
    with pytest.raises(InvalidOption, match="choose from auto, cpu, cuda"):
        vsr.Upscaler(device="tpu")(PICTURE)
