"""A plain network that learns as if its features had mean 0 and deviation 1.

After a ReLU all features are positive. Adam changes every weight by as much, so that its steps add
up along their mean, and the network is thrown about by what should have been a change of biases.
Here weights are those of standardised features, and the bias is what is added to their mean: the
network computes the same, and its gradients see no mean.

Measured for what `vsr.training.network.start_fitted` makes of ``realesr-general-x4v3``, dB towards
its corrected pictures on patches held out: with every second layer left out 34.8 at the start, 36.2
after 400 steps (80 seconds of a core), where without it 150 steps bring nothing at any rate.

Source: Y. LeCun et al., Efficient BackProp (1998), section 4.3; here means and deviations are those
of the network as it starts.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsr.models.blocks import nearest_base
from vsr.models.int8 import pictures
from vsr.models.plain import Plain
from vsr.training.data.batches import normalised

LEAST = 0.5
"""The least deviation of a feature, relative to the mean of its layer's. Adam changes a weight by
the rate divided by it: what pictures hardly ever show would grow until pure red blew it up."""

OF_MEAN = 0.1
"""The least deviation of a feature, relative to its own mean: others are as good as constant, and
would only be thrown about at the frame's edge, which is 0 and far from what they are."""


class StandardisedPlain(Plain):
    """`Plain` with the weights of standardised features.

    Keys: those of `Plain`, and ``means`` and ``deviations`` (depth + 1, C) of the features that the
    body and the tail take, which are not learnt.

    Args:
        like: the network that it computes at first.
        is_standardised: False leaves the weights as they are: means are 0, deviations 1.
    """

    means: Tensor
    deviations: Tensor

    def __init__(self, like: Plain, *, is_standardised: bool = True) -> None:
        super().__init__(like.scale, like.channels, like.depth, like.colour)
        self.load_state_dict(like.state_dict())
        wide = (like.depth + 1, like.channels)
        self.register_buffer("means", torch.zeros(wide))
        self.register_buffer("deviations", torch.ones(wide))
        if is_standardised:
            self._standardise()

    @torch.no_grad()
    def _standardise(self) -> None:
        """Take means and deviations from drawn scenes, and put them into weights and biases."""
        codes = torch.from_numpy(pictures.scenes()).permute(0, 2, 3, 1)
        features = F.relu(self.head(normalised(codes, self.colour)))
        for index, conv in enumerate(self._later):
            mean, deviation = features.mean((0, 2, 3)), features.std((0, 2, 3))
            deviation = torch.maximum(deviation, OF_MEAN * mean)
            deviation = deviation.clamp_min(LEAST * float(deviation.mean()))
            deviation[deviation == 0] = 1.0  # nothing is seen of this layer
            self.means[index], self.deviations[index] = mean, deviation
            following = conv(features)
            assert conv.bias is not None
            conv.bias += (conv.weight.sum((2, 3)) * mean).sum(1)
            conv.weight *= deviation[:, None, None]
            features = F.relu(following)

    @property
    def _later(self) -> list[nn.Conv2d]:
        """The convolutions that take features."""
        return [*(cast(nn.Conv2d, conv) for conv in self.body), self.tail]

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Return weight and bias of each of them for features as they are."""
        layers = []
        for conv, mean, deviation in zip(self._later, self.means, self.deviations, strict=True):
            weight = conv.weight / deviation[:, None, None]
            assert conv.bias is not None
            layers.append((weight, conv.bias - (weight.sum((2, 3)) * mean).sum(1)))
        return layers

    def weights(self) -> dict[str, Tensor]:
        """Return the parameters of the `Plain` of the same function, with their gradients."""
        named: dict[str, Tensor] = dict(self.head.named_parameters(prefix="head"))
        names = (*(f"body.{index}" for index in range(self.depth)), "tail")
        for name, (weight, bias) in zip(names, self.layers(), strict=True):
            named |= {f"{name}.weight": weight, f"{name}.bias": bias}
        return named

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge (N, C, H, W) in [0, 1]; the output is not clamped."""
        *body, tail = self.layers()
        features = F.relu(self.head(x))
        for weight, bias in body:
            features = F.relu(F.conv2d(features, weight, bias, padding=1))
        added = F.conv2d(features, *tail, padding=1)
        enlarged: Tensor = self.shuffle(added + nearest_base(x, self.scale))
        return enlarged

    @torch.no_grad()
    def plain(self) -> Plain:
        """Return the network of the same function, to export and to run."""
        net = Plain(self.scale, self.channels, self.depth, self.colour)
        net.load_state_dict(self.weights())
        return net.train(self.training)
