"""The database: SQLite in a file by default, PostgreSQL by URL; brought up to date at the start."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from bot.state.tables import Table

_MIGRATIONS = Path(__file__).parent / "migrations"
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}
_BUSY_FOR = 30  # seconds that SQLite waits for another process to have written


class DatabaseUnusable(Exception):
    """The database cannot be opened, or is not of this version; says what to do."""


class Database:
    """Sessions of one database, which `prepare` has prepared. Close it when done."""

    def __init__(self, url: str) -> None:
        """:param url: as `checked_url` gives it."""
        self._engine = _engine(make_url(url))
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)

    @property
    def dialect(self) -> str:
        return self._engine.dialect.name

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        async with self._sessions() as session:
            yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A transaction: all of it, once the body has ended; none of it where it fails.

        SQLite lets one write at a time, from its first statement on, so that what is read in it
        is still so when it is written.
        """
        async with self._sessions() as session, session.begin():
            if self.dialect == "sqlite":
                await session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
            yield session

    def insert_new(self, table: type[Table]) -> sqlite.Insert | postgresql.Insert:
        """An insert that leaves what has the same key as it is."""
        if self.dialect == "sqlite":
            return sqlite.insert(table).on_conflict_do_nothing()
        return postgresql.insert(table).on_conflict_do_nothing()

    async def close(self) -> None:
        await self._engine.dispose()


def checked_url(url: str) -> str:
    """The URL with the driver that is used for it.

    :raises ValueError: for a database that is neither SQLite nor PostgreSQL.
    """
    try:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    except ArgumentError:
        raise ValueError(
            "not of the form sqlite:///data/state/depeche.db or postgresql://USER@HOST/NAME"
        ) from None
    backend = parsed.get_backend_name()
    if backend not in _DRIVERS:
        raise ValueError(f"{backend} is not supported: SQLite and PostgreSQL are")
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise ValueError("an SQLite database needs a file: sqlite:///data/state/depeche.db")
    return parsed.set(drivername=_DRIVERS[backend]).render_as_string(hide_password=False)


def shown_url(url: str) -> str:
    """The URL without its password."""
    return make_url(url).render_as_string(hide_password=True)


def prepare(url: str) -> None:
    """Make the tables, or bring them up to date. Blocking.

    :param url: as `checked_url` gives it.
    :raises DatabaseUnusable: with what to do.
    """
    parsed = make_url(url)
    shown = shown_url(url)
    try:
        if parsed.get_backend_name() == "sqlite":
            Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
        migrate(url)
    except CommandError as error:
        raise DatabaseUnusable(
            f"DATABASE_URL {shown} was written by a newer version of Dépêche ({error}): update, "
            "or name another database"
        ) from None
    except (SQLAlchemyError, OSError) as error:
        said = str(error.orig if isinstance(error, DBAPIError) else error)
        raise DatabaseUnusable(
            f"DATABASE_URL {shown} cannot be opened: {' '.join(said.split())}"
        ) from None


def migrate(url: str, revision: str = "head") -> None:
    """Bring the tables to a revision; "base" is none of them. Blocking."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["url"] = url
    if revision == "base":
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)


def _engine(url: URL) -> AsyncEngine:
    if url.get_backend_name() != "sqlite":
        return create_async_engine(url, pool_pre_ping=True)
    engine = create_async_engine(url, connect_args={"timeout": _BUSY_FOR})
    event.listen(engine.sync_engine, "connect", prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def prepare_sqlite(connection: Any, record: object = None) -> None:
    """Set up a new connection: written ahead, so that readers do not wait for who writes."""
    # The driver would begin transactions by itself, and too late: `_begin` does.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # What is committed survives the end of the process, and with FULL that of the machine.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    kind = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {kind}")
