"""Choose the device: ``auto``, ``cpu`` or ``cuda[:N]``."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vsr.device.cuda import cuda_devices, obstacle
from vsr.errors import DeviceUnavailable, InvalidOption
from vsr.onnx_runtime import onnx_runtime
from vsr.specs import Precision

if TYPE_CHECKING:
    import torch


Kind = Literal["cpu", "cuda", "onnx"]
Chosen = Literal["fp32", "fp16", "autocast", "bf16", "int8"]

_CUDA = re.compile(r"cuda(?::(\d+))?")

PROVIDERS: dict[str, tuple[tuple[str, ...], str]] = {
    "dml": (("DmlExecutionProvider",), "onnxruntime-directml"),
    "rocm": (("MIGraphXExecutionProvider", "ROCMExecutionProvider"), "onnxruntime-rocm"),
    "openvino": (("OpenVINOExecutionProvider",), "onnxruntime-openvino"),
    "coreml": (("CoreMLExecutionProvider",), "onnxruntime on a Mac"),
    "cpu": (("CPUExecutionProvider",), "onnxruntime"),
}
"""ONNX Runtime's providers by the names used here, the best first: what each is called there, and
the package that has it. All but ``cpu`` were never run by this project."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Where the network runs, at which precision, and why there.

    A precision of int8 is that of the features; what sees the picture is in fp32 or whole numbers.
    ``autocast`` is fp16 where torch's autocast casts, ``fp16`` a network whose weights are.

    Attributes:
        index: the CUDA device's number; 0 on the CPU.
        name: what the hardware calls itself.
        instructions: of the CPU, as far as they decide which kernels compute; empty on CUDA.
        provider: of ONNX Runtime, by its name here; empty without it.
        why: one clause for ``vsr doctor`` and the log.
    """

    kind: Kind
    index: int = 0
    precision: Chosen = "fp32"
    name: str = ""
    instructions: str = ""
    provider: str = ""
    why: str = ""

    @property
    def is_cuda(self) -> bool:
        """A CUDA device."""
        return self.kind == "cuda"

    @property
    def torch_device(self) -> torch.device:
        """The device as torch names it.

        Raises:
            InvalidOption: torch does not compute there.
        """
        import torch

        if self.kind == "onnx":
            raise InvalidOption("--device onnx: for upscaling only. Choose auto, cpu or cuda.")
        return torch.device("cuda", self.index) if self.is_cuda else torch.device("cpu")

    @property
    def torch_dtype(self) -> torch.dtype:
        """The dtype of the network's arithmetic; of its ends where that is mixed."""
        import torch

        by_name = {"bf16": torch.bfloat16, "fp16": torch.float16, "autocast": torch.float16}
        return by_name.get(self.precision, torch.float32)

    @property
    def hardware(self) -> str:
        """On what it computes: the same network and precision give the same bits if this is same.

        Another instruction set adds up in another order: `lite` differs between AVX2 and AVX512.
        """
        kind = f"onnx:{self.provider}" if self.provider else self.kind
        return " ".join(part for part in (kind, self.name, self.instructions) if part)

    @property
    def where(self) -> str:
        """Which device it is, as ``--device`` takes it."""
        where = f"cuda:{self.index}" if self.is_cuda else self.kind
        return f"onnx:{self.provider}" if self.provider else where

    def __str__(self) -> str:
        return f"{self.where} ({self.name}, {self.precision})"


def is_bf16_native() -> bool:
    """Return whether this CPU multiplies in bf16 itself, so that it is faster there than fp32."""
    import torch

    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def select(
    name: str = "auto",
    precision: Precision = "auto",
    is_bf16_native: Callable[[], bool] = is_bf16_native,
) -> Device:
    """Return the device that ``name`` asks for.

    Args:
        name: ``auto`` (the first CUDA device that computes), ``cpu``, ``cuda``, ``cuda:N``, or
            ``onnx`` and ``onnx:PROVIDER`` (`PROVIDERS`).
        precision: ``auto`` is fp16 on CUDA and fp32 on the CPU, where bf16 is available if
            the processor multiplies in it. Whether it is int8 there depends on the network and the
            source too: `vsr.upscaling.engine.precision` decides.
        is_bf16_native: asked where bf16 is wanted on the CPU.

    Raises:
        InvalidOption: no such device name, or a precision that the CPU does not compute in.
        DeviceUnavailable: CUDA was asked for and is not there, or torch cannot compute on it.
    """
    if name == "auto":
        index, reason = _first_usable()
        if index is None:
            return _cpu(precision, reason, is_bf16_native)
        return _cuda(index, precision, reason)
    if name == "cpu":
        return _cpu(precision, "asked for", is_bf16_native)
    if name.partition(":")[0] == "onnx":
        return _onnx(name, precision)
    match = _CUDA.fullmatch(name)
    if match is None:
        raise InvalidOption(
            f"--device {name}: choose from auto, cpu, cuda, cuda:N, onnx or onnx:PROVIDER."
        )
    index = int(match[1] or 0)
    count, reason = cuda_devices()
    problem = f"only {count} CUDA device(s) available" if count else reason
    if index < count:
        problem = obstacle(index) or ""
    if problem:
        raise DeviceUnavailable(f"--device {name}: {problem}. Choose --device cpu or auto.")
    return _cuda(index, precision, "asked for")


