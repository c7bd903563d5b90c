"""The kernels' texts through NVIDIA's own compilers, where these are; no GPU is needed."""

import ctypes
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from ctypes.util import find_library
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.upscaling.toys import compact, pass_spec, plain
from vsr.colour import Colour, Matrix, Range, Siting
from vsr.device.nvrtc.text import part
from vsr.frames import Layout
from vsr.upscaling.engine.kernel_pass import Base, PassKernels, Tail
from vsr.upscaling.passes.folding import fold
from vsr.upscaling.passes.passes import Pass, RgbPass

ARCHITECTURES = (75, 80, 86, 89, 90, 100, 120)
"""Turing to Blackwell: what torch built for CUDA 13 computes on."""

pytestmark = pytest.mark.slow


def texts() -> Iterator[tuple[str, str]]:
    """Yield (name, whole text) of kernels whose constants differ in every way there is."""
    found: dict[str, str] = {}  # by text: some are alike

    def noted(name: str, text: str) -> Callable[..., None]:
        found[part("cuda") + text] = name
        return lambda *arguments: None

    def opened(way: Pass, dtype: torch.dtype, **tail) -> None:
        PassKernels.open(way, dtype, Tail(dtype=dtype, **tail), noted)

    layouts = (Layout(8, 1, 1), Layout(10, 1, 0), Layout(16, 0, 0), Layout(8, 0, 0, is_gray=True))
    sitings = (Siting.LEFT, Siting.BOTTOM, Siting.TOP_LEFT, Siting.CENTER)
    dtypes = (torch.float16, torch.bfloat16, torch.float32, torch.float16)
    for layout, siting, dtype in zip(layouts, sitings, dtypes, strict=True):
        colour = Colour(matrix=Matrix.BT2020_NCL, range=Range.LIMITED, siting=siting)
        spec = pass_spec(scale=2, layout=layout, colour=colour)
        way, net = fold(compact(4), replace(spec, scale=4, output=spec.source.scaled(4)))
        opened(way, dtype, base=Base.of(net.base))
        for keeps_means in (False, True):
            way, net = fold(plain(4), way.spec, keeps_means=keeps_means)  # averages chroma
            opened(way, dtype, base=Base.of(net.base))
        opened(RgbPass(spec), dtype)
        opened(RgbPass(spec), dtype, shuffle=2, adds_nearest=True)
    way, net = fold(plain(2, "luma"), pass_spec())
    opened(way, torch.float16, base=Base.of(net.base))
    yield from ((name, text) for text, name in found.items())


def nvrtc() -> ctypes.CDLL:
    """Return NVIDIA's runtime compiler: of its wheel, or of the system."""
    wheels = [
        str(path)
        for folder in sys.path
        for path in sorted(Path(folder or ".").glob("nvidia/*/lib/libnvrtc.so.*"))
    ]
    known = find_library("nvrtc")  # None where only the loader's own path has it
    for name in (*wheels, *([known] if known else ()), "libnvrtc.so.13", "libnvrtc.so.12"):
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    pytest.skip("no NVRTC on this machine")


def nvrtc_log(library: ctypes.CDLL, text: str, *options: str) -> str:
    """Compile a text; return what the compiler says, which is nothing where all is well."""
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    assert library.nvrtcCreateProgram(
        ctypes.byref(program), text.encode(), b"kernel.cu", 0, None, None
    ) == 0  # fmt: skip
    given = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
    failed = library.nvrtcCompileProgram(program, len(options), given)
    library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    library.nvrtcGetProgramLog(program, log)
    library.nvrtcGetCUBINSize(program, ctypes.byref(size))
    assert bool(failed) == (size.value == 0), "machine code is there where it compiled, only"
    library.nvrtcDestroyProgram(ctypes.byref(program))
    said = log.value.decode().strip()
    return said or ("failed without a word" if failed else "")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_nvrtc_makes_machine_code_of_every_text(architecture):
    library = nvrtc()
    # as CuPy calls it
    options = (f"-arch=sm_{architecture}", "-ftz=true", "--device-as-default-execution-space")
    for name, text in texts():
        assert nvrtc_log(library, text, *options) == "", name


def test_nvrtc_refuses_a_broken_text():
    _, text = next(texts())
    assert "oops" in nvrtc_log(nvrtc(), text.replace("fabsf", "oops"), "-arch=sm_90")


def test_nvcc_makes_machine_code_for_every_architecture(tmp_path):
    nvcc = shutil.which("nvcc")
    if nvcc is None:
        pytest.skip("no nvcc on this machine")
    code = [f"-gencode=arch=compute_{one},code=sm_{one}" for one in ARCHITECTURES]
    for name, text in dict(texts()).items():  # one of each kernel: nvcc is slow
        source = tmp_path / f"{name}.cu"
        source.write_text(text, encoding="utf-8")
        made = subprocess.run(
            [nvcc, *code, "-fatbin", "-o", str(tmp_path / "out"), str(source)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (made.returncode, made.stderr) == (0, ""), name
