"""What a chat is told: an article, with the words for which it is about the topic."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from bot.answering.answer import ArticleReference


class AlertState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"  # written to Telegram, perhaps
    SENT = "sent"
    DROPPED = "dropped"  # its chat cannot be written to, or Telegram refuses it


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A passage, `body[start:end]` of its article, with the sentence that matches best."""

    start: int
    end: int
    text: str
    quote_start: int  # in the body
    quote_end: int

    @property
    def quote(self) -> str:
        return self.text[self.quote_start - self.start : self.quote_end - self.start]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Alert:
    """One article matched to one subscription, as it is to be shown."""

    id: int
    subscription_id: int
    topic: str
    article: ArticleReference
    excerpt: Excerpt
    others: tuple[ArticleReference, ...] = ()  # that tell the same story
    updated: bool = False  # the article was told of before, or is older than the subscription


def article_as_json(article: ArticleReference) -> dict[str, Any]:
    fields = asdict(article)
    fields["published"] = article.published.isoformat() if article.published else None
    return fields


def article_from_json(fields: dict[str, Any]) -> ArticleReference:
    published = fields["published"]
    return ArticleReference(
        **{**fields, "published": date.fromisoformat(published) if published else None}
    )
