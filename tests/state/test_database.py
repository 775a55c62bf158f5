"""The database, on SQLite and on PostgreSQL: made, brought up to date, and safe to share."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, make_url, select, text
from sqlalchemy.exc import StatementError

from bot.state.database import Database, DatabaseUnusable, checked_url, migrate, prepare
from bot.state.tables import ChatRow, MatchedRunRow, Table

NOW = datetime(2024, 5, 3, 12, tzinfo=UTC)


def chat(id: int) -> ChatRow:
    return ChatRow(id=id, kind="private", language="fr", created_at=NOW)


def synchronous(url: str) -> str:
    """The URL as an engine takes it that does not know of event loops."""
    parsed = make_url(checked_url(url))
    return parsed.set(drivername=parsed.drivername.replace("+aiosqlite", "")).render_as_string(
        hide_password=False
    )


@pytest.fixture
def url(database_url: str) -> str:
    found = checked_url(database_url)
    prepare(found)
    return found


def test_the_migrations_make_the_tables_of_the_code(url: str, database_url: str) -> None:
    engine = create_engine(synchronous(database_url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []
    engine.dispose()


def test_the_migrations_can_be_undone_and_done_again(url: str, database_url: str) -> None:
    migrate(url, "base")
    engine = create_engine(synchronous(database_url))
    assert set(inspect(engine).get_table_names()) <= {"alembic_version", "sqlite_sequence"}
    engine.dispose()
    prepare(url)
    prepare(url)  # there is nothing left to do


async def test_what_is_written_is_there_and_times_keep_their_zone(url: str) -> None:
    database = Database(url)
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    async with database.writing() as session:
        session.add(MatchedRunRow(id="a", at=elsewhere))
    async with database.reading() as session:
        row = await session.get_one(MatchedRunRow, "a")
        assert row.at == NOW
        assert row.at.utcoffset() == timedelta(0)
    await database.close()


async def test_a_transaction_that_fails_leaves_nothing(url: str) -> None:
    database = Database(url)

    async def fail() -> None:
        async with database.writing() as session:
            session.add(chat(1))
            await session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.reading() as session:
        assert await session.get(ChatRow, 1) is None
    await database.close()


async def test_writers_wait_for_each_other_and_none_is_lost(url: str) -> None:
    database = Database(url)
    async with database.writing() as session:
        session.add(chat(1))

    async def later() -> None:
        async with database.writing() as session:
            row = await session.get_one(ChatRow, 1, with_for_update=True)
            await asyncio.sleep(0.01)
            row.quiet_from = (row.quiet_from or 0) + 1

    await asyncio.gather(*(later() for _ in range(20)))
    async with database.reading() as session:
        assert (await session.get_one(ChatRow, 1)).quiet_from == 20
    await database.close()


async def test_a_time_without_its_zone_is_refused(url: str) -> None:
    database = Database(url)

    async def write() -> None:
        async with database.writing() as session:
            session.add(MatchedRunRow(id="a", at=NOW.replace(tzinfo=None)))

    with pytest.raises(StatementError, match="no time zone"):
        await write()
    await database.close()


async def test_ids_beyond_32_bits_are_kept(url: str) -> None:
    database = Database(url)
    async with database.writing() as session:
        session.add(chat(-1_002_003_004_005))
    async with database.reading() as session:
        assert await session.scalar(select(ChatRow.id)) == -1_002_003_004_005
    await database.close()


@pytest.mark.parametrize(
    "url",
    [
        "mysql://localhost/x", "nonsense", "sqlite://", "sqlite:///:memory:", "",
    ],
)  # fmt: skip
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="PostgreSQL|postgresql|needs a file"):
        checked_url(url)


def test_the_old_name_of_postgresql_is_understood() -> None:
    assert checked_url("postgres://a:b@host/c") == "postgresql+psycopg://a:b@host/c"


def test_a_file_that_is_no_database_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(DatabaseUnusable, match="cannot be opened: file is not a database"):
        prepare(checked_url(f"sqlite:///{path}"))


def test_a_server_that_is_not_there_is_told_without_its_password() -> None:
    with pytest.raises(DatabaseUnusable, match="cannot be opened") as told:
        prepare(checked_url("postgresql://user:secret@127.0.0.1:1/name"))
    assert "secret" not in str(told.value)
    assert "\n" not in str(told.value)


def test_tables_of_a_newer_version_are_left_alone(url: str, database_url: str) -> None:
    engine = create_engine(synchronous(database_url))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(DatabaseUnusable, match="newer version"):
        prepare(url)


_WRITER = """
import asyncio, sys
from datetime import UTC, datetime
from bot.state.database import Database
from bot.state.tables import MatchedRunRow

async def write():
    database = Database(sys.argv[1])
    for number in range(10_000):
        async with database.writing() as session:
            session.add(MatchedRunRow(id=str(number), at=datetime.now(UTC)))
        print(number, flush=True)

asyncio.run(write())
"""


def _killed_after(count: int, url: str) -> int:
    """Have a process write row after row, and kill it in the middle; the last it said."""
    process = subprocess.Popen([sys.executable, "-c", _WRITER, url], stdout=subprocess.PIPE)
    assert process.stdout is not None
    last = -1
    for line in process.stdout:
        last = int(line)
        if last == count:
            os.kill(process.pid, signal.SIGKILL)
            break
    process.stdout.close()
    process.wait()
    return last


async def test_what_was_committed_survives_the_killing_of_the_process(url: str) -> None:
    last = await asyncio.to_thread(_killed_after, 30, url)
    assert last == 30
    database = Database(url)
    async with database.reading() as session:
        kept = set(await session.scalars(select(MatchedRunRow.id)))
    await database.close()
    assert {str(number) for number in range(last + 1)} <= kept
