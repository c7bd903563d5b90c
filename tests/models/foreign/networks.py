"""Small random networks of six architectures that others wrote."""

import math
import warnings

import torch

from vsr.models.foreign.library import library

ARCHITECTURES = ("SPAN", "RCAN", "SwinIR", "DAT", "RealPLKSR", "SAFMN")

SCALES = {"SPAN": 4, "RCAN": 2, "SwinIR": 2, "DAT": 2, "RealPLKSR": 2, "SAFMN": 3}

GLOBAL = ("RCAN", "DAT", "RealPLKSR")
"""Those in which any pixel may change any other."""


def network(architecture, seed=0):
    """Return a network as spandrel builds it, in eval mode."""
    assert library().module is not None, library().detail
    from spandrel.architectures.DAT import DAT
    from spandrel.architectures.PLKSR import RealPLKSR
    from spandrel.architectures.RCAN import RCAN
    from spandrel.architectures.SAFMN import SAFMN
    from spandrel.architectures.SPAN import SPAN
    from spandrel.architectures.SwinIR import SwinIR

    makers = {
        "SPAN": lambda: SPAN(num_in_ch=3, num_out_ch=3, feature_channels=16, upscale=4),
        "RCAN": lambda: RCAN(scale=2, n_resgroups=1, n_resblocks=1, n_feats=16, reduction=4),
        "SwinIR": lambda: SwinIR(
            img_size=16, embed_dim=12, depths=[2], num_heads=[2], window_size=8, mlp_ratio=2,
            upscale=2, upsampler="pixelshuffledirect",
        ),
        "DAT": lambda: DAT(
            img_size=64, embed_dim=64, split_size=[2, 4], depth=[2], num_heads=[2],
            expansion_factor=2, upscale=2,
        ),
        "RealPLKSR": lambda: RealPLKSR(dim=16, n_blocks=2, upscaling_factor=2, kernel_size=9),
        "SAFMN": lambda: SAFMN(dim=16, n_blocks=2, ffn_scale=2.0, upscaling_factor=3),
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of foreign code
        torch.manual_seed(seed)
        net = makers[architecture]().eval().requires_grad_(False)
    if architecture == "SPAN":  # random weights of this one are far from an image
        with torch.no_grad():
            net.upsampler[0].weight.mul_(0.05)
            net.upsampler[0].bias.fill_(math.sqrt(0.25))
    return net


def write_network(architecture, path, seed=0):
    """Write such a network as its trainers would, and return the path."""
    torch.save({"params_ema": network(architecture, seed).state_dict()}, path)
    return path


def plain_spandrel(path, picture):
    """Return what spandrel itself makes of (1, C, H, W) in [0, 1]."""
    from vsr.models.checkpoint import read_tensors

    module = library().module
    assert module is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = module.MAIN_REGISTRY.load(read_tensors(path)).eval()
    return net(picture.clone())
