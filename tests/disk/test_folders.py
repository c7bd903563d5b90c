"""Where a user's own presets, pipelines and models are looked for."""

from pathlib import Path

import pytest

from vsr.disk.folders import Kind, user_folder

KINDS: tuple[Kind, ...] = ("presets", "presets/train", "pipelines", "models")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VSR_HOME", "VSR_MODELS", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/me")


@pytest.mark.parametrize("kind", KINDS)
def test_vsr_home_moves_every_folder(monkeypatch: pytest.MonkeyPatch, kind: Kind) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/elsewhere")
    monkeypatch.setenv("VSR_HOME", "~/vsr")
    assert user_folder(kind) == Path("/home/me/vsr") / kind


def test_vsr_models_is_the_folder_of_models_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSR_HOME", "/vsr")
    monkeypatch.setenv("VSR_MODELS", "/weights")
    assert user_folder("models") == Path("/weights")
    assert user_folder("presets") == Path("/vsr/presets")


def test_without_them_the_users_own_folders_of_the_system_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert user_folder("presets") == Path("/home/me/.config/vsr/presets")
    assert user_folder("models") == Path("/home/me/.local/share/vsr/models")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/config")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert user_folder("pipelines") == Path("/config/vsr/pipelines")
    assert user_folder("models") == Path("/data/vsr/models")
