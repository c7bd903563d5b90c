"""The discriminators, against the tables of their papers and code."""

import pytest
import torch

from vsr.errors import InvalidOption
from vsr.models.discriminators import (
    PatchDiscriminator,
    SRGANDiscriminator,
    SwiftDiscriminator,
    UNetDiscriminator,
)


@pytest.mark.parametrize(
    ("build", "parameters"),
    [
        (SwiftDiscriminator, 19_413_279),
        (SRGANDiscriminator, 23_563_649),
        (PatchDiscriminator, 4_695_425),
        (UNetDiscriminator, 4_378_625),
    ],
)
def test_the_parameter_count_is_that_of_the_table(build, parameters):
    assert sum(p.numel() for p in build().parameters()) == parameters


@pytest.mark.parametrize(
    ("build", "side", "shape"),
    [
        (SwiftDiscriminator, 96, (2, 1)),
        (SRGANDiscriminator, 96, (2, 1)),
        (PatchDiscriminator, 128, (2, 1, 5, 5)),
        (UNetDiscriminator, 32, (2, 1, 32, 32)),
        (UNetDiscriminator, 13, (2, 1, 13, 13)),
    ],
)
def test_logits_have_the_shape_of_the_docstring(build, side, shape):
    with torch.no_grad():
        logits = build()(torch.rand(2, 3, side, side), torch.rand(2, 3, side // 4, side // 4))
    assert logits.shape == shape


@pytest.mark.parametrize("net", [PatchDiscriminator(), UNetDiscriminator(4)])
def test_conditional_discriminators_see_the_low_resolution(net):
    net.eval()
    image = torch.rand(1, 3, 96, 96)
    low = torch.rand(1, 3, 24, 24, requires_grad=True)
    net(image, low).sum().backward()
    assert low.grad.abs().sum() > 0


def test_a_cell_of_the_patch_discriminator_sees_93_pixels():
    net = PatchDiscriminator().eval()
    image = torch.rand(1, 3, 192, 192, requires_grad=True)
    logits = net(image, torch.rand(1, 3, 48, 48))
    middle = logits.shape[-1] // 2
    logits[0, 0, middle, middle].backward()
    rows = image.grad.abs().sum(dim=(0, 1, 3)).nonzero().flatten()
    assert int(rows.max() - rows.min()) + 1 == 93


@pytest.mark.parametrize("patch", [0, 8, 100])
def test_a_patch_that_the_srgan_discriminator_cannot_halve_four_times_is_refused(patch):
    with pytest.raises(InvalidOption, match="multiple of 16"):
        SRGANDiscriminator(patch)
