"""What is handed to CuPy, on a CuPy that only writes it down; and texts that do not compile."""

import sys
import types
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from tests.device.nvrtc.on_cpu import COMPILERS, compile_on_cpu
from vsr.colour import Colour, Matrix, Range, Siting
from vsr.device.nvrtc import text
from vsr.device.nvrtc.program import NoKernel, compiler_of, first_error
from vsr.device.yuv import YuvFormat
from vsr.frames import Layout

COLOUR = Colour(matrix=Matrix.BT709, range=Range.LIMITED, siting=Siting.LEFT)
SOURCE = YuvFormat(Layout(8, 1, 1), COLOUR)
CUDA = torch.device("cuda", 1)
NVRTCS_LOG = """/tmp/kern.cu(1): error: identifier "oops" is undefined
  extern "C" __global__ void k() { oops; }

1 error detected in the compilation of "/tmp/kern.cu".
"""


def input_text(dtype: torch.dtype = torch.float32) -> str:
    constants = {"CHANNELS": 3, "TO_INPUT": text.to_rgb(SOURCE)}
    numbers = text.number_constants(dtype)
    source = text.source_constants(SOURCE, has_chroma=True)
    return text.text_of("network_input", numbers | source | constants)


@pytest.fixture
def calls(monkeypatch) -> list[tuple]:
    """A CuPy and a stream that note, in order, what is done with them."""
    done: list[tuple] = []

    @contextmanager
    def entered(*what):
        done.append(what)
        yield
        done.append(("left", *what))

    class RawKernel:
        def __init__(self, code: str, name: str) -> None:
            self.code, self.name = code, name

        def compile(self) -> None:
            if "oops" in self.code:
                raise ValueError(NVRTCS_LOG)
            done.append(("compiled", self.name, self.code.count("ENTRY void")))

        def __call__(self, grid, block, arguments) -> None:
            done.append(("launched", grid, block, arguments))

    cupy = types.ModuleType("cupy")
    cupy.RawKernel = RawKernel
    cupy.cuda = types.SimpleNamespace(
        Device=lambda index: entered("device", index),
        Stream=types.SimpleNamespace(from_external=lambda stream: entered("stream", stream)),
    )
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: f"that of {device}")
    return done


def test_a_kernel_is_loaded_at_once_and_launched_in_torchs_stream(calls):
    kernel = compiler_of(CUDA)("network_input", input_text())
    assert calls == [("device", 1), ("compiled", "network_input", 1), ("left", "device", 1)]
    calls.clear()
    plane = torch.zeros(9, 65, dtype=torch.uint8)
    kernel(65, 9, plane, -3)
    inside = ("launched", (3, 2), (32, 8, 1), (plane.data_ptr(), np.int32(-3)))
    assert calls[:3] == [("device", 1), ("stream", "that of cuda:1"), inside]
    assert len(calls) == 5
    address, number = calls[2][3]
    assert type(address) is int, "CuPy takes it for 64 bits"
    assert number.itemsize == 4, "an int of C"


def test_a_text_that_does_not_compile_is_one_line(calls):
    with pytest.raises(NoKernel) as refused:
        compiler_of(CUDA)("network_input", input_text() + "oops")
    assert str(refused.value) == (
        'network_input: /tmp/kern.cu(1): error: identifier "oops" is undefined'
    )


def test_without_cupy_there_is_no_kernel(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(NoKernel, match=r"^network_input: .*cupy"):
        compiler_of(CUDA)("network_input", input_text())


def test_an_error_without_words_has_its_kind():
    assert first_error("KeyError") == "KeyError"


@pytest.mark.parametrize("language", COMPILERS)
def test_a_text_is_c_and_c_plus_plus(language):
    compile_on_cpu("network_input", input_text(torch.bfloat16), language)


def test_a_broken_text_does_not_compile_here_either():
    with pytest.raises(NoKernel, match="oops"):
        compile_on_cpu("network_input", input_text().replace("fabsf(phase)", "oops"))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_numbers_are_rounded_as_torch_rounds_them(dtype):
    """Every number that the format has, and those halfway between two."""
    every = torch.arange(1 << 16, dtype=torch.int32).to(torch.uint16).view(dtype)
    finite = every[torch.isfinite(every)].float().sort().values
    halfway = (finite[1:].double() + finite[:-1].double()) / 2
    given = torch.cat((finite, halfway.float(), torch.tensor([1e30, -1e30, 65519.9, 65520.0])))
    mine = torch.zeros(len(given), dtype=dtype)
    convert = """
ENTRY void converted(const float *given, Number *mine, int count)
{
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at < count && blockIdx.y * blockDim.y + threadIdx.y == 0)
        mine[at] = number_of(given[at] + 0.0f * float_of(mine[at]));
}
"""
    kernel = compile_on_cpu(
        "converted", f"#define FORMAT {text.FORMATS[dtype]}\n" + text.part("numbers") + convert
    )
    kernel(len(given), 1, given, mine, len(given))
    assert torch.equal(mine, given.to(dtype))
    back = torch.zeros(len(every), dtype=torch.float32)
    widen = convert.replace("const float *given, Number *mine", "const Number *given, float *mine")
    widen = widen.replace("number_of(given[at] + 0.0f * float_of(mine[at]))", "float_of(given[at])")
    kernel = compile_on_cpu(
        "converted", f"#define FORMAT {text.FORMATS[dtype]}\n" + text.part("numbers") + widen
    )
    kernel(len(every), 1, every, back, len(every))
    assert torch.equal(back.nan_to_num(7), every.float().nan_to_num(7))
