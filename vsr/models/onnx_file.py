"""A network as an ONNX file, for the players, filters and GPUs of others.

Written by torch's exporter that traces: the newer one is ten times slower and breaks on networks
that make weights while they run (SPAN). A trace keeps every size that the network computes from
the picture's own as a number, so a file for any size is believed only after it was tried on three.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from threading import Lock, get_ident
from typing import Any

import torch
from torch import Tensor, nn

from vsr.disk.folders import limit_cache
from vsr.disk.publishing import published, writing
from vsr.errors import InvalidCheckpoint, InvalidOption, VerificationFailed
from vsr.models.blocks import Generator
from vsr.models.foreign.adapter import drawn, short
from vsr.onnx_runtime import onnx_runtime
from vsr.values import Size

FRAME, ENLARGED = "frame", "enlarged"
"""What goes in: (1, C, H, W) float32 in [0, 1]; and what comes out, not clamped."""

OPSET = 18
"""The version of ONNX's operators: every runtime since 2023 has it."""

TRACED = Size(64, 48)
"""The picture that a file for any size is traced with."""

OTHER_SIZES = (TRACED, Size(40, 56), Size(51, 33))
"""Sizes on which a file for any size is tried."""

CODE = 1 / 255
"""How far any sample may be from torch's: one code of eight bits."""

CPU_PROVIDER = "CPUExecutionProvider"

MOST_CACHED_BYTES = 2_000_000_000
"""The most that the cache of written files takes: one of `fast` has 1 MB for each size, of ESRGAN
67 MB."""

INSTALL = "pip install 'vsr-cli[onnx]'"


def onnx_versions() -> str:
    """Return what writes and runs ONNX files here, with versions.

    Raises:
        InvalidOption: it is not installed.
    """
    missing = [name for name in ("onnx", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise InvalidOption(f"ONNX: {' and '.join(missing)} not installed. {INSTALL}.")
    return f"onnxruntime {version('onnxruntime')}, onnx {version('onnx')}"


def write_onnx(
    net: Generator, target: Path, size: Size | None = None, *, is_half: bool = False
) -> float:
    """Write a network as an ONNX file, checked with ONNX Runtime on the CPU.

    Args:
        size: of the pictures that it takes; None is any.
        is_half: keep weights and features in float16; pictures stay float32.

    Returns:
        how far its output was from torch's, in codes of eight bits.

    Raises:
        InvalidOption: ONNX is not installed, or cannot hold this network at any size.
        InvalidCheckpoint: ONNX cannot hold it at all.
        VerificationFailed: its output is more than a code away.
        NoSpace, UnwritableOutput: nothing is left under that name.
    """
    onnx_versions()
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with published(target) as part:
            _export(net, part, size)
            if is_half:
                _halve(part)
            apart = _apart(net, part, size)
            if not apart <= CODE:
                raise VerificationFailed(
                    f"{target}: {apart * 255:.2f} codes from what torch makes, where 1 is allowed"
                    f"{'. Write it in full precision' if is_half else ''}. Nothing was kept."
                )
    return apart * 255


ONE_AT_A_TIME = Lock()
"""Held while torch exports: that it does is a state of the process, as are warnings and logs."""


def _export(net: Generator, part: Path, size: Size | None) -> None:
    axes = {FRAME: {2: "height", 3: "width"}, ENLARGED: {2: "tall", 3: "wide"}}
    try:
        with ONE_AT_A_TIME, _quietly():
            torch.onnx.export(
                net,
                (_picture(net, size or TRACED),),
                str(part),
                input_names=[FRAME],
                output_names=[ENLARGED],
                dynamic_axes=axes if size is None else None,
                opset_version=OPSET,
                dynamo=False,
            )
    except OSError:
        raise
    except Exception as error:  # an exporter of a foreign network may raise anything
        if size is None:
            raise _not_any(net, short(error)[:120]) from error
        raise InvalidCheckpoint(
            f"{net.architecture}: ONNX cannot hold this network: {short(error)[:120]}"
        ) from error


def _not_any(net: Generator, reason: str) -> InvalidOption:
    return InvalidOption(
        f"{net.architecture}: works at one size only as ONNX ({reason}). Add --size WIDTHxHEIGHT."
    )


def _halve(part: Path) -> None:
    """Turn weights and features into float16; what goes in and comes out stays float32."""
    import onnx

    onnx_runtime()
    from onnxruntime.transformers.float16 import convert_float_to_float16

    with _quietly():
        half = convert_float_to_float16(onnx.load(str(part)), keep_io_types=True)
        onnx.save(half, str(part))


def _apart(net: Generator, part: Path, size: Size | None) -> float:
    """Return the largest difference between a file's output and torch's, both clamped."""
    farthest = 0.0
    session = open_session(part, CPU_PROVIDER)
    for one in (size,) if size is not None else OTHER_SIZES:
        picture = _picture(net, one)
        with torch.inference_mode():
            expected = net(picture).clamp(0, 1)
        try:
            output = run_session(session, picture).clamp(0, 1)
        except Exception as error:  # of a runtime, which raises what it likes
            if size is None:
                raise _not_any(net, f"fails at {one}") from error
            raise InvalidCheckpoint(
                f"{net.architecture}: ONNX Runtime cannot run it: {short(error)[:120]}"
            ) from error
        if output.shape != expected.shape:
            raise _not_any(net, f"fails at {one}")
        apart = float((output - expected).abs().max())
        if farthest <= CODE < apart and one not in (size, TRACED):
            raise _not_any(net, f"differs at {one}")
        farthest = max(farthest, apart)
    return farthest


def open_session(path: Path, provider: str) -> Any:
    """Open an ONNX file with one of ONNX Runtime's providers."""
    onnxruntime = onnx_runtime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = torch.get_num_threads()
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    also = [] if provider == CPU_PROVIDER else [CPU_PROVIDER]  # for what the first cannot do
    return onnxruntime.InferenceSession(str(path), options, providers=[provider, *also])


def run_session(session: Any, picture: Tensor) -> Tensor:
    """Return what an open file makes of (1, C, H, W) float32."""
    (output,) = session.run([ENLARGED], {FRAME: picture.contiguous().numpy()})
    return torch.from_numpy(output)


class OnnxNetwork(nn.Module):
    """An open ONNX file as a network: (1, C, H, W) float32 → the same, enlarged."""

    def __init__(self, session: Any) -> None:
        super().__init__()
        self.session = session

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge."""
        return run_session(self.session, x)


def _picture(net: Generator, size: Size) -> Tensor:
    return drawn(3 if net.colour == "rgb" else 1, size.height, size.width)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep an exporter's warnings and printed graphs from the user, who can do nothing there."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def exported(net: Generator, folder: Path, key: str, size: Size, *, is_half: bool) -> Path:
    """Return the ONNX file of a network at a size, written unless it is there already.

    Beyond `MOST_CACHED_BYTES` the files that were opened longest ago are removed.

    Args:
        folder: of what can be made again.
        key: by which the same weights are known again: their SHA-256.

    Raises:
        Refused, VerificationFailed: as `write_onnx`.
    """
    precision = "fp16" if is_half else "fp32"
    made_by = f"{version('torch')}-{version('onnxruntime')}"
    path = folder / f"{key}-{size.width}x{size.height}-{precision}-{made_by}.onnx"
    if not path.exists():
        mine = f"{os.getpid()}-{get_ident()}"  # two workers or two threads may write it
        own = path.with_name(f"{path.stem}.{mine}{path.suffix}")
        write_onnx(net, own, size, is_half=is_half)
        own.replace(path)
    limit_cache(path, MOST_CACHED_BYTES)
    return path
