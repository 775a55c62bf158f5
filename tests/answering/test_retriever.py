"""The search as a LangChain retriever, by LangChain's own standard tests and ours."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.retrievers import BaseRetriever
from langchain_tests.integration_tests import RetrieversIntegrationTests

from bot.answering.retriever import PassageRetriever, as_evidence
from index.query import Filter
from index.search import Parts, Search

QUESTION = "Combien coûtera la ligne D du tram d’Ostwick ?"


class TestByLangChain(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _over_the_sample(self, sample_search: Search) -> None:
        self._search = sample_search

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return PassageRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"search": self._search}

    @property
    def retriever_query_example(self) -> str:
        return QUESTION


def test_a_document_is_a_slice_of_its_article(sample_search: Search) -> None:
    documents = PassageRetriever(search=sample_search).invoke(QUESTION)
    assert documents
    for document in documents:
        meta = document.metadata
        article = sample_search.store.article(meta["article_id"])
        assert article is not None
        assert article.body[meta["start"] : meta["end"]] == document.page_content
        assert (meta["title"], meta["url"], meta["source"], meta["language"]) == (
            article.title, article.url, article.source, article.language,
        )  # fmt: skip


def test_a_document_names_itself_once(sample_search: Search) -> None:
    documents = PassageRetriever(search=sample_search).invoke(QUESTION)
    assert len({document.id for document in documents}) == len(documents)


def test_evidence_holds_what_its_document_says(sample_search: Search) -> None:
    for document in PassageRetriever(search=sample_search).invoke(QUESTION):
        evidence = as_evidence(document)
        article = sample_search.store.article(evidence.article.id)
        assert article is not None
        assert evidence.article.published == article.published
        assert evidence.sentences
        for start, end in evidence.sentences:
            assert evidence.start <= start < end <= evidence.end
            assert evidence.words(start, end) == article.body[start:end]
        assert len(evidence.sentences) == len(evidence.sentence_scores)
        assert 0 <= evidence.probability <= 1


def test_a_document_names_the_articles_with_the_same_words(sample_search: Search) -> None:
    retriever = PassageRetriever(search=sample_search, parts=Parts.FUSED)
    first, *_ = retriever.invoke("Wie viele Unterschriften gegen die Seilbahn sind gültig?")
    [copy] = as_evidence(first).copies
    assert {copy.source, first.metadata["source"]} == {"Lohmetal-Kurier", None}
    article = sample_search.store.article(copy.id)
    assert article is not None
    assert (copy.title, copy.url, copy.source, copy.published) == (
        article.title, article.url, article.source, article.published,
    )  # fmt: skip


def test_a_filter_is_kept_to(sample_search: Search) -> None:
    retriever = PassageRetriever(search=sample_search)
    german = retriever.invoke(QUESTION, filter=Filter(languages=frozenset({"de"})))
    assert {document.metadata["language"] for document in german} == {"de"}
    assert retriever.invoke(QUESTION, filter=Filter(languages=frozenset({"zz"}))) == []


def test_another_order_of_parts_may_be_asked_for(sample_search: Search) -> None:
    orders = {
        tuple(
            document.id
            for document in PassageRetriever(search=sample_search, parts=parts).invoke(QUESTION)
        )
        for parts in (Parts.DENSE, Parts.LEXICAL, Parts.FUSED)
    }
    assert len(orders) == 3
