"""Subscriptions of any number, to topics cut from the titles of real texts.

The topics of a title have its vector, with some noise: ten thousand would take minutes to
encode, and how long an article takes to be matched does not depend on them. How many alerts
come of it does, a little.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import insert

from bot.alerts.subscription import ChatKind, Schedule, SubscriptionState
from bot.state.database import Database
from bot.state.tables import ChatRow, SubscriptionRow
from index.embedding import Encoder, Progress, Vector
from index.lexical import content_words
from index.topics import Sensitivity

_LEAST_WORDS, _MOST_WORDS = 2, 6  # of a topic, as people write them
_NOISE = 0.015  # standard deviation a dimension: cosines of 0.96 with the title
_OF_A_CHAT = 5
_FIRST_CHAT = 1_000


@dataclass(frozen=True, slots=True)
class Title:
    text: str
    language: str  # ISO 639-1


@dataclass(frozen=True, slots=True)
class TitleTopic:
    """A run of a title's words that begins and ends with one that says something."""

    text: str
    title: Title


def topics_from(titles: Sequence[Title], count: int, seed: int = 0) -> list[TitleTopic]:
    """So many topics, no two of the same words.

    :raises ValueError: where the titles do not hold so many.
    """
    found: dict[str, TitleTopic] = {}
    for title in titles:
        words = re.findall(r"[\w'’-]+", title.text)
        telling = [bool(content_words(word, title.language)) for word in words]
        for start in range(len(words)):
            for end in range(start + _LEAST_WORDS, start + _MOST_WORDS + 1):
                if end <= len(words) and telling[start] and telling[end - 1]:
                    text = " ".join(words[start:end])
                    found.setdefault(text, TitleTopic(text, title))
    if len(found) < count:
        raise ValueError(f"{len(titles)} titles hold {len(found)} topics, not {count}")
    return random.Random(seed).sample(list(found.values()), count)


async def subscribe(
    database: Database,
    topics: Sequence[TitleTopic],
    encoder: Encoder,
    now: datetime,
    progress: Progress,
) -> None:
    """Have chats, made for it, follow these topics: at once, at normal sensitivity.

    :param progress: told of each topic.
    """
    vectors: dict[Title, Vector] = {}
    rows = []
    for number, topic in enumerate(topics):
        if topic.title not in vectors:
            vectors[topic.title] = encoder.encode_query(topic.title.text)
        rows.append(
            {
                "chat_id": _FIRST_CHAT + number // _OF_A_CHAT,
                "topic": topic.text,
                "language": topic.title.language,
                "vector": _near(vectors[topic.title], number).tobytes(),
                "model": encoder.name,
                "sensitivity": Sensitivity.NORMAL,
                "adjustment": 0.0,
                "schedule": Schedule.NOW,
                "minute": 0,
                "weekday": 0,
                "sources": [],
                "languages": [],
                "updates": False,
                "state": SubscriptionState.ACTIVE,
                "created_at": now,
                "changed_at": now,
            }
        )
        progress(1)
    chats = [
        {"id": id, "kind": ChatKind.PRIVATE, "language": "fr", "created_at": now}
        for id in dict.fromkeys(row["chat_id"] for row in rows)
    ]
    async with database.writing() as session:
        await session.execute(insert(ChatRow), chats)
        await session.execute(insert(SubscriptionRow), rows)


def _near(vector: Vector, seed: int) -> Vector:
    noise = np.random.default_rng(seed).normal(0, _NOISE, vector.shape)
    moved: Vector = (vector + noise).astype(np.float32)
    moved /= np.linalg.norm(moved)
    return moved
