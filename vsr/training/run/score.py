"""Measure a network on folders of true pictures, by the standard protocol."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from vsr.metrics.enlarge import by_network
from vsr.metrics.pictures import pictures_in, read_picture
from vsr.metrics.protocol import fidelity, standard_pair
from vsr.models.blocks import Generator
from vsr.models.traits import traits_of

MeanScores = Mapping[str, Mapping[str, float]]
"""Data set → metric → mean over its pictures."""

PROTOCOL = "standard: bicubic reduction, 8-bit result, BT.601 luma, border of ×scale pixels cut"


def score(net: Generator, folders: tuple[Path, ...], device: torch.device) -> MeanScores:
    """Return mean PSNR and SSIM of luma and PSNR of R'G'B' for each folder, by its name.

    Raises:
        NoSuchFile, InvalidData: a folder without pictures.
        UnreadableMedia: a picture cannot be read.
    """
    net = net.to(device).eval()
    enlarge = by_network(net, traits_of(net).radius, device)
    scores = {}
    for folder in folders:
        measured = [
            fidelity(standard_pair(read_picture(path), net.scale, enlarge), net.scale)
            for path in pictures_in(folder)
        ]
        scores[folder.name] = {
            name: round(sum(getattr(item, name) for item in measured) / len(measured), 4)
            for name in ("psnr_y", "ssim_y", "psnr_rgb")
        }
    return scores
