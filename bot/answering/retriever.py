"""The search as an ordinary LangChain retriever, and back from its documents."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from bot.answering.answer import ArticleReference, Evidence
from index.articles.article import Article
from index.hits import Hit
from index.query import Filter, Query
from index.search import Parts, Search


class PassageRetriever(BaseRetriever):
    """Passages for a question, best first; each document is one passage.

    Its metadata: `article_id`, `title`, `url`, `source`, `published` (ISO 8601 or None),
    `language`, `start` and `end` (offsets into the article's body), `sentences`
    (`[start, end, score]` each), `score`, `probability`, and `copies`, the articles that hold
    nearly the same words (`article_id`, `title`, `url`, `source` and `published` of each).
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    search: Search
    k: int = 10
    parts: Parts = Parts.FULL

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        k: int | None = None,
        language: str | None = None,
        filter: Filter | None = None,
    ) -> list[Document]:
        asked = Query(query, language) if language else Query.of(query)
        if filter:
            asked = replace(asked, filter=filter)
        hits = self.search.search(asked, self.k if k is None else k, self.parts)
        return [_as_document(hit) for hit in hits]


def _as_document(hit: Hit) -> Document:
    article = hit.article
    metadata: dict[str, Any] = {
        **_described(article),
        "language": article.language,
        "start": hit.passage.start,
        "end": hit.passage.end,
        "sentences": [[s.span.start, s.span.end, s.score] for s in hit.sentences],
        "score": hit.score,
        "probability": hit.probability,
        "copies": [_described(copy) for copy in hit.copies],
    }
    key = f"{article.id}:{hit.passage.start}-{hit.passage.end}"
    return Document(id=key, page_content=hit.passage.text, metadata=metadata)


def _described(article: Article) -> dict[str, Any]:
    return {
        "article_id": article.id,
        "title": article.title,
        "url": article.url,
        "source": article.source,
        "published": article.published.isoformat() if article.published else None,
    }


def _reference(described: dict[str, Any]) -> ArticleReference:
    published = described["published"]
    return ArticleReference(
        described["article_id"],
        described["title"],
        described["url"],
        described["source"],
        date.fromisoformat(published) if published else None,
    )


def as_evidence(document: Document) -> Evidence:
    """The passage in a document of PassageRetriever."""
    meta = document.metadata
    return Evidence(
        article=_reference(meta),
        language=meta["language"],
        start=meta["start"],
        end=meta["end"],
        text=document.page_content,
        sentences=tuple((start, end) for start, end, _ in meta["sentences"]),
        sentence_scores=tuple(score for _, _, score in meta["sentences"]),
        score=meta["score"],
        probability=meta["probability"],
        copies=tuple(map(_reference, meta["copies"])),
    )
