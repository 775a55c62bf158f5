"""Wire copies: one place for what several papers printed, and no place lost to chance."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.articles.article import Article
from index.duplicates import collapsed
from index.hits import Hit
from index.passages import split_into_passages
from index.query import Query
from index.scoring import Scored
from index.search import Parts, Search
from index.store import StoredPassage

if TYPE_CHECKING:
    from tests.index.conftest import Newsroom

QUESTIONS = Path(__file__).parents[2] / "data" / "sample" / "questions.jsonl"
PAIRS = [
    ("feria/03-sombra-y-hierro.html", "feria/06-veintitres-proyectos-y-un-ganador.md"),
    ("seilbahn/02-siebentausend-unterschriften.txt", "seilbahn/06-buergerentscheid-im-juni.html"),
    (
        "boulangerie/02-quatre-lots-au-lieu-d-un.md",
        "boulangerie/06-trente-et-un-mille-brioches.html",
    ),
]
# One report in sentences, a paragraph a line, as an agency sends it.
WIRE = [
    "La vanne du barrage de Torval s’est bloquée dans la nuit de dimanche à lundi, a annoncé la "
    "préfecture. Une équipe de plongeurs venue de la côte l’a examinée pendant six heures sans "
    "trouver la cause de la panne. Le lac, plein depuis trois semaines, ne peut plus être vidé "
    "que par un tunnel de secours creusé en 1931.",
    "Quatre-vingts habitants du hameau des Granges ont dormi au gymnase par précaution. Le maire, "
    "Étienne Corbel, a fait ouvrir la cantine et l’école, où les cours reprendront jeudi. « On a "
    "plus de lits que de dormeurs, beaucoup sont partis chez leurs cousins », raconte-t-il.",
    "L’exploitant avait repoussé deux fois le remplacement de la vanne, estimé à 3,7 millions "
    "d’euros. Il assure que la pièce avait été vérifiée au mois de mars et que rien n’annonçait sa "
    "rupture. Le syndicat des agents réclame une enquête et rappelle que l’effectif a fondu d’un "
    "tiers en dix ans.",
    "Les pêcheurs, eux, attendent de savoir si le concours de la Saint-Jean aura lieu. Leur "
    "association a vendu 640 cartes, un record, et loué des barques à la vallée voisine. Elle "
    "promet de rembourser si l’accès aux berges reste fermé.",
    "La météo annonce de fortes pluies pour la fin de la semaine, quarante millimètres au moins. "
    "Le niveau du lac monterait alors de deux centimètres par heure, ce que le tunnel sait encore "
    "absorber. Une réunion de crise est prévue chaque matin à la sous-préfecture.",
]
# Questions that a paragraph of the wire answers.
ASKED = [
    "Quand a été creusé le tunnel de secours du barrage de Torval ?",
    "Qui est le maire du hameau des Granges évacué ?",
    "Combien aurait coûté le remplacement de la vanne de Torval ?",
    "Combien de cartes les pêcheurs de Torval ont-ils vendues ?",
    "De combien le lac de Torval monterait-il par heure ?",
]
OWN_FIRST = "Réveil en sursaut au pied du barrage de Torval."
OWN_LAST = "Notre journal suivra la situation heure par heure."


def copied(paragraphs: list[str]) -> list[str]:
    """Another paper's: its own first and last sentence."""
    first = f"{OWN_FIRST} {paragraphs[0].split('. ', 1)[1]}"
    last = f"{paragraphs[-1].rsplit('. ', 1)[0]}. {OWN_LAST}"
    return [first, *paragraphs[1:-1], last]


def text(title: str, paragraphs: list[str]) -> str:
    return "\n\n".join([title, *paragraphs]) + "\n"


def sentences(hit: Hit) -> set[str]:
    """Of a passage, those that say something: two papers may both sign "(Agence Ried Presse)"."""
    spans = (sentence.span for sentence in hit.sentences)
    found = (hit.article.body[span.start : span.end].strip() for span in spans)
    return {sentence for sentence in found if len(sentence) >= 40}


def repeated(hits: list[Hit]) -> list[tuple[str, str, set[str]]]:
    """The sentences that stand in two places, with where, if they are half of what the second
    says: a passage that mostly says something new keeps its place."""
    return [
        (one.article.id, other.article.id, shared)
        for one, other in combinations(hits, 2)
        if (shared := sentences(one) & sentences(other))
        and len(shared) >= len(sentences(other)) / 2
    ]


def scored(article: str, words: str, score: float = 0.0) -> Scored:
    """One passage, all of an article."""
    made = Article(article, "Titre", words, "fr")
    [passage] = split_into_passages(made)
    return Scored(StoredPassage(0, passage, made, 0), score, score, 0.0, (score,), across=False)


