from pathlib import Path

import pytest

from tests.flavoured import write_flavours


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder of models with ``toy`` ×2 in three flavours."""
    folder = tmp_path / "models"
    folder.mkdir()
    write_flavours(folder)
    monkeypatch.setenv("VSR_MODELS", str(folder))
    return folder
