"""Questions that need what was said before, told from those that do not."""

from __future__ import annotations

import pytest

from bot.answering.followups import Turn, carried_over, needs_subject

BUDGET = Turn("Quel était le budget de Valorgue en 2017 ?", "Il était de 3 millions.")


@pytest.mark.parametrize(
    "question",
    [
        "Et en 2018 ?",
        "Pourquoi ?",
        "Pourquoi ont-ils fait cela ?",
        "Why did they do that?",
        "And in 2018?",
        "Qui l'a décidé ?",
        "Combien cela a-t-il coûté ?",
        "¿Y en 2018?",
        "¿Por qué?",
        "Und im Jahr 2018?",
        "Warum?",
        "E nel 2018?",
        "Et à Strasbourg ?",
        "Depuis quand ?",
        "When was it?",
    ],
)
def test_a_question_without_a_subject_goes_on(question: str) -> None:
    assert needs_subject(question)


@pytest.mark.parametrize(
    "question",
    [
        "Quel était le budget de Valorgue en 2017 ?",
        "Qui a gagné la Coupe du monde 1998 ?",
        "Pourquoi Béatrice Lanoy quitte Marvelle ?",
        "How many turbines will the Penhoël wind farm have?",
        "Combien coûtera la ligne D du tram d'Ostwick ?",
        "Y a-t-il des grèves dans les écoles ?",
        "Who robbed the museum?",
        "¿Cuánto costará el nuevo mercado de Villarmenta?",
        "Wann fährt die Seilbahn auf den Uhlenberg?",
        "prix de l'électricité",
        "Le maire a-t-il démissionné ?",
    ],
)
def test_a_question_with_its_own_subject_stands_alone(question: str) -> None:
    assert not needs_subject(question)
    assert carried_over(question, [BUDGET]) == question


def test_another_year_takes_the_place_of_the_one_before() -> None:
    assert carried_over("Et en 2018 ?", [BUDGET]) == "Quel était le budget de Valorgue en 2018 ?"


def test_what_it_goes_on_from_follows_a_question() -> None:
    asked = "Pourquoi ?"
    assert carried_over(asked, [BUDGET]) == f"{asked} ({BUDGET.question})"


def test_without_anything_said_a_question_stays_as_it_is() -> None:
    assert carried_over("Et en 2018 ?", []) == "Et en 2018 ?"


def test_a_question_does_not_grow_without_end() -> None:
    turn = Turn("Pourquoi " + "très " * 120 + "cher ?", "")
    assert carried_over("Pourquoi ?", [turn]) == "Pourquoi ?"
