"""One convolution in 8-bit integers: the only module that calls torch's oneDNN operations for it.

Their schema is not public API. `refusal` tries them once on hard numbers; whoever uses them asks it
first.

Bits. Sums of products are integers. oneDNN scales them in float, and its kernels round differently
from one instruction set to the next, unless nothing has to be rounded before the last step: scales
here are powers of two, and a bias is a whole number of products. Without VNNI two products are
added in 16 bits, which saturates from 255 · 64 · 2 up, so no weight is beyond ±63.
"""

from __future__ import annotations

import platform
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LIMIT = 127
"""The largest weight."""

PAIR = 128
"""The largest sum of two weights, of channels 2k and 2k + 1: 255 · 128 fits 16 bits."""

PEAK = 255
"""The largest value of a feature."""


class IntegerConv(nn.Module):
    """A 3×3 convolution of uint8 features.

    Shape: (N, C, H, W) uint8 → (N, C', H, W), channels_last: uint8 after ReLU, or float32.

    Args:
        weight: (C', C, 3, 3), whole numbers within ±`LIMIT`, neighbours within `PAIR`.
        bias: (C',), whole numbers, in products.
        shift: (C',), whole numbers: the sum is divided by 2^shift.
        is_last: return float32 without ReLU; no bit is lost there.
    """

    factor: Tensor
    bias: Tensor
    zero: Tensor

    def __init__(
        self, weight: Tensor, bias: Tensor, shift: Tensor, *, is_last: bool = False
    ) -> None:
        super().__init__()
        self.is_last = is_last
        self.channels = len(weight)
        factor = torch.exp2(-shift.double())
        self.register_buffer("factor", factor.float())
        self.register_buffer("bias", (bias.double() * factor).float())
        self.register_buffer("zero", torch.zeros(len(weight), dtype=torch.int32))
        self._packed = torch.ops.onednn.qconv_prepack(
            weight.to(torch.int8).contiguous(),
            self.factor, 1.0, 0, [1, 1], [1, 1], [1, 1], 1, None,
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """Convolve, shift, round half to even, clip to 0 … `PEAK`."""
        kind, after = (torch.float32, "none") if self.is_last else (torch.uint8, "relu")
        out: Tensor = torch.ops.onednn.qconv2d_pointwise(
            x, 1.0, 0, self._packed, self.factor, self.zero, self.bias,
            [1, 1], [1, 1], [1, 1], 1, 1.0, 0, kind, after, [], "",
        )  # fmt: skip
        return out


@cache
def refusal() -> str | None:
    """Return why 8-bit integers cannot be used on this machine; None if they can.

    The operations are tried once, against the same sums in float64: all bits must agree.
    """
    if platform.machine().lower() not in ("x86_64", "amd64", "i386", "i686", "x86"):
        return f"int8 is for x86 processors, and this is {platform.machine()}"
    if torch.backends.cpu.get_cpu_capability() not in FASTER_THAN_FLOAT:
        return "this processor has no AVX2, without which int8 is no faster than fp32"
    try:
        is_exact = all(_is_exact(*shape) for shape in TRIALS)
    except Exception:  # an internal operation may fail in any way; float32 works too
        return "this torch has no int8 convolutions of oneDNN"
    return None if is_exact else "int8 does not give the right sums on this processor"


FASTER_THAN_FLOAT = ("AVX2", "AVX512")
"""Levels of instructions on which int8 beats fp32 (and bf16), by torch's names.

Measured (tests/benchmarks/results/int8-*.json), body of `fast`, int8 ÷ fp32: AVX2 0.5, AVX2 with
VNNI 0.24–0.5, AVX512 0.48, with VNNI 0.12–0.25, AMX 0.09.
"""

TRIALS = ((3, 16, 12, 17), (16, 16, 9, 33), (48, 48, 21, 30), (64, 40, 16, 16))
"""Channels in and out, height and width: of the widths that are in use, and of odd ones."""


def _is_exact(c_in: int, c_out: int, height: int, width: int) -> bool:
    """Return whether random and extreme numbers give the same as in float64."""
    always = torch.Generator().manual_seed(1)
    x = torch.randint(0, PEAK + 1, (1, c_in, height, width), generator=always)
    weight = torch.randint(-LIMIT, LIMIT + 1, (c_out, c_in, 3, 3), generator=always)
    x[:, :, : height // 2] = PEAK
    weight[::2] = weight[::2].sign() * LIMIT
    first, second = weight[:, : c_in // 2 * 2 : 2], weight[:, 1::2]
    room = PAIR - first.abs()
    second[:] = torch.where(first.sign() == second.sign(), second.clamp(-room, room), second)
    bias = torch.randint(-(1 << 16), 1 << 16, (c_out,), generator=always)
    shift = torch.randint(8, 15, (c_out,), generator=always)
    exact = F.conv2d(x.double(), weight.double(), bias.double(), padding=1)
    exact = exact * torch.exp2(-shift.double())[:, None, None]
    features = x.to(torch.uint8).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        cut = IntegerConv(weight, bias, shift)(features)
        last = IntegerConv(weight, bias, shift, is_last=True)(features)
    return torch.equal(cut.double(), exact.round().clamp(0, PEAK)) and torch.equal(
        last.double(), exact
    )
