"""Which statements exchange two facts of the words they rest on."""

from __future__ import annotations

import time

import pytest

from bot.answering.writing.exchanged import exchanges

LOAN = (
    "La mairie de Corvannes a prêté 40 000 euros à la coopérative, et la région 25 000 à "
    "l'association ; Odile Perrin présidera la première, Karim Belhaj la seconde."
)


@pytest.mark.parametrize(
    "statement",
    [
        "La mairie a prêté 25 000 euros à la coopérative, et la région 40 000 à l'association.",
        "Karim Belhaj présidera la première, Odile Perrin la seconde.",
    ],
)
def test_what_stands_where_the_other_stood_is_exchanged(statement: str) -> None:
    assert exchanges(statement, "fr", LOAN)


@pytest.mark.parametrize(
    ("statement", "language"),
    [
        ("La mairie a prêté 40 000 euros à la coopérative, la région 25 000.", "fr"),
        ("À l'association, 25 000 euros de la région ; 40 000 de la mairie à l'autre.", "fr"),
        ("Présidée par Karim Belhaj, la seconde répond à Odile Perrin.", "fr"),
        ("The cooperative was lent 40 000 euros, the association 25 000.", "en"),
        ("La mairie a prêté 40 000 euros.", "fr"),
    ],
)
def test_what_is_only_told_in_another_order_is_not(statement: str, language: str) -> None:
    assert not exchanges(statement, language, LOAN)


def test_a_long_text_takes_no_long_time() -> None:
    facts = " ".join(f"Ville{n} compte {n} 000 habitants," for n in range(100, 160))
    started = time.monotonic()
    exchanges(facts, "fr", facts)
    assert time.monotonic() - started < 5
