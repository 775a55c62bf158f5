"""The retrieval-augmented chain: a question in, an answer with citations out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda, RunnableParallel, RunnablePassthrough

from bot.answering.answer import Answer
from bot.answering.extractive import extract_answer
from bot.answering.filters import split_filter
from bot.answering.retriever import as_evidence
from bot.i18n import supported
from index.query import Query


@dataclass(frozen=True, slots=True)
class Question:
    """What a reader asked, limits included, and the language of their interface."""

    text: str
    reader_language: str

    @property
    def query(self) -> Query:
        """What to search for. Its language is the reader's where its words do not say."""
        text, filter = split_filter(self.text)
        return replace(Query.of(text, self.reader_language), filter=filter)

    @property
    def language(self) -> str:
        return self.query.language


def build_chain(retriever: BaseRetriever) -> Runnable[Question, Answer]:
    """Question -> passages -> Answer. It computes for some 100 ms: call it off the event loop."""

    def retrieve(question: Question) -> list[Document]:
        query = question.query
        return retriever.invoke(query.text, language=query.language, filter=query.filter)

    return RunnableParallel(
        question=RunnablePassthrough(), documents=RunnableLambda(retrieve)
    ) | RunnableLambda(_answer)


def _answer(found: dict[str, Any]) -> Answer:
    question: Question = found["question"]
    evidence = [as_evidence(document) for document in found["documents"]]
    answer_in = supported(question.language) or question.reader_language
    return extract_answer(question.text, question.language, answer_in, evidence)
