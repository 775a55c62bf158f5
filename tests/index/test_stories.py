"""One alert a story: who tells the same one, and who only sounds like it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.embedding import Encoder
from index.stories import Telling, Told, stories_told

MORNING = datetime(2024, 5, 3, 8, tzinfo=UTC)
# A title and an opening, or a title alone.
Text = tuple[str, str] | str
Tell = Callable[..., list[str]]

TRAM = (
    "Tram de Vaubrac : la ligne 4 coûtera 310 millions d'euros",
    "La ligne 4 du tram de Vaubrac coûtera 310 millions d'euros, a reconnu mardi le maire, "
    "Étienne Corbel. En mars, la ville parlait encore de 270 millions.",
)
TRAM_ELSEWHERE = (
    "À Vaubrac, la facture de la ligne 4 du tram grimpe à 310 millions d'euros",
    "Quarante millions de plus : Étienne Corbel, le maire de Vaubrac, a présenté mardi une "
    "facture alourdie par les fouilles de la place du Marché.",
)
TRAM_IN_ENGLISH = (
    "Vaubrac tram: line 4 to cost 310 million euros",
    "The new tram line in Vaubrac will cost 310 million euros, mayor Étienne Corbel admitted.",
)


@pytest.fixture
def tell(encoder: Encoder) -> Tell:
    """The stories of some texts that come one hour after another."""

    def stories(*texts: Text, languages: str = "", hours: float = 1.0) -> list[str]:
        return stories_told(tellings(encoder, texts, languages, hours), [])

    return stories


def tellings(
    encoder: Encoder, texts: tuple[Text, ...], languages: str = "", hours: float = 1.0
) -> list[Telling]:
    pairs = [(text, "") if isinstance(text, str) else text for text in texts]
    vectors = encoder.encode_passages([title for title, _ in pairs])
    spoken = languages.split() or ["fr"] * len(pairs)
    return [
        Telling(str(i), title, opening, language, vector, MORNING + timedelta(hours=hours * i))
        for i, ((title, opening), language, vector) in enumerate(
            zip(pairs, spoken, vectors, strict=True)
        )
    ]


def test_a_wire_copy_with_the_same_title_is_the_same_story(tell: Tell) -> None:
    title = "Une brioche rappelée dans trois départements après une panne de four"
    assert tell(title, title) == ["0", "0"]
    assert tell(title, title.replace("'", "’").replace(" ", "\u00a0", 1)) == ["0", "0"]


def test_a_wire_copy_in_languages_without_a_stemmer_is_too(tell: Tell) -> None:
    title = "Мэр Ваубрака признал: новая линия трамвая обойдётся в 310 миллионов евро"
    assert tell(title, title, languages="uk uk") == ["0", "0"]


def test_a_wire_copy_under_another_title_is_the_same_story(tell: Tell) -> None:
    opening = (
        "Les Fournils de Montserein retirent quatre lots de brioches, soit 31 600 pièces vendues "
        "dans onze départements, a annoncé jeudi leur directrice, Hélène Pradier."
    )
    titles = ("Brioches : quatre lots au lieu d’un", "Noisette : un rappel étendu à quatre lots")
    assert tell(*((title, opening) for title in titles)) == ["0", "0"]


def test_forecasts_in_the_same_words_for_two_towns_are_two_stories(tell: Tell) -> None:
    opening = (
        "À {0}, le ciel sera couvert vendredi matin, avec {1} degrés à huit heures, puis le soleil "
        "reviendra dans l’après-midi sur {0}, où il fera {2} degrés."
    )
    assert tell(
        ("La météo de vendredi à Vaubrac", opening.format("Vaubrac", 3, 11)),
        ("Quel temps vendredi à Marvelle ?", opening.format("Marvelle", 5, 14)),
    ) == ["0", "1"]


def test_the_same_event_in_other_words_is_the_same_story(tell: Tell) -> None:
    assert tell(TRAM, TRAM_ELSEWHERE) == ["0", "0"]
    assert tell(TRAM[0], TRAM_ELSEWHERE[0]) == ["0", "0"]


def test_a_heading_that_any_paper_may_use_is_not_a_wire_copy(tell: Tell) -> None:
    assert tell("En bref", "En bref") == ["0", "1"]
    assert tell("Les vœux du maire", "Les vœux du maire") == ["0", "1"]


def test_a_third_paper_joins_the_two_before_it(tell: Tell) -> None:
    third = (
        "Vaubrac : 310 millions d'euros pour la ligne 4 du tram, reconnaît le maire",
        "Étienne Corbel l'a reconnu : la ligne 4 dépasse son budget.",
    )
    others = "Trois chouettes nées dans le clocher de Saint-Aubrin"
    assert tell(TRAM, others, TRAM_ELSEWHERE, third) == ["0", "1", "0", "0"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Vaubrac. Le marché couvert rouvre samedi", "Vaubrac. Un cycliste blessé rue Haute"),
        ("Vaubrac. Les vœux du maire", "Vaubrac. La chorale cherche des voix"),
        ("Le maire de Vaubrac inaugure une crèche", "Le maire de Vaubrac jugé pour favoritisme"),
    ],
)
def test_two_events_of_one_town_are_two_stories(tell: Tell, one: str, other: str) -> None:
    assert tell(one, other) == ["0", "1"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Météo Metz : prévisions du vendredi 3 mai", "Météo Nancy : prévisions du vendredi 3 mai"),
        ("Quel temps fera-t-il à Metz le 3 mai ?", "Quel temps fera-t-il au Havre le 3 mai ?"),
        ("Horoscope du vendredi 3 mai : Bélier", "Horoscope du vendredi 3 mai : Lion"),
        ("Loto : les résultats du tirage du 2 mai", "Loto : les résultats du tirage du 3 mai"),
        ("Travaux sur la D12 : route fermée lundi", "Travaux sur la D40 : route fermée lundi"),
        ("Laval recherche un médecin généraliste", "Mayenne recherche un médecin généraliste"),
    ],
)  # fmt: skip
def test_what_differs_in_a_name_or_a_number_alone_is_of_a_template(
    tell: Tell, one: str, other: str
) -> None:
    assert tell(one, other) == ["0", "1"]
    assert tell(one, one) == ["0", "0"]


def test_forecasts_of_many_towns_are_as_many_stories(tell: Tell) -> None:
    towns = ["Metz", "Nancy", "Saint-Malo", "La Roche-sur-Yon", "Brest", "Le Mans"]
    titles = [f"{town} : la météo du vendredi 3 mai 2024" for town in towns]
    assert tell(*titles) == [str(i) for i in range(len(towns))]


def test_openings_part_what_a_common_title_would_merge(tell: Tell) -> None:
    title = "Salle comble pour la cérémonie des vœux du maire et du conseil municipal"
    one = "Gilbert Marsac a reçu 300 habitants de Vaubrac à la salle Perrot."
    other = "À Castelmire, Odile Franc a présenté son budget à la salle des Tanneurs."
    assert tell((title, one), (title, other)) == ["0", "1"]
    assert tell((title, one), (title, f"{one} Le reste a suivi dehors.")) == ["0", "0"]


def test_a_story_is_told_in_two_languages(tell: Tell) -> None:
    assert tell(TRAM, TRAM_IN_ENGLISH, languages="fr en") == ["0", "0"]
    assert tell(TRAM[0], TRAM_IN_ENGLISH[0], languages="fr en") == ["0", "0"]
    assert tell(TRAM, TRAM_IN_ENGLISH, TRAM_ELSEWHERE, languages="fr en fr") == ["0", "0", "0"]


def test_across_languages_a_like_title_without_the_names_is_not_enough(tell: Tell) -> None:
    german = "Ljubow: Straßenbahnlinie kostet 90 Millionen Euro"
    assert tell(TRAM[0], german, languages="fr de") == ["0", "1"]
    one, other = "Inondations : deux disparus", "Floods: two missing"
    assert tell(one, other, languages="fr en") == ["0", "1"]


def test_a_day_later_it_is_another_story(tell: Tell) -> None:
    assert tell(TRAM, TRAM, hours=24) == ["0", "0"]
    assert tell(TRAM, TRAM, hours=25) == ["0", "1"]


def test_a_story_does_not_outlast_the_day_by_going_from_telling_to_telling(tell: Tell) -> None:
    assert tell(TRAM, TRAM, TRAM, hours=13) == ["0", "0", "2"]


def test_a_telling_joins_a_story_that_was_told_before(encoder: Encoder) -> None:
    one, other, unlike = tellings(encoder, (TRAM, TRAM_ELSEWHERE, "Un loup vu à Saint-Aubrin"))
    assert stories_told([other, unlike], [Told(one, "a story")]) == ["a story", "2"]
    assert stories_told([], [Told(one, "a story")]) == []
    assert stories_told([], []) == []


def test_what_was_put_somewhere_is_never_moved_by_what_comes_after(encoder: Encoder) -> None:
    """Two that were told apart stay apart, though a third is like both."""
    one, other, third = tellings(encoder, (TRAM, TRAM_ELSEWHERE, TRAM))
    told = [Told(one, "a"), Told(other, "b")]
    assert stories_told([third], told) == ["a"]


TITLES = [
    TRAM[0],
    TRAM_ELSEWHERE[0],
    TRAM_IN_ENGLISH[0],
    "Météo Vaubrac : prévisions du vendredi 3 mai",
    "Météo Nancy : prévisions du vendredi 3 mai",
    "Vaubrac. Les vœux du maire",
    "",
    "?!",
    "हिन्दी में एक शीर्षक",
    "MAYOR ADMITS TRAM LINE WILL COST MORE",
    "Mayor Admits Vaubrac Tram Will Cost More",
]
OPENINGS = ["", TRAM[1], TRAM_ELSEWHERE[1], "Étienne Corbel l'a reconnu mardi à Vaubrac."]


@pytest.fixture(scope="session")
def vectors(encoder: Encoder) -> dict[str, np.ndarray]:
    return dict(zip(TITLES, encoder.encode_passages(TITLES), strict=True))


@given(
    drawn=st.lists(
        st.tuples(
            st.sampled_from(TITLES),
            st.sampled_from(OPENINGS),
            st.sampled_from(["fr", "en", "de", "hi", "und"]),
            st.integers(0, 30),
        ),
        max_size=12,
    ),
    cuts=st.sets(st.integers(0, 12)),
)
def test_one_by_one_in_batches_or_at_once_the_stories_are_the_same(
    vectors: dict[str, np.ndarray], drawn: list[tuple[str, str, str, int]], cuts: set[int]
) -> None:
    come = [
        Telling(str(i), title, opening, language, vectors[title], MORNING + timedelta(hours=hours))
        for i, (title, opening, language, hours) in enumerate(drawn)
    ]
    at_once = stories_told(come, [])
    assert stories_told(come, []) == at_once
    told: list[Told] = []
    ends = [*sorted(cut for cut in cuts if cut < len(come)), len(come)]
    for end in ends:
        batch = come[len(told) : end]
        told += map(Told, batch, stories_told(batch, told))
    assert [before.story for before in told] == at_once


def test_whatever_is_in_the_day_besides_a_story_keeps_its_tellings(encoder: Encoder) -> None:
    """A busy day in which many titles hold the same word, and one story among them."""
    busy = tuple(f"Vaubrac. La ruelle numéro {i} change de nom" for i in range(100, 160))
    *others, one, other = tellings(encoder, (*busy, TRAM, TRAM_ELSEWHERE), hours=0.1)
    stories = stories_told([*others, one, other], [])
    assert stories[-2:] == [one.article, one.article]
    assert len(set(stories)) == len(stories) - 1


def test_a_telling_is_the_same_after_being_kept(encoder: Encoder) -> None:
    [telling] = tellings(encoder, (TRAM,))
    kept = replace(telling, vector=np.frombuffer(telling.vector.tobytes(), np.float32))
    again = replace(telling, article="again")
    assert stories_told([again], [Told(kept, "0")]) == ["0"]
