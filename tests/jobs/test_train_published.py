"""The three systems that this project reproduces, trained from nothing to a network of use."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.jobs.runs import shrunk_recipe
from vsr.jobs.train import FitSpec, Watch, fit
from vsr.models.catalog import load
from vsr.training.data.prepare import PrepareSpec, prepare

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]

NEAREST_DB = 26.17
"""What repeating each pixel gives on the patches held out: measured."""


def discs(seed, side=160):
    """Overlapping discs with soft rims, (side, side, 3), uint8."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    picture = np.broadcast_to(rng.uniform(40, 215, 3), (side, side, 3))
    for _ in range(40):
        (cy, cx), radius = rng.uniform(0, side, 2), rng.uniform(4, 24)
        inside = np.clip(radius - np.hypot(y - cy, x - cx) + 0.5, 0, 1)[..., None]
        picture = picture * (1 - inside) + inside * rng.uniform(0, 255, 3)
    return np.rint(picture).astype(np.uint8)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("discs")
    (folder / "pictures").mkdir()
    for seed in range(16):
        Image.fromarray(discs(seed)).save(folder / "pictures" / f"{seed}.png")
    prepare(PrepareSpec(sources=(folder / "pictures",), out=folder / "data", patch=64, scales=(4,)))
    return folder / "data"


@pytest.mark.parametrize(
    ("name", "steps"), [("swift-srgan-x4", 150), ("srgan-x4", 100), ("dpsrgan-x4", 100)]
)
def test_a_recipe_trains_from_nothing_to_a_network_of_use(name, steps, tmp_path, data):
    path = Path(shrunk_recipe(name, tmp_path))
    text = path.read_text()
    for small, larger in (
        ("steps = 2\n", f"steps = {steps}\n"),
        ("batch = 2", "batch = 4"),
        ("patch = 8", "patch = 12"),
        ("warm_up_steps = 500", "warm_up_steps = 5"),
        ("check_steps = 2", f"check_steps = {steps}"),
    ):
        text = text.replace(small, larger)
    path.write_text(text)
    seen = []
    run = FitSpec(recipe=str(path), data=data, out=tmp_path / "run", device="cpu", precision="fp32")
    fit(run, Watch(on_verdict=seen.append))
    assert seen[0].after > NEAREST_DB + 0.5
    model = load(str(next(run.out.glob("*.safetensors"))))
    assert (model.traits.scale, model.card.flavour) == (4, "pixel")
