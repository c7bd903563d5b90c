"""The verdict that ends a run: is the network better than what it started from, and where.

Both enlarge the patches that were held out. What counts is the mean difference in dB of luma,
towards what the run learns: the truth, or a teacher's targets; a difference within two standard
errors is none. ``verdict.png`` shows patches from the one that lost most to the one that gained
most, each as low resolution, start, result, target, and truth where that is not the target.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from vsr.disk.publishing import published, writing
from vsr.errors import Refused
from vsr.kernels import CATMULL_ROM
from vsr.models.blocks import Generator
from vsr.training.damage.camera import enlarged
from vsr.training.data.batches import normalised
from vsr.training.data.manifest import TRUTH
from vsr.training.network.start import given, start
from vsr.training.network.start_fitted import is_fitted
from vsr.training.recipe.recipe import learning_stages
from vsr.training.run.context import Context
from vsr.training.run.learn import luma_psnr
from vsr.training.run.run_folder import VERDICT_PICTURE, Run
from vsr.wording import counted

SHOWN = 6
"""Patches in the picture."""

ERRORS = 2.0
"""Standard errors of the mean within which a difference is none."""

Enlarge = Callable[[Tensor], Tensor]
"""(1, C, h, w) → (1, C, s·h, s·w), in [0, 1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of a run.

    Attributes:
        against: what the network started from, or ``bicubic``.
        target: what it learnt: ``truth``, or a teacher's targets.
        before: mean PSNR of luma towards the target at the start, dB.
        after: of the result.
        deviation: standard error of the mean of the differences between the two.
        patches: how many were held out; ``better`` of them gained.
        truth_before: towards the truth; the same as ``before`` where that is the target.
        is_for_looks: a stage minimised more than an error of pixels.
    """

    against: str
    target: str
    before: float
    after: float
    deviation: float
    patches: int
    better: int
    truth_before: float
    truth_after: float
    is_for_looks: bool

    @property
    def judgement(self) -> str:
        """``better``, ``worse``, or ``no different``."""
        gain = self.after - self.before
        if abs(gain) <= ERRORS * self.deviation or round(gain, 2) == 0:
            return "no different"
        return "better" if gain > 0 else "worse"

    def words(self) -> str:
        """Say it in one line."""
        gain = round(self.after, 2) - round(self.before, 2) + 0.0  # of what is shown; no -0.00
        towards = "" if self.target == TRUTH else f" towards the targets '{self.target}'"
        line = (
            f"{self.judgement.capitalize()} than {self.against}{towards}: {self.before:.2f} → "
            f"{self.after:.2f} dB ({gain:+.2f}) on {counted(self.patches, 'patch')} held out, "
            f"{self.better} of which gained"
        ).replace("No different than", "No different from")
        if self.target != TRUTH:
            line += f"; towards the truth {self.truth_before:.2f} → {self.truth_after:.2f} dB"
        if self.is_for_looks:
            line += "; it was trained for looks, which dB do not see"
        return f"{line}. See {VERDICT_PICTURE}."


def give_verdict(context: Context, run: Run, result: Generator) -> Verdict:
    """Compare a run's result with its start; leave the verdict and its picture in the folder.

    Raises:
        NoSpace, UnwritableOutput: the folder.
    """
    against, before = _start(context, run, result)
    after = _by(result.to(context.device).eval())
    low, target, true = (
        normalised(torch.from_numpy(np.array(codes)), result.colour).to(context.device)
        for codes in context.patches.held_out()
    )
    outputs = [torch.cat([way(one[None]) for one in low]) for way in (before, after)]
    scale = context.patches.scale
    dbs = np.array([[luma_psnr(*pair, scale) for pair in zip(one, target)] for one in outputs])
    truths = [
        np.mean([luma_psnr(*pair, scale) for pair in zip(one, true, strict=True)])
        for one in outputs
    ]
    gain = dbs[1] - dbs[0]
    verdict = Verdict(
        against=against,
        target=context.recipe.target,
        before=float(dbs[0].mean()),
        after=float(dbs[1].mean()),
        deviation=float(gain.std(ddof=1) / len(gain) ** 0.5) if len(gain) > 1 else 0.0,
        patches=len(gain),
        better=int((gain > 0).sum()),
        truth_before=float(truths[0]),
        truth_after=float(truths[1]),
        is_for_looks=_is_for_looks(context, run),
    )
    rows = (low, *outputs, target) if verdict.target == TRUTH else (low, *outputs, target, true)
    _show(context, rows, np.argsort(gain))
    context.folder.write_verdict(verdict)
    return verdict


def _start(context: Context, run: Run, result: Generator) -> tuple[str, Enlarge]:
    """Return what the run began with, and its name; bicubic where that was nothing."""
    recipe = context.recipe
    if run.init is not None:
        try:
            kind, net = "what it was fitted to", given(run.init, recipe.scale)
            if not is_fitted(net, result):
                net = start(recipe.model, recipe.scale, recipe.seed, run.init)
                kind = "its start"
            named = f"{kind} ({run.init.rpartition('/')[2]})"
            return named, _by(net.to(context.device).eval())
        except Refused:  # the file is gone, and the run was resumed without it
            pass
    return "bicubic", _bicubic(recipe.scale)


def _by(net: Generator) -> Enlarge:
    def enlarge(low: Tensor) -> Tensor:
        with torch.inference_mode():
            output: Tensor = net(low).float().clamp(0, 1)
            return output

    return enlarge


def _bicubic(scale: int) -> Enlarge:
    def enlarge(low: Tensor) -> Tensor:
        size = torch.Size(side * scale for side in low.shape[-2:])
        return enlarged(low, size, CATMULL_ROM).clamp(0, 1)

    return enlarge


def _is_for_looks(context: Context, run: Run) -> bool:
    stages = learning_stages(context.recipe, run.pipeline)
    return any(
        stage.kind == "adversarial" or getattr(stage.values, "perceptual", 0) for stage in stages
    )


def _show(context: Context, columns: tuple[Tensor, ...], order: np.ndarray) -> None:
    """Write one row a patch, in the order of what it gained."""
    places = np.linspace(0, len(order) - 1, min(SHOWN, len(order))).round().astype(int)
    size = columns[-1].shape[-2:]
    rows = [
        torch.cat([F.interpolate(one[n][None], size=size)[0] for one in columns], dim=2)
        for n in order[places]
    ]
    sheet = torch.cat(rows, dim=1).clamp(0, 1).mul(255).round().byte().cpu()
    pixels = sheet.expand(3, -1, -1).permute(1, 2, 0).numpy()
    path = context.folder.path / VERDICT_PICTURE
    with writing(path), published(path) as part:
        Image.fromarray(np.ascontiguousarray(pixels)).save(part, "PNG")
