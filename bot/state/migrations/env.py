"""Alembic's entry: runs the migrations of `versions` on one connection."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, event, make_url
from sqlalchemy.pool import NullPool

from bot.state.database import prepare_sqlite
from bot.state.tables import Table


def run() -> None:
    url = make_url(context.config.attributes["url"])
    sqlite = url.get_backend_name() == "sqlite"
    engine = create_engine(url.set(drivername="sqlite") if sqlite else url, poolclass=NullPool)
    if sqlite:
        event.listen(engine, "connect", prepare_sqlite)
    with engine.connect() as connection:
        if sqlite:  # all or nothing, and not beside another process that does the same
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        context.configure(
            connection=connection, target_metadata=Table.metadata, render_as_batch=True
        )
        with context.begin_transaction():
            if not sqlite:
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(20110)")
            context.run_migrations()
        connection.commit()
    engine.dispose()


run()
