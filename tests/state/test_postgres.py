"""The databases that tests of the state run on, and the server that some are on."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from tests.chat.running import eventually
from tests.postgres import (
    Postgres,
    PostgresFailed,
    find_programs,
    required,
    running_postgres,
)

ROOT = Path(__file__).parents[2]
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}
HOLDER = """
import sys, time
from pathlib import Path
from tests.postgres import running_postgres
with running_postgres(Path(sys.argv[1])) as server:
    print(server.pid, server.folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def programs(postgres: Postgres) -> Path:
    """The server's. Without any, what asks for them is skipped, or fails in CI."""
    found = find_programs()
    assert found is not None
    return found


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """One that the server's user may enter, unlike pytest's."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def write_programs(folder: Path, *, initdb: str = "", postgres: str = "") -> Path:
    """A folder of these two shell scripts."""
    folder.mkdir(parents=True)
    for name, script in (("initdb", initdb), ("postgres", postgres)):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_each_test_has_an_empty_database_of_its_own(database_url: str, turn: str) -> None:
    url = make_url(database_url)
    engine = create_async_engine(url.set(drivername=DRIVERS[url.drivername]))
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE seen (word TEXT)"))
        await connection.execute(text("INSERT INTO seen VALUES ('dépêche')"))
        assert await connection.scalar(text("SELECT word FROM seen")) == "dépêche"
    await engine.dispose()


def test_the_server_is_a_real_one(postgresql_url: str) -> None:
    query = "SELECT version(), current_setting('server_encoding')"
    with psycopg.connect(postgresql_url) as connection:
        [(version, encoding)] = connection.execute(query).fetchall()
    assert version.startswith("PostgreSQL ")
    assert encoding == "UTF8"


def test_databases_do_not_see_each_other(postgres: Postgres) -> None:
    with postgres.new_database() as one, postgres.new_database() as other:
        with psycopg.connect(one) as connection:
            connection.execute("CREATE TABLE seen (word TEXT)")
        with psycopg.connect(other) as connection:
            assert connection.execute("SELECT to_regclass('seen')").fetchall() == [(None,)]


def test_a_database_goes_although_someone_is_connected(postgres: Postgres) -> None:
    with postgres.new_database() as url:
        left = psycopg.connect(url)
    with pytest.raises(psycopg.OperationalError):
        left.execute("SELECT 1")
    left.close()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


def test_no_superuser_comes_in_by_the_network(postgresql_url: str) -> None:
    url = make_url(postgresql_url)
    with pytest.raises(psycopg.OperationalError, match="no pg_hba.conf entry"):
        psycopg.connect(host=url.host, port=url.port, user="postgres", dbname="postgres")


def test_the_server_ends_with_its_context(programs: Path) -> None:
    with running_postgres(programs) as server:
        assert alive(server.pid)
    assert not alive(server.pid)
    assert not server.folder.exists()


def test_the_server_ends_when_its_context_fails(programs: Path) -> None:
    with pytest.raises(RuntimeError), running_postgres(programs) as server:
        raise RuntimeError
    assert not alive(server.pid)
    assert not server.folder.exists()


def test_the_server_ends_with_a_process_that_is_killed(programs: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(programs)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            pid, folder = holder.stdout.readline().split()
            assert alive(int(pid))
        finally:
            holder.kill()
            holder.wait()
    eventually(lambda: not alive(int(pid)), "the server ends", within=30)
    eventually(lambda: not Path(folder).exists(), "its folder goes", within=30)


@pytest.mark.parametrize(
    "scripts",
    [
        {"initdb": "echo no room: $2; exit 1"},
        {"initdb": "mkdir $2", "postgres": "echo no room: $2; exit 1"},
    ],
    ids=["initdb", "postgres"],
)
def test_what_a_server_that_does_not_start_said_is_told(
    public_folder: Path, scripts: dict[str, str]
) -> None:
    programs = write_programs(public_folder / "bin", **scripts)
    with pytest.raises(PostgresFailed, match="no room: ") as caught, running_postgres(programs):
        pass
    data = Path(str(caught.value).splitlines()[0].removeprefix("no room: "))
    assert data.name == "data"
    assert not data.parent.exists()


def test_the_programs_in_path_go_before_others(tmp_path: Path) -> None:
    own = write_programs(tmp_path / "own")
    write_programs(tmp_path / "99" / "bin")
    assert find_programs(str(own), [f"{tmp_path}/*/bin"]) == own


def test_the_newest_programs_are_taken(tmp_path: Path) -> None:
    for version in (9, 17, 15):
        write_programs(tmp_path / str(version) / "bin")
    (tmp_path / "18" / "bin").mkdir(parents=True)  # of a client, without the server
    assert find_programs("", [f"{tmp_path}/*/bin"]) == tmp_path / "17" / "bin"


def test_without_a_server_a_test_is_skipped_and_in_ci_it_fails() -> None:
    missing = find_programs("", [])
    with pytest.raises(pytest.skip.Exception, match="install postgresql"):
        required(missing, in_ci=False)
    with pytest.raises(pytest.fail.Exception, match="install postgresql"):
        required(missing, in_ci=True)


@pytest.mark.parametrize("in_ci", [False, True])
def test_with_a_server_no_test_is_skipped(tmp_path: Path, in_ci: bool) -> None:
    assert required(tmp_path, in_ci=in_ci) == tmp_path
