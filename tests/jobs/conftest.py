from pathlib import Path

import pytest

from tests.flavoured import write_flavours
from tests.training.toys import recipe
from vsr.jobs.train import FitSpec


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder of models with ``toy`` ×2 in three flavours."""
    folder = tmp_path / "models"
    folder.mkdir()
    write_flavours(folder)
    monkeypatch.setenv("VSR_MODELS", str(folder))
    return folder


@pytest.fixture
def toy(tmp_path: Path, data: Path) -> FitSpec:
    """Return a run of six steps for ``lite`` ×4."""
    return FitSpec(recipe=recipe(tmp_path), data=data, out=tmp_path / "run", device="cpu")
