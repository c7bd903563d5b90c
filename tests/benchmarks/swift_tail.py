"""Three forms of SwiftSRGAN's last layer on a GPU, which compute the same: which is the fastest?

A 9×9 of 64 channels at full size becomes a 5×5 on cells, 256 → 12 channels (`vsr.models.rewrites.
fuse`). Kernels for matrix units take outputs by eights: 12 are padded by cuDNN, to 32 or 64, or by
us, to 16. A row of ``tests.benchmarks.gpu``; what it says decides which one `fuse` makes.
"""

import copy
import time
from typing import Any

import torch
from torch import Tensor, fx, nn

from vsr.device.select import Device
from vsr.models.rewrites.fuse import Traced, fold_batch_norm, fuse, merge_separable, move_slopes
from vsr.upscaling.engine.cuda_forms import forms
from vsr.upscaling.engine.cuda_pass import exact_inference
from vsr.values import Size

OUTPUTS = 16
WARM_UPS, FRAMES = 5, 20


class Padded(nn.Module):
    """A convolution with a whole number of eights of outputs, of which the first are wanted."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.wanted = conv.out_channels
        self.conv = copy.deepcopy(conv)
        self.conv.out_channels = OUTPUTS
        spare = OUTPUTS - self.wanted
        self.conv.weight = nn.Parameter(torch.cat((conv.weight, conv.weight[:spare] * 0)))
        assert conv.bias is not None
        self.conv.bias = nn.Parameter(torch.cat((conv.bias, conv.bias[:spare] * 0)))
        self.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv(x)[:, : self.wanted]
        return out


def tails(net: nn.Module) -> dict[str, nn.Module]:
    """Return the network with its last layer lifted, lifted and padded, and not lifted."""
    lifted, padded = fuse(net, is_dense=True), fuse(net, is_dense=True)
    assert isinstance(padded, fx.GraphModule)
    nodes = [node for node in padded.graph.nodes if node.op == "call_module"]
    names = [str(node.target) for node in nodes]
    last = next(n for n in reversed(names) if isinstance(padded.get_submodule(n), nn.Conv2d))
    conv = padded.get_submodule(last)
    assert isinstance(conv, nn.Conv2d)
    padded.set_submodule(last, Padded(conv))
    plain = fx.symbolic_trace(copy.deepcopy(net).eval())
    for rewrite in (fold_batch_norm, merge_separable, move_slopes):
        rewrite(Traced(plain))
    return {"lifted": lifted, "padded": padded, "unlifted": plain}


def measure(net: nn.Module, size: Size, device: Device) -> dict[str, Any]:
    """Return milliseconds of the whole network in each form, in weights cast once."""
    picture = torch.rand(1, 3, size.height, size.width, device=device.torch_device)
    picture = picture.contiguous(memory_format=torch.channels_last)
    result: dict[str, Any] = {"size": str(size)}
    for name, own in tails(net).items():
        there = own.to(device.torch_device, memory_format=torch.channels_last)  # type: ignore[call-overload] # a stub gap
        *_, cast = forms(there, device.torch_dtype)
        assert cast.run is not None
        with exact_inference():
            for index in range(WARM_UPS + FRAMES):
                if index == WARM_UPS:
                    torch.cuda.synchronize(device.torch_device)
                    started = time.perf_counter()
                cast.run(picture)
            torch.cuda.synchronize(device.torch_device)
        result[f"ms_{name}"] = round((time.perf_counter() - started) / FRAMES * 1000, 3)
    return result
