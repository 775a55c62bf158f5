"""The topic that a question is about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.proposing import topic_of

_OPENINGS = (
    "Qui est", "Où en est", "Pourquoi", "Combien de", "À quelle heure", "Est-ce que", "Que",
    "Who is", "How many", "When did", "What’s", "In which", "Wer ist", "Warum", "Wie viele",
    "¿Quién es", "¿Por qué", "¿Cuántos", "Chi è", "Perché", "Quando", "WHO", "Will", "Cosa",
)  # fmt: skip
_NAMES = ("Lanoy", "Will", "WHO", "Est", "Is", "Cosa", "Denise", "Dove", "Enedis", "Isère", "Wo")


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("Que coûtera la ligne D du tram d’Ostwick ?", "coûtera la ligne D du tram d’Ostwick"),
        ("Où en est le ferry ?", "le ferry"),
        ("Où en sont les travaux du barrage\u00a0?", "les travaux du barrage"),
        ("Qui est Béatrice Lanoy\u202f?", "Béatrice Lanoy"),
        ("Quand rouvre le musée ?", "rouvre le musée"),
        ("Quand est-ce que le musée rouvre ?", "le musée rouvre"),
        ("Pourquoi Béatrice Lanoy quitte Marvelle ?", "Béatrice Lanoy quitte Marvelle"),
        ("pourquoi béatrice lanoy quitte marvelle", "béatrice lanoy quitte marvelle"),
        ("Quel est le prix de l’électricité ?", "le prix de l’électricité"),
        ("Quelles sont les causes de l’incendie ?", "les causes de l’incendie"),
        ("Combien de turbines aura Penhoël ?", "turbines aura Penhoël"),
        ("Combien d’éoliennes à Penhoël ?", "éoliennes à Penhoël"),
        ("À quelle heure ferme la piscine ?", "heure ferme la piscine"),
        ("Dans quelle ville est né le maire ?", "ville est né le maire"),
        ("D’où vient l’eau de Vaubrac ?", "vient l’eau de Vaubrac"),
        ("Qu’est-ce que le plan Vigie ?", "le plan Vigie"),
        ("Qu'est-ce qui bloque le chantier ?", "bloque le chantier"),
        ("Est-ce que le ferry a repris la mer ?", "le ferry a repris la mer"),
        ("Est-ce qu’il y a grève lundi ?", "il y a grève lundi"),
        ("Que se passe-t-il à Marvelle ?", "à Marvelle"),
        ("Y a-t-il une grève lundi ?", "une grève lundi"),
        ("Et pourquoi le pont est-il fermé ?", "le pont est-il fermé"),
        ("How many turbines will Penhoël have?", "turbines will Penhoël have"),
        ("Who is Béatrice Lanoy?", "Béatrice Lanoy"),
        ("What's the cost of line D?", "the cost of line D"),
        ("What will the tram cost?", "the tram cost"),
        ("Is the ferry running again?", "the ferry running again"),
        ("Will the museum reopen?", "the museum reopen"),
        ("Who will Will Smith meet in Cannes?", "Will Smith meet in Cannes"),
        ("In which town was the mayor born?", "town was the mayor born"),
        ("¿Quién es Béatrice Lanoy?", "Béatrice Lanoy"),
        ("¿Cuándo abre el museo?", "abre el museo"),
        ("¿Por qué está cerrado el puente?", "cerrado el puente"),
        ("¿Cuántos pasajeros lleva el ferry?", "pasajeros lleva el ferry"),
        ("Wer ist Béatrice Lanoy?", "Béatrice Lanoy"),
        ("Was kostet die Linie D?", "kostet die Linie D"),
        ("Wie viele Turbinen bekommt Penhoël?", "Turbinen bekommt Penhoël"),
        ("Warum ist die Brücke gesperrt?", "die Brücke gesperrt"),
        ("Wo liegt Marvelle?", "liegt Marvelle"),
        ("Chi è Béatrice Lanoy?", "è Béatrice Lanoy"),
        ("Quanto costa la linea D?", "costa la linea D"),
        ("Dov’è il traghetto?", "il traghetto"),
        ("Perché chiude il ponte?", "chiude il ponte"),
    ],
)  # fmt: skip
def test_the_words_that_ask_are_left_out(question: str, topic: str) -> None:
    assert topic_of(question) == topic


@pytest.mark.parametrize(
    "topic",
    [
        "OTAN et Russie", "Dans l’Ain", "À Lyon, la grève des trams", "Pour ou contre le nucléaire",
        "En Isère", "Sur la route du rhum", "De Gaulle et l’Algérie", "Avec les pêcheurs de l’île",
        "Denise Moreau", "Enedis", "Isère", "Wasser in Lauterfeld", "dossier Enron", "Ensemble",
        "arena de Marvelle", "Quito", "Questions au gouvernement", "Quelqu’un d’autre", "Douai",
        "Where-house", "WHO recommendations", "Will Smith in Cannes", "Cosa Nostra à Palerme",
        "Dove campaign", "Como", "Wohnungsbau", "Island", "Comet 67P", "Dodo", "Area 51", "D",
        "Will Smith, où est-il", "Le musée a-t-il rouvert", "Quiberon", "Perchée", "Chili",
        "will smith", "cosa nostra",
    ],
)  # fmt: skip
@pytest.mark.parametrize("sign", ["", "?", "\u00a0?", "…"])
def test_what_only_resembles_them_is_kept(topic: str, sign: str) -> None:
    assert topic_of(f"{topic}{sign}") == topic


@pytest.mark.parametrize("question", ["Pourquoi ?", "Qui ?", "Why?", "Où en est ?", "¿Qué?"])
def test_a_question_of_nothing_else_is_its_own_topic(question: str) -> None:
    assert topic_of(question) == question


def test_limits_are_no_topic() -> None:
    assert topic_of("Que coûte le tram ? source:courrier depuis:2024") == "coûte le tram"


@given(st.sampled_from(_OPENINGS), st.sampled_from(_NAMES), st.sampled_from(["", " ?", "?"]))
def test_no_name_is_ever_lost(opening: str, name: str, sign: str) -> None:
    topic = topic_of(f"{opening} {name} à Marvelle{sign}")
    assert f"{name} à Marvelle" in topic


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_a_topic_is_a_part_of_its_question_and_never_empty(text: str) -> None:
    topic = topic_of(text)
    assert topic in " ".join(text.split())
    if any(map(str.isalnum, text)) and ":" not in text:
        assert any(map(str.isalnum, topic))
