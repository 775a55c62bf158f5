"""Articles, evidence and answers made up for tests, by hand and by hypothesis."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import strategies as st

from bot.answering.answer import ArticleReference, Evidence
from index.sentences import sentence_spans

TRAM = ArticleReference(
    id="sample/tram/04.html",
    title="La facture s’alourdit",
    url="https://courrier.example/tram",
    source="Le Courrier",
    published=date(2024, 5, 3),
)


def evidence(
    text: str,
    article: ArticleReference = TRAM,
    *,
    start: int = 0,
    probability: float = 1.0,
    scores: tuple[float, ...] | None = None,
    copies: tuple[ArticleReference, ...] = (),
) -> Evidence:
    """A passage that begins at `start` of its article, in sentences, the first the best."""
    spans = tuple((start + a, start + b) for a, b in sentence_spans(text))
    return Evidence(
        article=article,
        language="fr",
        start=start,
        end=start + len(text),
        text=text,
        sentences=spans,
        sentence_scores=scores or tuple(1.0 - number for number in range(len(spans))),
        score=probability,
        probability=probability,
        copies=copies,
    )


_WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
_SENTENCES = st.lists(_WORDS, min_size=1, max_size=8).map(lambda words: " ".join(words) + ". ")
_TEXTS = st.lists(_SENTENCES, min_size=1, max_size=5).map(lambda found: "".join(found).strip())
_SHARES = st.floats(0, 1)

references = st.builds(
    ArticleReference,
    id=st.uuids().map(str),
    title=st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    url=st.none() | st.sampled_from(["https://courrier.example/a", "javascript:alert(1)", "/a"]),
    source=st.none() | st.sampled_from(["Le Courrier", "L’Écho <b>", "{source}"]),
    published=st.none() | st.dates(),
)


@st.composite
def _evidence(draw: st.DrawFn) -> Evidence:
    text = draw(_TEXTS.filter(lambda text: bool(sentence_spans(text))))
    made = evidence(
        text, draw(references), start=draw(st.integers(0, 9000)), probability=draw(_SHARES)
    )
    count = len(made.sentences)
    scores = draw(st.lists(_SHARES, min_size=count, max_size=count))
    copies = draw(st.lists(references, max_size=4))
    return replace(made, sentence_scores=tuple(scores), copies=tuple(copies))


@st.composite
def found_passages(draw: st.DrawFn) -> list[Evidence]:
    """What a search gives, of any probabilities; at times the same words in two articles."""
    found = draw(st.lists(_evidence(), max_size=6))
    has_twin = draw(st.booleans())
    if found and has_twin:
        twin = draw(st.sampled_from(found))
        found.append(replace(twin, article=draw(references)))
    return found
