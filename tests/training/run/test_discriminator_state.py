import pytest

from vsr.errors import InvalidOption
from vsr.training.recipe.adversarial_values import AdversarialValues
from vsr.training.recipe.recipe import Stage
from vsr.training.recipe.values import PixelValues
from vsr.training.run.adversarial import check_discriminators


def stage(name, **values):
    return Stage(name, "adversarial", AdversarialValues(**values))


def test_steps_that_share_a_discriminator_are_taken():
    pixel = Stage("pixel", "pixel", PixelValues())
    check_discriminators([pixel, stage("a", discriminator="srgan", patch=24)], 4)
    check_discriminators([stage("a", discriminator_width=8), stage("b", discriminator_width=8)], 4)


@pytest.mark.parametrize(
    "other",
    [{"discriminator": "srgan", "patch": 32}, {"discriminator": "swift-srgan", "patch": 24}],
)
def test_a_step_that_cannot_go_on_with_the_discriminator_before_is_refused(other):
    first = stage("adversarial", discriminator="srgan", patch=24)
    with pytest.raises(InvalidOption, match="'refine': its discriminator differs in size"):
        check_discriminators([first, stage("refine", **other)], 4)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"discriminator": "srgan", "patch": 9}, "36: this discriminator needs a multiple of 16"),
        ({"discriminator": "patch", "patch": 23}, "92: this discriminator needs 93"),
    ],
)
def test_pictures_that_a_discriminator_cannot_take_are_refused(values, message):
    with pytest.raises(InvalidOption, match=message):
        check_discriminators([stage("adversarial", **values)], 4)


def test_a_width_for_a_discriminator_that_has_only_its_own_is_refused():
    with pytest.raises(InvalidOption, match="discriminator_width: 'srgan'"):
        AdversarialValues(discriminator="srgan", discriminator_width=32)
