"""A real PostgreSQL server, for as long as a test run lasts.

with running_postgres(programs) as server, server.new_database() as url:
    ...  # url is postgresql://depeche@127.0.0.1:PORT/NAME
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, LiteralString
from uuid import uuid4

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

USER = "depeche"  # owns each database, and may do nothing else
_ADMIN = "postgres"
_PLACES = (  # of Debian and Homebrew, which keep several versions side by side
    "/usr/lib/postgresql/*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
_STARTS_WITHIN = 60.0  # seconds
_STOPS_WITHIN = 30.0  # seconds
# A superuser runs programs. That one comes in by the socket only, whose folder is closed to others.
_ACCESS = f"local all {_ADMIN} trust\nhost all {USER} 127.0.0.1/32 trust\n"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    # What a crash would lose is thrown away in any case.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
}
# Runs the server until nobody holds the other end of standard input, then removes its folder.
# That end closes with the process of the tests, however it ends; no finalizer outlives SIGKILL.
_KEEPER = """
exec 3<&0
folder=$1
shift
"$@" 3<&- </dev/null &
server=$!
{ read -r _ <&3; kill -INT "$server"; } &
watch=$!
wait "$server"
kill "$watch"
rm -rf "$folder"
"""


class PostgresFailed(Exception):
    """The server did not start; what it said follows."""


def find_programs(path: str | None = None, places: Sequence[str] = _PLACES) -> Path | None:
    """The folder of `initdb` and `postgres`: PATH's, or else the newest of `places`.

    `path` is read instead of PATH. A place is a pattern; the last number in what it finds is the
    version.
    """
    folders = []
    if initdb := shutil.which("initdb", path=path):
        folders.append(Path(initdb).resolve().parent)
    found = [folder for place in places for folder in Path("/").glob(place.lstrip("/"))]
    folders += sorted(found, key=_version, reverse=True)
    for folder in folders:
        if all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
            return folder
    return None


def _version(folder: Path) -> int:
    return int((re.findall(r"\d+", str(folder)) or ["0"])[-1])


def required(programs: Path | None, *, in_ci: bool) -> Path:
    """These programs. Without any, the test is skipped; in CI it fails."""
    if programs is not None:
        return programs
    reason = (
        "no PostgreSQL server is installed: apt-get install postgresql, "
        "or brew install postgresql@17"
    )
    if in_ci:
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass(frozen=True)
class Postgres:
    """A running server."""

    folder: Path
    port: int
    pid: int

    @contextmanager
    def new_database(self) -> Iterator[str]:
        """The URL of an empty database. When the context ends it goes, whoever is connected."""
        name = f"test_{uuid4().hex}"
        self._administer("CREATE DATABASE {} OWNER {}", name, USER)
        try:
            yield f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"
        finally:
            self._administer("DROP DATABASE {} WITH (FORCE)", name)

    def _administer(self, command: LiteralString, *names: str) -> None:
        with psycopg.connect(
            host=str(self.folder), port=self.port, user=_ADMIN, dbname=_ADMIN, autocommit=True
        ) as connection:
            connection.execute(SQL(command).format(*map(Identifier, names)))


@contextmanager
def running_postgres(programs: Path) -> Iterator[Postgres]:
    """A new server, its data in a temporary folder; both are gone when the context ends.

    They go as well when this process is killed. Raises PostgresFailed.
    """
    # Not where pytest keeps its folders: they are closed to the user the server runs as. And a
    # socket's path is short.
    folder = Path(tempfile.mkdtemp(prefix="depeche-postgres-", dir="/tmp"))
    try:
        _make_cluster(programs, folder)
        with tempfile.TemporaryFile() as log, _keeper(programs, folder, log) as keeper:
            server = _once_ready(folder, keeper, log)
            server._administer("CREATE ROLE {} LOGIN", USER)
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _make_cluster(programs: Path, folder: Path) -> None:
    options = _process_options(folder)
    if "user" in options:
        os.chown(folder, options["user"], options["group"])
    command: list[str | Path] = [programs / "initdb", "--pgdata", folder / "data", "--no-sync"]
    command += ["--auth=trust", f"--username={_ADMIN}", "--encoding=UTF8", "--locale=C"]
    made = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **options,
    )
    if made.returncode:
        raise PostgresFailed(made.stdout)
    (folder / "data" / "pg_hba.conf").write_text(_ACCESS, encoding="utf-8")


@contextmanager
def _keeper(programs: Path, folder: Path, log: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """The process that runs the server, and stops it when the context ends."""
    settings = _SETTINGS | {"unix_socket_directories": str(folder), "port": str(_free_port())}
    command: list[str | Path] = ["/bin/sh", "-c", _KEEPER, "sh", folder]
    command += [programs / "postgres", "-D", folder / "data"]
    command += [f"--{name}={value}" for name, value in settings.items()]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        start_new_session=True,  # Ctrl-C is for the tests, which then let go of the server
        **_process_options(folder),
    ) as keeper:
        try:
            yield keeper
        finally:
            assert keeper.stdin is not None
            keeper.stdin.close()
            try:
                keeper.wait(_STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                os.killpg(keeper.pid, signal.SIGKILL)


def _process_options(folder: Path) -> dict[str, Any]:
    """How both programs run: in a folder they may enter, and not as root, which they refuse."""
    # Messages are in English, and no variable of the user's own server counts.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    options: dict[str, Any] = {"cwd": folder, "env": kept | {"LC_ALL": "C"}}
    if os.geteuid() != 0:
        return options
    names = {user.pw_name: user for user in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    return options | {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _once_ready(folder: Path, keeper: subprocess.Popen[bytes], log: IO[bytes]) -> Postgres:
    """The server, once it takes connections. Raises PostgresFailed."""
    deadline = time.monotonic() + _STARTS_WITHIN
    while keeper.poll() is None and time.monotonic() < deadline:
        try:
            lines = (folder / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            lines = []
        # Process, folder, start, port, socket's folder, address, shared memory, state.
        if len(lines) > 7 and lines[7].strip() == "ready":
            return Postgres(folder, port=int(lines[3]), pid=int(lines[0]))
        time.sleep(0.01)
    log.seek(0)
    raise PostgresFailed(log.read().decode(errors="replace"))
