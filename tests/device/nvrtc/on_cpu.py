"""Kernels run by this machine's C or C++ compiler: the same text, its grid as loops."""

import ctypes
import re
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch

from vsr.device.nvrtc.program import BLOCK, Kernel, NoKernel, first_error

SHIM = Path(__file__).with_name("shim.h")
COMPILERS = {"c": ("gcc", "cc", "clang"), "c++": ("g++", "c++", "clang++")}
LOOPS = """
ENTRY void run_{name}(unsigned int columns, unsigned int rows, {parameters})
{{
    unsigned int block_x, block_y, x, y;
    blockDim.x = {block[0]}; blockDim.y = {block[1]};
    for (block_y = 0; block_y * {block[1]} < rows; block_y++)
        for (block_x = 0; block_x * {block[0]} < columns; block_x++)
            for (y = 0; y < {block[1]}; y++)
                for (x = 0; x < {block[0]}; x++) {{
                    blockIdx.x = block_x; blockIdx.y = block_y;
                    threadIdx.x = x; threadIdx.y = y;
                    {name}({arguments});
                }}
}}
"""


def compiler(language: str) -> str:
    found = next((name for name in COMPILERS[language] if shutil.which(name)), None)
    if found is None:
        pytest.skip(f"no compiler of {language} on this machine")
    return found


def compile_on_cpu(name: str, text: str, language: str | None = None) -> Kernel:
    """Stands for CuPy's compiler: raises NoKernel where a text is no C."""
    if language is None:  # a kernel's text is both; what is here is taken
        language = "c" if any(map(shutil.which, COMPILERS["c"])) else "c++"
    return _compiled(name, text, language)


@lru_cache(maxsize=64)
def _compiled(name: str, text: str, language: str) -> Kernel:
    found = re.search(rf"ENTRY void {name}\((.*?)\)", text, re.DOTALL)
    assert found, f"{name} has no entry"
    parameters = re.sub(r"\s+", " ", found[1]).strip()
    arguments = ", ".join(re.findall(r"(\w+)(?:,|$)", parameters))
    loops = LOOPS.format(name=name, parameters=parameters, arguments=arguments, block=BLOCK)
    with TemporaryDirectory() as folder:
        library = Path(folder) / "kernel.so"
        made = subprocess.run(
            [compiler(language), "-x", language, "-O1", "-ffp-contract=off", "-fPIC", "-shared",
             "-o", str(library), "-", "-lm"],
            input="\n".join((SHIM.read_text(encoding="utf-8"), text, loops)),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if made.returncode:
            raise NoKernel(f"{name}: {first_error(made.stderr)}")
        run = getattr(ctypes.CDLL(str(library)), f"run_{name}")
    run.restype = None

    def kernel(columns: int, rows: int, *given: torch.Tensor | int) -> None:
        run(columns, rows, *(
            ctypes.c_void_p(one.data_ptr()) if isinstance(one, torch.Tensor) else ctypes.c_int(one)
            for one in given
        ))  # fmt: skip

    return kernel