def ids(found: list[Scored]) -> list[list[str]]:
    """Of each passage that keeps its place, its article and those that repeat it."""
    return [
        [kept.stored.article.id, *(copy.id for copy in copies)]
        for kept, copies in collapsed(found, len(found))
    ]


def test_two_papers_copies_are_one_group_the_better_first() -> None:
    first, second = scored("a", WIRE[0]), scored("b", copied(WIRE[:2])[0])
    assert ids([first, second]) == [["a", "b"]]
    assert ids([second, first]) == [["b", "a"]]


def test_a_copy_shortened_by_half_is_still_a_copy() -> None:
    shortened = f"{OWN_FIRST} {WIRE[1].split('. ', 1)[0]}. {OWN_LAST}"
    half = ". ".join(WIRE[0].split(". ")[:2]) + "."
    assert ids([scored("a", WIRE[0]), scored("b", half)]) == [["a", "b"]]
    assert ids([scored("a", WIRE[0]), scored("b", shortened)]) == [["a"], ["b"]]


@pytest.mark.parametrize(
    "other",
    [
        WIRE[0].upper(),
        WIRE[0].replace("’", "'"),
        WIRE[0].replace(" ", "\u00a0"),
        WIRE[0].replace(", ", " – "),
        f"TORVAL (Agence) – {WIRE[0]}",
    ],
)
def test_case_and_punctuation_hide_no_copy(other: str) -> None:
    assert len(ids([scored("a", WIRE[0]), scored("b", other)])) == 1


def test_passages_of_one_article_are_never_one_group() -> None:
    twice = Article("a", "Titre", "\n\n".join([WIRE[0] * 2, WIRE[0] * 2]), "fr")
    passages = split_into_passages(twice)
    assert len(passages) > 1
    found = [
        Scored(StoredPassage(number, passage, twice, 0), 0.0, 0.0, 0.0, (0.0,), across=False)
        for number, passage in enumerate(passages)
    ]
    assert len(ids(found)) == len(passages)
    between = [found[0], scored("b", WIRE[0] * 2), *found[1:]]
    assert ids(between)[0] == ["a", "b"]
    assert len(ids(between)) == len(passages)


def test_reports_of_ones_own_that_share_a_quotation_are_not_copies() -> None:
    quotation = "« On a plus de lits que de dormeurs, beaucoup sont partis chez leurs cousins »"
    mine = (
        f"À Torval, le gymnase sent le café. {quotation}, sourit le maire en pliant des draps. "
        "Dehors, deux gendarmes règlent la circulation devant une grande flaque. Les enfants ont "
        "dessiné le barrage sur des nappes en papier, et personne ne semble pressé de rentrer."
    )
    theirs = (
        f"{quotation} : la phrase d’Étienne Corbel a fait le tour de la vallée. Les évacués des "
        "Granges, une quatrième nuit hors de chez eux, demandent surtout des dates. L’exploitant "
        "n’en donne pas et renvoie à la réunion de mercredi, à laquelle aucun habitant n’ira."
    )
    assert ids([scored("a", mine), scored("b", theirs)]) == [["a"], ["b"]]


def test_reports_of_one_event_with_the_same_figures_are_not_copies() -> None:
    one = "Le remplacement de la vanne est estimé à 3,7 millions d’euros par son exploitant."
    other = "Remplacer cette pièce coûterait 3,7 millions d’euros, selon l’exploitant du barrage."
    assert len(ids([scored("a", one), scored("b", other)])) == 2


@pytest.mark.parametrize(("one", "other"), [("", ""), ("Non.", "Oui."), ("…", "!"), ("Non.", "")])
def test_next_to_nothing_is_no_copy(one: str, other: str) -> None:
    first, second = scored("a", WIRE[0]), scored("b", WIRE[1])
    short = [
        replace(item, stored=replace(item.stored, passage=replace(item.stored.passage, text=words)))
        for item, words in [(first, one), (second, other)]
    ]
    assert len(ids(short)) == 2


WORDS = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=12).map(" ".join)


@given(st.lists(st.tuples(st.sampled_from("vwxyz"), WORDS), max_size=12), st.integers(0, 12))
def test_the_passages_that_stay_keep_their_order(found: list[tuple[str, str]], limit: int) -> None:
    given_order = [scored(article, f"{words}.") for article, words in found]
    kept = [position_of(passage, given_order) for passage, _ in collapsed(given_order, limit)]
    assert kept == sorted(set(kept))
    assert len(kept) <= limit
    assert kept[:1] == ([0] if found and limit else [])


