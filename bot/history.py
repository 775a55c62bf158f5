"""What was asked and answered in each chat, so that the next question may go on from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, select

from bot.answering.followups import Turn
from bot.state.database import Database
from bot.state.tables import TurnRow

MOST_TURNS = 10  # kept for each place
KEPT_FOR = timedelta(days=30)
FRESH_FOR = timedelta(hours=6)  # later a question begins anew, unless it is a reply
SHOWN = 3  # turns that a follow-up is understood from
_LONGEST_ANSWER = 600  # characters kept of an answer


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conversation is: a chat, and a topic's thread in it."""

    chat_id: int
    thread_id: int = 0  # 0: no thread


class History:
    """Turns in the database, the last of each place."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def turns(self, place: Place, replied: int | None = None) -> list[Turn]:
        """What a question may go on from, oldest first; empty where it begins anew.

        :param replied: the message of ours that it is a reply to: then the turns up to that one,
            however old; none where that is of no turn on record.
        """
        query = select(TurnRow).where(_at(place))
        if replied is None:
            query = query.where(TurnRow.at >= self._now() - FRESH_FOR)
        async with self._database.reading() as session:
            if replied is not None:
                answered = select(TurnRow.id).where(
                    TurnRow.chat_id == place.chat_id,
                    TurnRow.first_message_id <= replied,
                    TurnRow.last_message_id >= replied,
                )
                last = await session.scalar(answered.order_by(TurnRow.id.desc()).limit(1))
                if last is None:
                    return []
                query = query.where(TurnRow.id <= last)
            rows = await session.scalars(query.order_by(TurnRow.id.desc()).limit(SHOWN))
            return [Turn(row.question, row.answer) for row in reversed(rows.all())]

    async def add(self, place: Place, turn: Turn, message_ids: Sequence[int] = ()) -> None:
        """Note a turn, and let go of what is too old or too much.

        :param message_ids: of the answer.
        """
        now = self._now()
        row = TurnRow(
            chat_id=place.chat_id,
            thread_id=place.thread_id,
            first_message_id=min(message_ids, default=None),
            last_message_id=max(message_ids, default=None),
            question=turn.question,
            answer=turn.answer[:_LONGEST_ANSWER],
            at=now,
        )
        async with self._database.writing() as session:
            session.add(row)
            await session.flush()
            newest = select(TurnRow.id).where(_at(place)).order_by(TurnRow.id.desc())
            kept = (await session.scalars(newest.limit(MOST_TURNS))).all()
            await session.execute(delete(TurnRow).where(_at(place), TurnRow.id < min(kept)))
            await session.execute(delete(TurnRow).where(TurnRow.at < now - KEPT_FOR))

    async def forget(self, place: Place) -> None:
        """Begin anew there."""
        async with self._database.writing() as session:
            await session.execute(delete(TurnRow).where(_at(place)))


def _at(place: Place) -> ColumnElement[bool]:
    return and_(TurnRow.chat_id == place.chat_id, TurnRow.thread_id == place.thread_id)
