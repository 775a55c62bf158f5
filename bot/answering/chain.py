"""The retrieval-augmented chain: a question in, an answer with citations out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda, RunnableParallel, RunnablePassthrough

from bot.answering.answer import Answer
from bot.answering.extractive import extract_answer
from bot.answering.retriever import as_evidence
from bot.i18n import supported
from index.search import Query


@dataclass(frozen=True, slots=True)
class Question:
    """What a reader asked, and the language of their interface."""

    text: str
    reader_language: str

    @property
    def language(self) -> str:
        """In which it is asked; the reader's, where its words do not say."""
        return Query.of(self.text, self.reader_language).language


def build_chain(retriever: BaseRetriever) -> Runnable[Question, Answer]:
    """Question -> passages -> Answer. It computes for some 100 ms: call it off the event loop."""

    def retrieve(question: Question) -> list[Document]:
        return retriever.invoke(question.text, language=question.language)

    return RunnableParallel(
        question=RunnablePassthrough(), documents=RunnableLambda(retrieve)
    ) | RunnableLambda(_answer)


def _answer(found: dict[str, Any]) -> Answer:
    question: Question = found["question"]
    evidence = [as_evidence(document) for document in found["documents"]]
    answer_in = supported(question.language) or question.reader_language
    return extract_answer(question.text, question.language, answer_in, evidence)
