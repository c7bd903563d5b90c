"""Code in a process of its own that is held to fewer instructions than this processor has."""

import os
import subprocess
import sys

import pytest


def printed(code: str, onednn: str, *arguments: str, aten: str = "") -> str:
    """Return what Python code prints where oneDNN has the instructions of a set, and no more.

    oneDNN and torch read the variables when they start; torch does not look whether the processor
    has what it is told, so such a test is skipped where it has not.

    Args:
        aten: the most of torch's own kernels: "avx2" or "avx512"; empty leaves them as they are.
    """
    import torch

    if aten == "avx512" and torch.backends.cpu.get_cpu_capability() != "AVX512":
        pytest.skip("this processor has no AVX512")
    held = {"ONEDNN_MAX_CPU_ISA": onednn} | ({"ATEN_CPU_CAPABILITY": aten} if aten else {})
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **held},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
