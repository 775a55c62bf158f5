"""From an article to its passages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.articles.article import Article, Block, BlockKind
from index.articles.structure import blocks
from index.passages import LONGEST_SENTENCE, Passage, split_into_passages

SENTENCES = [
    "Le maire de Vaubrac a reconnu mardi que la ligne coûtera 310 millions d’euros.",
    "«\u00a0Nous ne savions rien des fouilles\u00a0», a dit M. Dupont, qui préside le conseil.",
    "Pourquoi\u202f?",
    "«\u00a0Il pleut. Il vente. Nous restons\u00a0», dit-elle.",
    "The last bakery in Skerrow closed on Friday after thirty-one years behind the counter.",
    "Ils étaient 212 devant la halle, dont 64 assis, à attendre la rame vert tilleul 🚋.",
]
CROSS_HEADS = [
    "Deux ans de travaux",
    "«\u00a0On a tenu\u00a0»",
    "Le ticket à 1,90 euro",
    "Et demain ?",
]
FURNITURE = [
    "Lire aussi : Le prieuré oublié refait surface",
    "Publicité",
    "Le pont, lundi, à Vaubrac. | CLAIRE WEBER / L’ÉCHO",
    "Partager sur Facebook",
    "Abonnez-vous à notre newsletter Économie",
    "* * *",
]


def article(body: str) -> Article:
    return Article("sample/a.txt", "Titre", body, "fr")


def paragraphs() -> st.SearchStrategy[str]:
    prose = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=16).map(" ".join)
    word = st.sampled_from(["tram", "été", "œuf", "numéro", "d’euros,", "2024"])
    endless = st.lists(word, min_size=150, max_size=400).map(" ".join)
    unbroken = st.integers(600, 2000).map("é".__mul__)
    return st.one_of(prose, prose, prose, endless, unbroken)


def bodies() -> st.SearchStrategy[str]:
    part = st.one_of(
        paragraphs(), paragraphs(), st.sampled_from(CROSS_HEADS), st.sampled_from(FURNITURE)
    )
    gap = st.sampled_from(["\n\n", "\n\n", "\n \n\n", "\n"])
    return st.lists(st.tuples(part, gap), max_size=10).map(
        lambda parts: "".join(text + blank for text, blank in parts).strip()
    )


SIZES = st.integers(150, 1200)


def words_of(body: str, spans: Iterator[tuple[int, int]]) -> str:
    """The characters of some spans that are not blank."""
    return "".join("".join(body[start:end].split()) for start, end in spans)


def heads_with_their_text(parts: list[Block]) -> list[tuple[Block, Block]]:
    """(first of a run of cross-heads, the paragraph right after the run), furniture nowhere
    between."""
    pairs = []
    first: Block | None = None
    for part in parts:
        if part.kind is BlockKind.CROSS_HEAD:
            first = first or part
        else:
            if first and part.kind is BlockKind.PARAGRAPH:
                pairs.append((first, part))
            first = None
    return pairs


@given(bodies(), SIZES)
def test_every_passage_is_a_verbatim_slice_of_its_article(body: str, size: int) -> None:
    for passage in split_into_passages(article(body), size):
        assert passage.text == body[passage.start : passage.end]
        assert passage.text == passage.text.strip() != ""
        assert passage.article_id == "sample/a.txt"


@given(bodies(), SIZES)
def test_passages_follow_one_another_without_overlap(body: str, size: int) -> None:
    position = 0
    for passage in split_into_passages(article(body), size):
        assert position <= passage.start < passage.end
        position = passage.end
        inside = passage.start
        for sentence in passage.sentences:
            assert inside <= sentence.start < sentence.end <= passage.end
            inside = sentence.end


@given(bodies(), SIZES)
def test_the_words_of_every_paragraph_may_be_quoted_in_order_and_once(body: str, size: int) -> None:
    quotable = [(b.start, b.end) for b in blocks(body) if b.kind is BlockKind.PARAGRAPH]
    passages = split_into_passages(article(body), size)
    quoted = ((s.start, s.end) for passage in passages for s in passage.sentences)
    assert words_of(body, quoted) == words_of(body, iter(quotable))


@given(bodies(), SIZES)
def test_no_passage_holds_furniture(body: str, size: int) -> None:
    furniture = [part for part in blocks(body) if part.kind is BlockKind.FURNITURE]
    for passage in split_into_passages(article(body), size):
        assert all(p.end <= passage.start or passage.end <= p.start for p in furniture)


@given(bodies(), SIZES)
def test_a_cross_head_begins_the_passage_of_what_follows_it(body: str, size: int) -> None:
    passages = split_into_passages(article(body), size)
    for head, paragraph in heads_with_their_text(blocks(body)):
        (passage,) = (p for p in passages if p.start <= head.start < p.end)
        assert passage.start == head.start
        assert passage.sentences[0].start == paragraph.start


@given(bodies(), SIZES)
def test_a_passage_is_too_long_only_where_a_single_sentence_is(body: str, size: int) -> None:
    for passage in split_into_passages(article(body), size):
        assert len(passage.text) <= size or len(passage.sentences) == 1
        assert all(0 < s.end - s.start <= LONGEST_SENTENCE for s in passage.sentences)


def texts(passages: list[Passage]) -> list[str]:
    return [passage.text for passage in passages]


def test_whole_paragraphs_are_gathered_while_they_fit() -> None:
    short, other = SENTENCES[0], SENTENCES[4]
    body = f"{short}\n\n{other}\n\n{short}"
    assert texts(split_into_passages(article(body), 200)) == [f"{short}\n\n{other}", short]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    body = " ".join([SENTENCES[0]] * 5)
    cut = split_into_passages(article(body), 200)
    assert texts(cut) == [" ".join([SENTENCES[0]] * n) for n in (2, 2, 1)]


def test_a_cross_head_is_context_and_no_statement() -> None:
    (passage,) = split_into_passages(article(f"Deux ans de travaux\n\n{SENTENCES[0]}"))
    assert passage.text.startswith("Deux ans de travaux")
    assert [passage.text[s.start : s.end] for s in passage.sentences] == [SENTENCES[0]]


@pytest.mark.parametrize("body", ["", "Publicité", "Publicité\n\nPartager sur Facebook"])
def test_what_has_no_prose_has_no_passage(body: str) -> None:
    assert split_into_passages(article(body)) == []
