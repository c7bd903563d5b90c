"""Every shipped recipe runs, and the weights in a recipe have an effect."""

from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from tests.jobs.runs import log_of, shrunk_recipe
from tests.training.toys import prepared
from vsr.jobs.export import ExportSpec, export
from vsr.jobs.teach import TeachSpec, teach
from vsr.jobs.train import FitSpec, fit
from vsr.metrics.features import Features
from vsr.models.catalog import load
from vsr.recipes.read import recipe_names
from vsr.training.damage.degradation import STRENGTHS
from vsr.training.data.pairs import PairsSpec, prepare_pairs
from vsr.training.losses.perceptual import Vgg19
from vsr.training.network.level import flat_pattern
from vsr.training.recipe.recipe import load_recipe
from vsr.training.teacher.teacher import TeacherSpec

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def large_data(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("large"), patch=96, degradations=tuple(STRENGTHS))


@pytest.fixture(scope="module")
def other_data(tmp_path_factory, large_data):
    """What some recipes need: scale or degradation → a set."""
    folder = tmp_path_factory.mktemp("other")
    taught = prepared(folder / "taught", pictures=2, degradations=("video-clear", "video-tape"))
    for targets in ("teacher", "crisp", "vivid"):
        spec = TeachSpec(
            data=taught, teachers=(TeacherSpec(source="fast"),), device="cpu", name=targets
        )
        teach(spec)
    fast = (TeacherSpec(source="fast"),)
    teach(TeachSpec(data=large_data, teachers=fast, degradations=("bicubic",), name="clean"))
    high = large_data.parent / "pictures"
    (folder / "low").mkdir()
    for path in high.iterdir():
        with Image.open(path) as image:
            image.resize((image.width // 4, image.height // 4)).save(folder / "low" / path.name)
    prepare_pairs(PairsSpec(low=folder / "low", high=high, out=folder / "pairs", patch=64))
    threes = prepared(folder / "threes", pictures=2, patch=48, scales=(3,))
    return {"video-clear": taught, "video-tape": taught, "pairs": folder / "pairs", 3: threes}


LIKE_ANOTHER = {
    "dpsrgan-gan-x4", "dpsrgan-mobilenet-gan-x4", "dpsrgan-x4-cpu", "dpsrgan-x4-taught",
    "srgan-gan-x4", "srgan-x4-cpu", "srgan-x4-taught", "swift-srgan-code-gan-x4",
    "swift-srgan-multiscale-gan-x4", "swift-srgan-x4-cpu",
}  # fmt: skip
"""Recipes of large networks whose steps another one, that is run by default, has as well."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in LIKE_ANOTHER else [])
        for name in recipe_names("presets/train")
    ],
)
def test_every_shipped_recipe_runs(name, tmp_path, large_data, other_data):
    path = shrunk_recipe(name, tmp_path)
    recipe = load_recipe(name)[1]
    data = other_data.get(recipe.degradation, other_data.get(recipe.scale, large_data))
    torch.manual_seed(1)
    network = Vgg19(5) if "vgg19" in Path(path).read_text() else Features()
    weights = tmp_path / "features.safetensors"
    save_file(network.state_dict(), weights)
    spec = FitSpec(
        recipe=path, data=data, out=tmp_path / "run", device="cpu", perceptual_weights=weights,
    )  # fmt: skip
    folder = fit(spec)
    card = next(spec.out.glob("*.safetensors"))
    model = load(str(card))
    assert model.traits.scale == recipe.scale
    assert model.card.flavour.endswith(
        ("pixel", "adversarial", "quantise")
        if recipe.degradation == "bicubic"
        else recipe.degradation
    )
    assert folder.read().finished[-1] == "export"


def test_a_levelled_run_is_exported_levelled_whichever_way(tmp_path, large_data):
    weights = tmp_path / "features.safetensors"
    save_file(Features().state_dict(), weights)
    spec = FitSpec(
        recipe=shrunk_recipe("fast-perceptual-x4", tmp_path),
        data=large_data, out=tmp_path / "run", device="cpu", perceptual_weights=weights,
    )  # fmt: skip
    fit(spec)
    by_step = load(str(next(spec.out.glob("*.safetensors")))).net
    again = export(ExportSpec(run=spec.out, name="again", folder=tmp_path))
    assert by_step is not None
    assert flat_pattern(by_step).mean(dim=0).abs().max() < 1e-3  # half precision
    for one, other in zip(
        by_step.parameters(), load(str(again.path)).net.parameters(), strict=True
    ):
        assert torch.equal(one, other)


FRAMES = """
description = "A toy of frames."
pipeline = "train-{step}"
model = "fast"
scale = 4
degradation = "video-medium"
[steps.{step}]
steps = 4
batch = 8
patch = 8
{term} = {weight}
{more}
"""


@pytest.mark.parametrize(
    ("step", "term", "more"),
    [
        ("pixel", "temporal", ""),
        ("pixel", "consistency", ""),
        ("adversarial", "temporal", "discriminator_width = 4"),
    ],
)
def test_frames_are_compared_where_the_recipe_weighs_it(step, term, more, tmp_path, large_data):
    losses = []
    for weight in (1e-9, 1000):  # both in pairs
        path = tmp_path / f"weight_{weight}.toml"
        path.write_text(FRAMES.format(step=step, term=term, weight=weight, more=more))
        spec = FitSpec(recipe=str(path), data=large_data, out=tmp_path / path.stem, device="cpu")
        fit(spec)
        losses.append(float(log_of(spec.out)[0][1]))
    assert losses[1] > losses[0] + 0.001
