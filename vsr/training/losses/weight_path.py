"""Loss on the line between two networks, which keeps a flavour near what it is blended with.

`vsr.models.flavours` goes from one network to another in a straight line through their weights.
Networks that were tuned far apart draw a grid half-way, or change all at once; at random places of
the line `WeightPath` asks for the same mixture of what both ends draw there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

from vsr.errors import InvalidOption
from vsr.models.blocks import Generator
from vsr.models.catalog import load
from vsr.models.flavours import added_up, flavours_of
from vsr.models.plain import Plain
from vsr.training.losses.cells import ripples
from vsr.values import Blend

EVERY = 3
"""The path is examined in every so many steps: it costs as much as two others."""

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""The strengths for compressed video of the networks to which the paths lead."""

RIPPLES = 2.0
"""The weight of ripples (`vsr.training.losses.cells.ripples`) beside the mean error."""

NEAR = 0.15
"""The share of the path near each end that is left alone."""


@dataclass(frozen=True, slots=True)
class WeightPath:
    """The lines from a network in training to those that it will be blended with.

    Attributes:
        ends: the weights of one architecture, name → tensor.
        shape: a network of that architecture; its own weights are not used.
    """

    ends: tuple[Mapping[str, Tensor], ...]
    shape: Plain

    @classmethod
    def towards(cls, name: str, net: Generator, device: torch.device) -> WeightPath:
        """Return the lines to a network of the catalogue and its flavours for video.

        Raises:
            UnknownName, NoSuchFile, InvalidOption: no such network, or one of another shape.
        """
        if type(net) is not Plain:
            raise InvalidOption("path: needs a plain network. Remove it.")
        flavours = flavours_of(name, net.scale)
        ends = []
        for strength in STRENGTHS if flavours is not None and flavours.video else STRENGTHS[:1]:
            end = load(name, net.scale, Blend(strength=strength)).net
            if end is None or _shapes(end) != _shapes(net):
                raise InvalidOption(f"path_to {name}: is not of this network's shape.")
            ends.append({key: value.to(device) for key, value in end.state_dict().items()})
        return cls(tuple(ends), Plain(net.scale, net.channels, net.depth, net.colour))

    def term(self, weights: Mapping[str, Tensor], low: Tensor, output: Tensor, step: int) -> Tensor:
        """Return mean |N(α·θ + (1 - α)·φ) - (α·N(θ) + (1 - α)·N(φ))|: a scalar, 0 in most steps.

        `RIPPLES` times the waves that the former has in smooth places are added: half-way between
        two networks without a grid there may be one, too faint for the mean to tell.

        Its gradient moves θ alone. (With N(θ) taken as given the line straightens nothing and runs
        away: a product of layers grows faster at its end than half-way.)

        Args:
            weights: θ, of the plain network that is learnt, name → tensor.
            low: (N, C, h, w), [0, 1].
            output: (N, C, s·h, s·w), what the network makes of it.
            step: decides φ and α, so that a resumed run sees the same.
        """
        if step % EVERY:
            return output.new_zeros(())
        always = torch.Generator().manual_seed(step)
        end = self.ends[int(torch.randint(len(self.ends), (), generator=always))]
        share = NEAR + (1 - 2 * NEAR) * float(torch.rand((), generator=always))
        between = added_up((weights, end), (share, 1 - share), ("this", "that"))
        with torch.no_grad():
            other = functional_call(self.shape, dict(end), (low,)).float()
        target = share * output + (1 - share) * other
        blended: Tensor = functional_call(self.shape, between, (low,)).float()
        error: Tensor = (blended - target).abs().mean()
        smooth = target.detach()  # where it is smooth is no thing to learn, and has no slope at 0
        return error + RIPPLES * ripples(blended - target + smooth, smooth)


def _shapes(net: nn.Module) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in net.state_dict().items()}
