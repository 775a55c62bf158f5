"""Sentences, as exact spans."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.sentences import sentence_spans

NBSP, NNBSP = "\u00a0", "\u202f"


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "expected",
    [
        # one after another
        ["Le maire est venu.", "Il a parlé."],
        ["Vraiment ?!", "Oui !", "Tant mieux…", "Fin."],
        [f"Est-ce possible{NNBSP}?", f"Oui{NBSP}!"],
        ["Il part (enfin !).", "Elle reste."],
        ["Sans point à la fin"],
        # abbreviations
        ["M. Dupont est venu.", "Il parle."],
        ["MM. Durand et Petit ont signé.", "Mme. Curie aussi."],
        [f"M.{NBSP}Dupont est venu.", "Il parle."],
        ["Le Dr. Martin vit à St. Malo.", "Il rit."],
        ["(M. Martin) est là.", "Il rit."],
        ["Selon la loi (cf. art. 12 du code), c'est permis.", "Fin."],
        ["Voir p. 12 et vol. 3.", "Fin."],
        ["Il est né le 3 janv. 1990 à Lyon.", "Fin."],
        ["Mr. Smith met Mrs. Jones and Dr. Brown Jr. today.", "They spoke."],
        ["They ate bread, cheese, e.g. Comté, and left.", "End."],
        ["El Sr. Gómez llegó con la Sra. Ruiz.", "Hablaron."],
        ["Das gilt z.B. Kindern und ca. 40 Gästen.", "Ende."],
        ["Es kostet 4,2 Mio. Euro.", "Ende."],
        # German ordinals
        ["Am Sonntag, 9. Juli, siegte das Ja.", "Der 3. Anlauf gelang.", "Es blieb bei 2,5."],
        [f"Abgestimmt wird am 18.{NBSP}Juni.", "Das 19. Jahrhundert endete 1900.", "Ende."],
        ["Am Mittwoch, 8. Mai, oder vom 8. bis 9. August.", "Von 20 blieben 12.", "Mehr nicht."],
        ["Il a gagné 3 à 2.", "Mai fut pire.", "Ils étaient 19.", "Le reste dort."],
        ["They left at 9.", "April was cold.", "It ended 3-2.", "I am 27.", "March too."],
        # abbreviations that end a sentence before a capital, and go on before a small letter
        ["Il vend des pommes, des poires, etc.", "La suite demain."],
        ["Il vend des pommes, des poires, etc. et des noix.", "Fin."],
        # initials
        ["E. Mercier a dit oui.", "Non."],
        ["George R. R. Martin écrit.", "Il lit."],
        # decimals, numbers and addresses
        ["Il coûte 3.5 millions.", "Oui."],
        ["Le site depeche.example est ouvert.", "Fin."],
        ["La hausse est de 1.234,5 points.", "Fin."],
        # ellipses
        ["Il hésite… puis part.", "Fin."],
        ["Il hésite... puis part.", "Fin."],
        ["Il hésite…", "Puis il part."],
        # quotations
        ["« Non ! », dit-il.", "Puis il part."],
        ["« Oui ! » a-t-elle crié.", "Puis elle part."],
        [f"«{NBSP}Il pleut. Il vente.{NBSP}»", "Puis il part."],
        ["« Il pleut. Il vente », dit-il.", "Fin."],
        ["“It rains. It pours.”", "He left."],
        [f"Il dit : «{NBSP}Oui.{NBSP}»", "Elle part."],
        # a quotation that never closes is no reason to keep all that follows together
        ["« Un.", "Deux.", "Trois."],
        # capitals with accents begin a sentence
        ["Il part.", "Élodie reste.", "À demain."],
    ],
    ids=" | ".join,
)
def test_a_text_is_cut_into_its_sentences(expected: list[str]) -> None:
    assert sentences(" ".join(expected)) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "Le député J.-P. Martin est venu.",
        "J.K. Rowling a écrit un livre.",
        "The U.S. Senate voted on Monday.",
        "Le chef de l'U.R.S.S. Mikhaïl Gorbatchev parla.",
    ],
)
def test_letters_with_stops_between_end_no_sentence(sentence: str) -> None:
    assert sentences(f"{sentence} Fin.") == [sentence, "Fin."]


def test_a_quotation_without_end_in_sight_is_cut_all_the_same() -> None:
    said = " ".join(f"Il a dit la chose numéro {n}." for n in range(40))
    assert len(sentences(f"« {said} »")) > 10


@pytest.mark.parametrize("text", ["", " ", "\n\t\u00a0\u202f"])
def test_blank_text_has_no_sentence(text: str) -> None:
    assert sentences(text) == []


def test_only_what_is_between_the_bounds_is_cut() -> None:
    text = "Un. Deux. Trois. Quatre."
    assert [text[a:b] for a, b in sentence_spans(text, 4, 16)] == ["Deux.", "Trois."]


TEXTS = st.one_of(
    st.text(max_size=200),
    st.text("aàAÉ1 .!?…,;:«»“”\"'’()[]-\n\t\u00a0\u202f", max_size=200),
    st.lists(
        st.sampled_from(["M.", "etc.", "E.", "«", "»", "mot", "Mot", "3.5", "…", "?", ".", "\n\n"])
    ).map(" ".join),
)


@given(TEXTS, st.data())
def test_spans_are_in_order_disjoint_trimmed_and_hold_all_that_is_not_blank(
    text: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    position, between = start, ""
    for span_start, span_end in sentence_spans(text, start, end):
        assert position <= span_start < span_end <= end
        assert text[span_start:span_end] == text[span_start:span_end].strip()
        between += text[position:span_start]
        position = span_end
    assert not (between + text[position:end]).strip()
