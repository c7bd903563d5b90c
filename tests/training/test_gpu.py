import pytest
import torch

from tests.training.toys import recipe
from vsr.jobs.train import FitSpec, Watch, fit
from vsr.models.catalog import load

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("precision", ["bf16", "fp16", "fp32"])
def test_a_recipe_trains_on_the_gpu(tmp_path, data, precision):
    assert torch.cuda.is_available()
    seen = []
    spec = FitSpec(
        recipe=recipe(tmp_path, steps=60, log_steps=20, check_steps=60, learning_rate=3e-3),
        data=data,
        out=tmp_path / "run",
        device="cuda",
        precision=precision,
    )
    fit(spec, Watch(on_progress=seen.append))
    assert seen[-1].loss < seen[0].loss
    assert load(str(spec.out / "lite_x4.safetensors")).traits.scale == 4


def test_separable_convolutions_train_composed_and_are_exported_plain(tmp_path, data):
    assert torch.cuda.is_available()
    path = tmp_path / "swift.toml"
    path.write_text(
        'description = "A toy."\npipeline = "train-pixel"\nmodel = "swift-srgan"\nscale = 4\n'
        "[steps.pixel]\nsteps = 4\nbatch = 2\npatch = 8\nlog_steps = 2\n"
    )
    spec = FitSpec(recipe=str(path), data=data, out=tmp_path / "run", device="cuda")
    fit(spec)
    assert load(str(spec.out / "swift-srgan_x4.safetensors")).traits.parameters == 201_209