def _first_usable() -> tuple[int | None, str]:
    """Return the first CUDA device that torch can compute on, or None, and why."""
    count, reason = cuda_devices()
    problems: list[str] = []
    for index in range(count):
        problem = obstacle(index)
        if problem is None:
            return index, "; ".join([reason, *problems])
        problems.append(problem)
    return None, "; ".join(problems) or reason


def _cuda(index: int, precision: Precision, why: str) -> Device:
    import torch

    if precision == "int8":
        raise InvalidOption("--precision int8: for networks on the CPU. Omit --precision.")
    chosen: Chosen = "fp16" if precision == "auto" else precision
    name = torch.cuda.get_device_name(index)
    return Device(kind="cuda", index=index, precision=chosen, name=name, why=why)


def providers_here() -> dict[str, str]:
    """Return ONNX Runtime's providers that are here: our name → its own; empty without it."""
    try:
        there = onnx_runtime().get_available_providers()
    except ImportError:
        return {}
    found = {
        name: next((one for one in theirs if one in there), "")
        for name, (theirs, _) in PROVIDERS.items()
    }
    return {name: own for name, own in found.items() if own}


def _onnx(name: str, precision: Precision) -> Device:
    """Return a device of ONNX Runtime.

    Raises:
        InvalidOption: no such provider, or a precision that it is not run at.
        DeviceUnavailable: it is not here.
    """
    here = providers_here()
    wanted = name.partition(":")[2] or next(iter(here), "cpu")
    if wanted not in PROVIDERS:
        raise InvalidOption(f"--device {name}: choose a provider from {', '.join(PROVIDERS)}.")
    if wanted not in here:
        found = ", ".join(here) or "no ONNX Runtime (pip install 'vsr-cli[onnx]')"
        raise DeviceUnavailable(
            f"--device {name}: only {found} here. Install {PROVIDERS[wanted][1]}, or omit it."
        )
    if precision not in ("auto", "fp32", "fp16"):
        raise InvalidOption(f"--precision {precision}: ONNX runs in fp32 or fp16. Omit it.")
    return Device(
        kind="onnx",
        provider=wanted,
        precision="fp16" if precision == "fp16" else "fp32",
        name=f"onnxruntime {version('onnxruntime')}, {_cpu_name()}",
        instructions=_instructions() if wanted == "cpu" else "",
        why="asked for",
    )


def _cpu(precision: Precision, why: str, is_bf16_native: Callable[[], bool]) -> Device:
    if precision in ("fp16", "autocast"):
        raise InvalidOption(
            f"--precision {precision}: needs CUDA, but the network runs on the CPU ({why}). "
            "Omit --precision."
        )
    if precision == "bf16" and not is_bf16_native():
        raise InvalidOption(
            f"--precision bf16: several times slower than fp32 on this CPU ({_cpu_name()}), which "
            "has neither AVX512-BF16 nor AMX. Omit --precision."
        )
    chosen: Chosen = "fp32" if precision == "auto" else precision
    return Device(
        kind="cpu", precision=chosen, name=_cpu_name(), instructions=_instructions(), why=why
    )


def _instructions() -> str:
    """Return the instruction set that torch's kernels are chosen by, such as ``AVX512``."""
    import torch

    level = torch.backends.cpu.get_cpu_capability()
    return f"{level} AMX" if torch.cpu._is_amx_tile_supported() else level


def _cpu_name() -> str:
    """Return the processor's own name where the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
