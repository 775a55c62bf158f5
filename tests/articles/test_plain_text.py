"""What the text of an article says of itself: title, author, date."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.articles.plain_text import author_of, published_of, shortened, title_of
from index.articles.structure import blocks

PARAGRAPH = "Le pont des Aulnes a rouvert lundi, a dit M. Roy. Il était fermé depuis deux ans."
CAPTION = "Le pont des Aulnes, lundi, à Vaubrac. | CLAIRE WEBER / L’ÉCHO"


def title(body: str) -> str:
    return title_of(body, blocks(body))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (PARAGRAPH, "Le pont des Aulnes a rouvert lundi, a dit M. Roy."),
        (f"{CAPTION}\n\n{PARAGRAPH}", "Le pont des Aulnes a rouvert lundi, a dit M. Roy."),
        (f"Vaubrac : le pont rouvre\n\n{PARAGRAPH}", "Vaubrac : le pont rouvre"),
        (f"Vaubrac : le pont rouvre\n{PARAGRAPH}", "Vaubrac : le pont rouvre"),
        (f"{CAPTION}\n\nPar Claire Weber\n\nLe pont rouvre\n\n{PARAGRAPH}", "Le pont rouvre"),
        (f"Le pont rouvre\n\nPar Claire Weber\n\n{PARAGRAPH}", "Le pont rouvre"),
        ("« Oui. » Il l’a dit.", "« Oui. »"),
        ("La ville\naux trois ponts rouvre.\n\nEnfin.", "La ville aux trois ponts rouvre."),
        ("Il pleut\u202f? Le pont tient.", "Il pleut\u202f?"),
        ("J. R. Roy et Mme A. Klein ont ri. Fin.", "J. R. Roy et Mme A. Klein ont ri."),
        ("Partager sur Facebook", "Partager sur Facebook"),
    ],
)
def test_the_title_is_the_title_line_or_the_first_sentence(body: str, expected: str) -> None:
    assert title(body) == expected


def test_a_long_first_sentence_is_cut_between_words() -> None:
    sentence = "Le pont rouvre " + "et le maire parle " * 12 + "enfin."
    got = title(sentence)
    assert got.endswith("…")
    assert len(got) <= 121
    assert sentence.startswith(got[:-1] + " ")


@given(st.text(min_size=1))
def test_a_shortened_text_is_a_beginning_of_the_text(text: str) -> None:
    got = shortened(text)
    assert len(got) <= 121
    assert got == text or text.startswith(got[:-1])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Publié le 3 mai 2024 à 18h02", date(2024, 5, 3)),
        ("Publié le 1er août 2023", date(2023, 8, 1)),
        ("Article publié le 03/05/2024", date(2024, 5, 3)),
        ("Published 3 May 2024", date(2024, 5, 3)),
        ("Published: May 3, 2024 at 6:02 pm", date(2024, 5, 3)),
        ("Published 03/05/2024", None),  # March or May
        ("Published 03/25/2024", date(2024, 3, 25)),
        ("Mis à jour le 4 mai 2024", date(2024, 5, 4)),
        ("Mis à jour le 4 mai 2024\n\nPublié le 3 mai 2024", date(2024, 5, 3)),
        ("Publié le 3 mai 2024, mis à jour le 4 mai 2024", date(2024, 5, 3)),
        ("Par Claire Weber — Publié le 3 mai 2024", date(2024, 5, 3)),
        ("Publicado el 3 de mayo de 2024", date(2024, 5, 3)),
        ("Aktualisiert am 3. Mai 2024, 18:02 Uhr", date(2024, 5, 3)),
        ("Jeudi 13 juillet", None),
        ("Publié le 32 mai 2024", None),
        ("Le pont a ouvert le 3 mai 2024 devant cinq cents personnes.", None),
        ("11 septembre 2001", None),
    ],
)
def test_only_a_line_that_says_when_it_came_out_dates_an_article(
    line: str, expected: date | None
) -> None:
    body = f"Le pont rouvre\n\n{line}\n\n{PARAGRAPH}"
    assert published_of(body, blocks(body)) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Par Claire Weber", "Claire Weber"),
        ("PAR CLAIRE WEBER", "CLAIRE WEBER"),
        ("Par Claire Weber et Jean de La Tour", "Claire Weber et Jean de La Tour"),
        ("Par Claire Weber, à Vaubrac", "Claire Weber"),
        ("Par Claire Weber (avec AFP)", "Claire Weber"),
        ("Par Claire Weber · Publié le 3 mai 2024", "Claire Weber"),
        ("By Jane Smith in Paris", "Jane Smith"),
        ("Propos recueillis par Claire Weber", "Claire Weber"),
        ("Par AFP", "AFP"),
        ("Par ailleurs, le pont rouvre.", None),
        ("Par Toutatis", None),
        ("Le pont est signé par Claire Weber.", None),
    ],
)
def test_the_author_is_who_a_byline_names(line: str, expected: str | None) -> None:
    body = f"{line}\n\n{PARAGRAPH}"
    assert author_of(body, blocks(body)) == expected
