"""What all tests share: the real default model, an index of the sample built once a run,
databases, and a language model's server.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

from index.embedding import Encoder, Progress, load_encoder
from index.generations import current_manifest, open_current
from index.reindex import reindex
from index.search import Search
from tests.llm import LanguageModelServer
from tests.postgres import Postgres, find_programs, required, running_postgres

ROOT = Path(__file__).resolve().parent.parent

# The first example pays for what is loaded on first use, on machines of any speed.
settings.register_profile("depeche", deadline=None)
settings.load_profile("depeche")


def no_progress(stage: str, total: int) -> Progress:
    return lambda steps: None


@pytest.fixture(scope="session")
def shared_tmp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A temporary folder that all workers of one run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """Where the default model is unpacked: the repository's folder, or MODELS_DIR."""
    return Path(os.environ.get("MODELS_DIR") or ROOT / "data" / "models")


@pytest.fixture(scope="session")
def encoder(models_dir: Path, shared_tmp: Path) -> Encoder:
    """The default model."""
    with FileLock(shared_tmp / "model.lock"):  # one worker unpacks; the others wait for it
        return load_encoder("default", models_dir)


@pytest.fixture(scope="session")
def sample_index(encoder: Encoder, shared_tmp: Path) -> Path:
    """An index of data/sample. Shared: not to be written to."""
    folder = shared_tmp / "sample-index"
    with FileLock(shared_tmp / "sample-index.lock"):
        if current_manifest(folder) is None:
            sample = [ROOT / "data" / "sample"]
            reindex(sample, folder, encoder.name, lambda: encoder, no_progress)
    return folder


@pytest.fixture(scope="session")
def sample_search(sample_index: Path, encoder: Encoder) -> Iterator[Search]:
    """Searches data/sample."""
    generation = open_current(sample_index, encoder)
    yield generation.search
    generation.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server. Each worker has its own, started by the first test that asks."""
    programs = required(find_programs(), in_ci=bool(os.environ.get("CI")))
    with running_postgres(programs) as server:
        yield server


@pytest.fixture
def postgresql_url(postgres: Postgres) -> Iterator[str]:
    """An empty database of the server's."""
    with postgres.new_database() as url:
        yield url


@pytest.fixture
def language_model() -> Iterator[LanguageModelServer]:
    """A language model's server, which says what the test scripts."""
    with LanguageModelServer() as server:
        yield server


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A database in a file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'state.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database of the test's own. The test runs once for each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def unprivileged(tmp_path: Path) -> Iterator[None]:
    """Act as a user to whom something can be forbidden: nothing is to root."""
    if os.geteuid() != 0:
        yield
        return
    nobody = 65534
    folders = [path for path in tmp_path.parents if path.stat().st_uid == 0 and path.parts[2:]]
    modes = {path: path.stat().st_mode for path in folders}
    for path in (tmp_path, *tmp_path.rglob("*")):
        os.chown(path, nobody, nobody)
    for path in folders:
        path.chmod(modes[path] | 0o055)
    os.seteuid(nobody)
    try:
        yield
    finally:
        os.seteuid(0)
        for path, mode in modes.items():
            path.chmod(mode)
