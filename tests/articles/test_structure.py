"""The blocks of a body."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.articles.article import BlockKind
from index.articles.structure import blocks

P, H, F = BlockKind.PARAGRAPH, BlockKind.CROSS_HEAD, BlockKind.FURNITURE

LONG = (
    "Le pont des Aulnes a rouvert lundi à Vaubrac, après deux ans de travaux qui ont coûté plus "
    "de trois millions d’euros à la commune, sans compter les détours des riverains."
)
SHORT = "Le maire a souri."
CAPTION = "Le pont, lundi, à Vaubrac. | CLAIRE WEBER / L’ÉCHO"


def seen(body: str) -> list[tuple[BlockKind, str]]:
    return [(block.kind, body[block.start : block.end]) for block in blocks(body)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", []),
        (" \n\n\t\n", []),
        (SHORT, [(P, SHORT)]),
        (f"{LONG}\n\n{SHORT}", [(P, LONG), (P, SHORT)]),
        (f"{LONG}\n \t\n\n{SHORT}\n", [(P, LONG), (P, SHORT)]),
        (f"{LONG}\n{SHORT}", [(P, LONG), (P, SHORT)]),
        (f"{CAPTION}\n\n{LONG}", [(F, CAPTION), (P, LONG)]),
        (
            f"{LONG}\n\nDeux ans de détour\n\n{LONG}",
            [(P, LONG), (H, "Deux ans de détour"), (P, LONG)],
        ),
        (f"{LONG}\n\n« Enfin ! »\n\n{LONG}", [(P, LONG), (H, "« Enfin ! »"), (P, LONG)]),
        (f"{LONG}\n\n“At last.”\n\n{LONG}", [(P, LONG), (H, "“At last.”"), (P, LONG)]),
        (f"{LONG}\n\nEt demain ?\n\n{SHORT}", [(P, LONG), (H, "Et demain ?"), (P, SHORT)]),
    ],
)
def test_a_body_is_cut_into_blocks(body: str, expected: list[tuple[BlockKind, str]]) -> None:
    assert seen(body) == expected


def test_an_article_as_it_arrives_is_told_apart_from_what_surrounds_it() -> None:
    head, pointer = (
        "« Un chantier\u00a0exemplaire »",
        "Lire l’entretien avec Anne Klein : « On a tenu »",
    )
    body = "\n\n".join([CAPTION, LONG, head, LONG, pointer, LONG])
    assert [kind for kind, _ in seen(body)] == [F, P, H, P, F, P]


def test_a_title_line_belongs_to_what_follows_even_past_its_byline() -> None:
    body = f"Le pont rouvre\n\nPar Claire Weber\n\n{CAPTION}\n\n{LONG}"
    assert [kind for kind, _ in seen(body)] == [H, F, F, P]


@pytest.mark.parametrize("last", ["Deux ans de détour", f"Deux ans de détour\n\n{CAPTION}"])
def test_a_short_line_that_no_paragraph_follows_is_a_paragraph(last: str) -> None:
    assert seen(f"{LONG}\n\n{last}")[1] == (P, "Deux ans de détour")


@pytest.mark.parametrize(
    "line",
    ["Il a dit :", "Le maire, surpris,", "- une navette", "• trente places", "Fin…", "Oui !",
     "« Non. Nous restons. »", "Un " + "très " * 20 + "long intertitre"],
)  # fmt: skip
def test_these_are_no_cross_heads(line: str) -> None:
    assert (P, line) in seen(f"{LONG}\n\n{line}\n\n{LONG}")


def test_a_run_of_short_lines_is_a_list_and_no_pile_of_heads() -> None:
    scores = [
        "Vaubrac 2 Lormeuil 1",
        "Brissac 0 Penhoël 0",
        "Ostwick 3 Cherval 2",
        "Kerlaz 1 Montrevan 4",
    ]
    body = "\n\n".join([LONG, *scores, LONG])
    assert [kind for kind, _ in seen(body)] == [P] * 6


def test_title_subtitle_and_cross_head_may_follow_one_another() -> None:
    body = "\n\n".join(["Le pont rouvre", "Deux ans de travaux", "Un lundi de fête", LONG])
    assert [kind for kind, _ in seen(body)] == [H, H, H, P]


def test_a_paragraph_wrapped_by_hand_is_one_block() -> None:
    one, two = textwrap.fill(LONG, 72), textwrap.fill(LONG + " " + SHORT, 72)
    assert seen(f"{one}\n\n{two}") == [(P, one), (P, two)]


def test_a_body_of_one_wrapped_paragraph_is_one_block() -> None:
    body = textwrap.fill(LONG * 3, 72)
    assert seen(body) == [(P, body)]


def test_a_wrapped_line_that_begins_like_furniture_stays_in_its_paragraph() -> None:
    body = (
        "Il conseille à tous ceux qui aiment les ponts de prendre leur temps et de\n"
        "Lire aussi Proust, dont les phrases passent elles aussi d’une rive à une\n"
        "autre sans que l’on sache bien comment cela a pu tenir aussi longtemps."
    )
    assert seen(f"{LONG[:90]}\n\n{body}")[-1] == (P, body)


@pytest.mark.parametrize(
    "line", [CAPTION, "Lire aussi : Les ponts du Ried", "Partager sur Facebook"]
)
def test_a_line_of_furniture_glued_to_a_paragraph_is_its_own_block(line: str) -> None:
    assert seen(f"{line}\n{LONG}\n\n{SHORT}") == [(F, line), (P, LONG), (P, SHORT)]
    assert seen(f"{LONG}\n{line}\n\n{SHORT}") == [(P, LONG), (F, line), (P, SHORT)]
    assert seen(f"{LONG}\n{line}\n{LONG}\n\n{SHORT}")[1] == (F, line)


def test_furniture_above_a_wrapped_paragraph_is_its_own_block() -> None:
    wrapped = textwrap.fill(LONG * 2, 72)
    line = "Lire aussi : Les ponts du Ried"
    assert seen(f"{line}\n{wrapped}\n\n{SHORT}")[:2] == [(F, line), (P, wrapped)]


def test_a_head_glued_to_its_paragraph_is_its_own_block() -> None:
    assert seen(f"{SHORT}\n\nDeux ans\n{LONG}") == [(P, SHORT), (H, "Deux ans"), (P, LONG)]


def test_lines_of_a_poem_or_a_list_stay_together() -> None:
    poem = "Sous le pont des Aulnes\ncoule la rivière\net nos amours"
    items = "- une navette gratuite\n- trente places de plus"
    assert seen(f"{LONG}\n\n{poem}\n\n{items}") == [(P, LONG), (P, poem), (P, items)]


def test_a_date_by_itself_is_furniture_above_the_text_and_a_cross_head_within() -> None:
    body = f"Vendredi 3 mai 2024\n\n{LONG}\n\n4 mai 2024\n\n{LONG}"
    assert [kind for kind, _ in seen(body)] == [F, P, H, P]


LINES = st.sampled_from(
    [LONG, SHORT, CAPTION, "Deux ans de détour", "« Enfin »", "Lire aussi : Le pont", "",
     " ", "- un",     "Par Claire Weber", "4 mai 2024", "\u00a0", "***", textwrap.fill(LONG, 60)]
)  # fmt: skip
BODIES = st.lists(LINES, max_size=12).map("\n".join) | st.text() | st.text(alphabet="a .\n\t«»|")


@given(BODIES)
def test_every_character_but_blanks_is_in_exactly_one_block(body: str) -> None:
    end = 0
    for block in blocks(body):
        assert not body[end : block.start].strip()
        text = body[block.start : block.end]
        assert text
        assert text == text.strip()
        end = block.end
    assert not body[end:].strip()


@given(BODIES)
def test_a_cross_head_is_short_and_has_a_paragraph_after_it(body: str) -> None:
    found = seen(body)
    for index, (kind, text) in enumerate(found):
        if kind is H:
            assert len(text) <= 90
            rest = [kind for kind, _ in found[index + 1 :] if kind is not F]
            assert P in rest[:3]