def position_of(member: Scored, among: list[Scored]) -> int:
    return next(place for place, item in enumerate(among) if item is member)


@pytest.mark.parametrize("cut", [1, 2, 3])
@pytest.mark.parametrize("headings", [True, False], ids=["with cross-heads", "without"])
def test_a_wire_and_its_copy_never_fill_two_places(
    newsroom: Newsroom, cut: int, headings: bool
) -> None:
    heads = ["", "Des lits au gymnase", "Une pièce à changer", "Pas de poisson", "De la pluie"]
    wire = [
        f"{head}\n\n{paragraph}" if head and headings else paragraph
        for head, paragraph in zip(heads, WIRE, strict=True)
    ]
    copy = copied(wire)
    del copy[cut]
    newsroom.write("gazette.txt", text("Le barrage de Torval bloqué", wire))
    newsroom.write("courrier.txt", text("Torval : un lac que rien ne vide", copy))
    newsroom.reindex()
    with newsroom.opened() as generation:
        for question in ASKED:
            hits = generation.search.search(Query(question, "fr"), 10, Parts.FUSED)
            assert repeated(hits) == []


def test_the_first_of_two_copies_names_the_other(newsroom: Newsroom) -> None:
    newsroom.write("gazette.txt", text("Le barrage de Torval bloqué", WIRE[:2]))
    newsroom.write("courrier.txt", text("Torval : un lac que rien ne vide", copied(WIRE[:2])))
    newsroom.write("plateau.txt", text("Le lac de Torval sans vanne", copied(WIRE[:2])))
    newsroom.reindex()
    with newsroom.opened() as generation:
        hits = generation.search.search(Query(ASKED[1], "fr"), 10, Parts.FUSED)
    first = hits[0]
    copies = {"articles/gazette.txt", "articles/courrier.txt", "articles/plateau.txt"}
    assert {first.article.id, *(copy.id for copy in first.copies)} == copies
    assert len(first.copies) == 2
    others = hits[1:]
    assert others
    assert not copies & {hit.article.id for hit in others}
    assert all(hit.copies == () for hit in others)


def test_places_that_copies_leave_go_to_other_articles(newsroom: Newsroom) -> None:
    for number in range(6):
        newsroom.write(f"copy{number}.txt", text(f"Torval, version {number}", copied(WIRE[:2])))
    newsroom.reindex()
    with newsroom.opened() as generation:
        hits = generation.search.search(Query(ASKED[1], "fr"), 3, Parts.FUSED)
    assert len({hit.article.id for hit in hits}) == len(hits) == 3
    assert len(hits[0].copies) == 5


def asked_of_the_pairs() -> Iterator[tuple[str, str]]:
    stories = {one.partition("/")[0] for one, _ in PAIRS}
    for line in QUESTIONS.read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        if question["story"] in stories:
            yield question["question"], question["language"]


@pytest.mark.parametrize("parts", [Parts.DENSE, Parts.LEXICAL, Parts.FUSED])
def test_no_sentence_of_the_sample_is_shown_twice(sample_search: Search, parts: Parts) -> None:
    """The sample has three wire copies; each story is asked all its questions."""
    for question, language in asked_of_the_pairs():
        hits = sample_search.search(Query(question, language), 10, parts)
        assert repeated(hits) == [], question


@pytest.mark.parametrize(
    ("question", "language", "pair"),
    [
        ("¿Cuántos paneles solares llevará la cubierta del nuevo mercado?", "es", PAIRS[0]),
        ("Wie viele Unterschriften gegen die Seilbahn sind gültig?", "de", PAIRS[1]),
        ("Combien coûte le rappel des brioches, réévalué fin janvier ?", "fr", PAIRS[2]),
    ],
)
def test_a_wire_copy_of_the_sample_is_named_beside_the_other(
    sample_search: Search, question: str, language: str, pair: tuple[str, str]
) -> None:
    wanted = {f"sample/{name}" for name in pair}
    hits = sample_search.search(Query(question, language), 3, Parts.FUSED)
    named = [{hit.article.id, *(copy.id for copy in hit.copies)} for hit in hits]
    assert wanted in named


def test_articles_of_the_sample_that_are_no_copies_stay_apart(sample_search: Search) -> None:
    known = {frozenset(f"sample/{name}" for name in pair) for pair in PAIRS}
    for question, language in asked_of_the_pairs():
        for hit in sample_search.search(Query(question, language), 10, Parts.FUSED):
            for copy in hit.copies:
                assert frozenset({hit.article.id, copy.id}) in known
