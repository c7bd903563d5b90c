"""What runs inside the CUDA graph, with the network as it is there, run here on the CPU."""

from threading import Event, Thread

import numpy as np
import pytest
import torch

from tests.upscaling.toys import TOYS, frame, model_of, pass_spec, plain
from vsr.frames import Layout
from vsr.upscaling.engine.cpu_engine import CpuEngine
from vsr.upscaling.engine.cuda_forms import autocast, forms, with_exact_base
from vsr.upscaling.engine.cuda_pass import DevicePass, exact_inference
from vsr.upscaling.passes.folding import route
from vsr.upscaling.tiles.tiling import windows
from vsr.values import Size


def autocasted(dtype: torch.dtype):
    return lambda middle: autocast(with_exact_base(middle), dtype).run


def casted(dtype: torch.dtype):
    return lambda middle: list(forms(with_exact_base(middle), dtype))[-1].run


def run(net, spec, make_run, tile: Size | None = None) -> tuple[tuple[np.ndarray, ...], bool]:
    model = model_of(net)
    way, middle = route(model, spec, is_dense=True)
    traits = model.traits
    tiles = windows(spec.source, tile or spec.source, traits.radius, traits.multiple)
    whole = DevicePass(spec, way, make_run(middle) if middle is not None else None, tiles)
    source = torch.zeros(whole.source.size, dtype=torch.uint8)
    for own, plane in zip(
        whole.source.arrays(source.numpy()),
        frame(spec.source, spec.source_format.layout).planes,
        strict=True,
    ):
        own[:] = plane
    target, flag = torch.zeros(whole.target.size, dtype=torch.uint8), torch.ones(1).byte()
    whole(source, target, flag)
    return whole.target.arrays(target.numpy()), bool(flag[0])


LAYOUTS = [Layout(8, 1, 1), Layout(10, 1, 0), Layout(8, 0, 0, is_gray=True)]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("name", [*TOYS, "bicubic"])
def test_in_float32_it_is_the_cpu_engine(name, layout):
    net = TOYS[name]() if name in TOYS else None
    spec = pass_spec(layout=layout)
    mine, is_finite = run(net, spec, autocasted(torch.float32))
    with CpuEngine.open(model_of(net), spec) as engine:
        theirs = engine.finish(engine.start(frame(layout=layout))).planes
    assert is_finite
    for a, b in zip(mine, theirs, strict=True):
        assert np.abs(a.astype(int) - b.astype(int)).max() <= 1


@pytest.mark.parametrize("tile", [None, Size(16, 16)], ids=["whole", "tiled"])
@pytest.mark.parametrize("name", TOYS)
def test_weights_cast_once_are_close_to_autocast_and_to_float32(name, tile):
    spec, half = pass_spec(), torch.bfloat16
    exact, _ = run(TOYS[name](), spec, autocasted(torch.float32), tile)
    reference, _ = run(TOYS[name](), spec, autocasted(half), tile)
    fast, _ = run(TOYS[name](), spec, casted(half), tile)
    for a, b, c in zip(fast, reference, exact, strict=True):
        assert np.abs(a.astype(int) - b.astype(int)).mean() < 0.5
        assert np.abs(b.astype(int) - c.astype(int)).mean() < 1.5


@pytest.mark.parametrize("number", [0, 1])
def test_the_image_itself_is_never_rounded_to_half_precision(number):
    """A network that adds nothing repeats ten-bit codes exactly, in half precision too."""
    net, layout = plain(2), Layout(10, 0, 0)
    torch.nn.init.zeros_(net.tail.weight)
    torch.nn.init.zeros_(net.tail.bias)
    spec = pass_spec(layout=layout)
    out, _ = run(net, spec, (autocasted, casted)[number](torch.bfloat16))
    for mine, source in zip(out, frame(layout=layout).planes, strict=True):
        assert np.array_equal(mine[::2, ::2], source)


def test_a_number_that_is_not_finite_raises_the_flag():
    net = plain(2)
    net.body[0].bias.data[0] = float("inf")
    _, is_finite = run(net, pass_spec(), autocasted(torch.float32))
    assert not is_finite


@pytest.fixture
def precision_flags():
    """The flags of cuDNN as they were, whatever a test does to them."""
    cudnn = torch.backends.cudnn
    before = cudnn.fp32_precision, cudnn.conv.fp32_precision, cudnn.rnn.fp32_precision
    yield cudnn
    cudnn.fp32_precision, cudnn.conv.fp32_precision, cudnn.rnn.fp32_precision = before


def flags() -> tuple[object, ...]:
    cudnn = torch.backends.cudnn
    own = cudnn.enabled, cudnn.deterministic, cudnn.benchmark, cudnn.fp32_precision
    return *own, cudnn.conv.fp32_precision, cudnn.rnn.fp32_precision


def test_convolutions_are_exact_inside_and_the_flags_are_what_they_were(precision_flags):
    before, may_round = flags(), torch.backends.cudnn.allow_tf32
    with exact_inference():
        assert flags()[:3] == (True, True, False)
        assert precision_flags.conv.fp32_precision == "ieee"
        with exact_inference():
            pass
        assert precision_flags.conv.fp32_precision == "ieee"
    assert flags() == before
    assert torch.backends.cudnn.allow_tf32 == may_round  # which raises if flags contradict


def test_an_application_that_sets_the_new_flags_keeps_them(precision_flags):
    precision_flags.conv.fp32_precision = "none"
    precision_flags.fp32_precision = "tf32"
    with exact_inference():
        assert precision_flags.conv.fp32_precision == "ieee"
    assert precision_flags.conv.fp32_precision == "tf32"
    precision_flags.fp32_precision = "ieee"
    assert precision_flags.conv.fp32_precision == "ieee"  # it follows still


def test_the_flags_come_back_after_an_error(precision_flags):
    before = flags()
    with pytest.raises(ZeroDivisionError), exact_inference():
        raise ZeroDivisionError
    assert flags() == before


def test_engines_of_two_threads_leave_the_flags_as_they_found_them(precision_flags):
    """Interleaved, the second would take the first one's flags for the application's."""
    before, entered, left = flags(), Event(), Event()

    def other() -> None:
        with exact_inference():
            entered.set()
        left.set()

    thread = Thread(target=other)
    with exact_inference():
        thread.start()
        assert not entered.wait(0.05)
    assert left.wait(5)
    thread.join()
    assert flags() == before
