"""Which statements say the contrary of the words they rest on."""

from __future__ import annotations

import time

import pytest

from bot.answering.writing.contrary import denies, is_contrary


@pytest.mark.parametrize(
    ("language", "statement", "written_in", "given"),
    [
        ("fr", "Le pont ne rouvrira pas en mai.", "fr", "Le pont rouvrira en mai."),
        ("fr", "Le club n'a aucune dette.", "fr", "Le club a une dette de 3 000 euros."),
        ("en", "The bridge will not reopen in May.", "fr", "Le pont rouvrira en mai."),
        ("de", "Die Brücke öffnet im Mai nicht.", "fr", "Le pont rouvrira en mai."),
        ("es", "El puente no se abrirá en mayo.", "en", "The bridge will open in May."),
        ("it", "Il ponte non sarà aperto a maggio.", "fr", "Le pont rouvrira en mai."),
        ("pt", "A ponte não vai abrir em maio.", "es", "El puente se abrirá en mayo."),
        ("nl", "De brug gaat in mei niet open.", "en", "The bridge will open in May."),
        ("fr", "Le conseil a rejeté le projet.", "fr", "Le conseil a adopté le projet."),
        ("fr", "Les ventes ont baissé de 4 %.", "en", "Sales rose by 4%."),
        ("en", "The vote was invalid.", "de", "Die Abstimmung ist gültig."),
        ("es", "La plaza seguirá abierta.", "fr", "La place sera fermée."),
        ("fr", "Il dit « a » et ne part pas.", "fr", "Il dit « a » et partira samedi."),
        ("fr", "Il n'a pas perdu « un seul jour ».", "fr", "« Un seul jour » a été perdu."),
    ],
)
def test_a_denial_or_the_other_word_of_a_pair_is_the_contrary(
    language: str, statement: str, written_in: str, given: str
) -> None:
    assert is_contrary(statement, language, given, written_in)


@pytest.mark.parametrize(
    ("language", "statement", "written_in", "given"),
    [
        (
            "fr",
            "Le pont ne rouvrira pas en mai.",
            "fr",
            "En mai, le pont ne rouvrira toujours pas.",
        ),
        ("fr", "Le conseil n'a pas voté le projet.", "fr", "Le conseil a rejeté le projet."),
        ("en", "The council did not agree.", "fr", "Le conseil a refusé."),
        ("fr", "Personne n'a repris la ferme.", "fr", "La ferme ferme, faute de repreneur."),
        ("fr", "Il ne reste que 12 pylônes.", "de", "Es sind noch zwölf Stützen vorgesehen."),
        ("fr", "Neuf arbres, et non trente.", "de", "Neun statt dreißig Bäume."),
        ("de", "Vom 3. Mai bis zum 2. Juli.", "fr", "Du 3 mai au 2 juillet."),
        ("it", "Ne ha vendute 640.", "fr", "Elle en a vendu 640."),
        ("fr", "La taxe augmente, la dette baisse.", "fr", "La dette baisse, la taxe augmente."),
        ("en", "He said: “Je ne pars pas”.", "fr", "« Je ne pars pas », dit-il."),
    ],
)
def test_what_says_the_same_in_other_words_is_not(
    language: str, statement: str, written_in: str, given: str
) -> None:
    assert not is_contrary(statement, language, given, written_in)


@pytest.mark.parametrize(
    ("text", "language", "denied"),
    [
        ("Il n'incombe plus à la ville.", "fr", True),
        ("Elle n'a pas dit que le pont rouvrait.", "fr", True),
        ("Elle n'a tué qu'un mouton.", "fr", False),
        ("Une personne est venue, non loin de là.", "fr", False),
        ("No. 4 is not only late.", "en", False),
        ("They can't.", "en", True),
    ],
)
def test_an_idiom_denies_nothing(text: str, language: str, denied: bool) -> None:
    assert denies(text, language) is denied


@pytest.mark.parametrize("piece", ["ne ", "n'a ", "« non ", "hausse ", "ne va pas qu'"])
def test_a_long_text_takes_no_long_time(piece: str) -> None:
    started = time.monotonic()
    is_contrary(piece * 2_000, "fr", piece * 2_000, "fr")
    assert time.monotonic() - started < 5
