"""Sentences of the corpus as queries: each must find its own passage first.

A part that fails at this, the easiest of its tasks, hides behind the others in every other
figure; so each part is asked alone.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from index.articles.article import Article
from index.passages import split_into_passages
from index.query import Query
from index.search import Parts, Search
from scripts.evaluation.dataset import NotADataset

_LEAST_WORDS = 6  # shorter sentences stand in many articles


def self_check(
    search: Search, articles: Sequence[Article], count: int, seed: int
) -> dict[str, float]:
    """The share of sentences, drawn by the seed, whose own passage comes first, by part.

    :raises NotADataset: where the articles hold no sentence that is long enough.
    """
    sentences = [
        (sentence, article)
        for article in articles
        for passage in split_into_passages(article)
        for span in passage.sentences
        if len((sentence := article.body[span.start : span.end]).split()) >= _LEAST_WORDS
    ]
    if not sentences:
        raise NotADataset(f"no sentence has {_LEAST_WORDS} words to be found by")
    chosen = random.Random(seed).sample(sentences, min(count, len(sentences)))
    figures: dict[str, float] = {"sentences": len(chosen)}
    for parts in (Parts.DENSE, Parts.LEXICAL, Parts.FUSED):
        found = [
            any(sentence in hit.passage.text for hit in search.search(query, 1, parts))
            for sentence, article in chosen
            for query in [Query(sentence, article.language)]
        ]
        figures[f"self_check_{parts}"] = sum(found) / len(found)
    return figures
