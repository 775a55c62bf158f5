"""Which facts of a statement a passage does not give: in French, and across languages."""

from __future__ import annotations

import time
from datetime import date

import pytest
from babel.numbers import format_decimal
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answering.facts import Fact, FactKind, Ground, has_figure, missing_facts

NUMBER, DATE, NAME, QUOTATION = FactKind
PUBLISHED = date(2024, 5, 14)  # a Tuesday
TRAM = Ground(
    "La présidente de l’agglomération, Hélène Marchut, a annoncé mardi que le tram d’Ostwick "
    "coûterait 312 millions d’euros, soit 14 % de plus que prévu. Trois stations ouvriront le "
    "3 mars 2027, à 14 h 30 ; quarante-sept riverains ont saisi le tribunal. « Nous n’avons pas "
    "d’autre choix », a-t-elle déclaré. L’OTAN et la Turquie n’y sont pour rien.",
    "fr",
    title="Le tram d’Ostwick coûtera plus cher",
    source="Le Courrier",
    published=PUBLISHED,
)


def missing(statement: str, language: str, text: str, written_in: str = "fr") -> list[str]:
    ground = Ground(text, written_in, published=PUBLISHED)
    return [fact.text for fact in missing_facts(statement, language, ground)]


@pytest.mark.parametrize(
    ("language", "statement"),
    [
        ("fr", "Le tram d’Ostwick coûtera 312 millions d’euros, dit Hélène Marchut."),
        ("fr", "Il coûtera 312 M€, 14 pour cent de plus."),
        ("fr", "Plus de 300 millions d'euros seront dépensés selon Le Courrier."),
        ("fr", "Le 3 mars 2027 à 14h30, trois stations ouvriront."),
        ("fr", "47 riverains ont saisi le tribunal."),
        ("fr", "L’annonce date du 14 mai 2024."),
        ("fr", "« nous n'avons pas d'autre choix. »"),
        ("en", "Hélène Marchut says Ostwick's tram will cost €312 million, up 14 percent."),
        ("en", "Three stops will open on March 3, 2027 at 2:30 pm."),
        ("en", "Forty-seven residents went to court; NATO and Turkey have no part in it."),
        ("de", "Ostwicks Tram kostet laut Helene Marchut 312 Millionen Euro, 14 Prozent mehr."),
        ("de", "Siebenundvierzig Anwohner klagen; die Türkei und die NATO sind nicht beteiligt."),
        ("de", "Am 3. März 2027 um 14.30 Uhr öffnen drei Haltestellen."),
        ("es", "El 3 de marzo de 2027 abrirán tres paradas, según anunció el martes Marchut."),
        ("es", "Cuarenta y siete vecinos acudieron al tribunal, y el coste sube un 14 %."),
        ("it", "Il 3 marzo 2027 alle 14.30 apriranno tre fermate; né la Turchia né la NATO."),
        ("pt", "Quarenta e sete moradores recorreram; o custo sobe 14 por cento."),
        ("nl", "Zevenenveertig bewoners stapten naar de rechter; de tram kost 312 miljoen euro."),
    ],
)
def test_what_the_passage_gives_in_whatever_form_is_not_missing(
    language: str, statement: str
) -> None:
    assert missing_facts(statement, language, TRAM) == []


@pytest.mark.parametrize(
    ("language", "statement", "fact"),
    [
        ("fr", "Le tram coûtera 313 millions d’euros.", Fact(NUMBER, "313 millions d’euros")),
        ("fr", "Le tram coûtera 312 milliards d'euros.", Fact(NUMBER, "312 milliards d'euros")),
        ("fr", "Le tram coûtera 312 millions de dollars.", Fact(NUMBER, "312 millions de dollars")),
        ("fr", "Le coût augmente de 14 euros.", Fact(NUMBER, "14 euros")),
        ("fr", "Quarante-huit riverains ont saisi le tribunal.", Fact(NUMBER, "Quarante-huit")),
        ("fr", "Près de 310 % de plus.", Fact(NUMBER, "310 %")),
        ("fr", "Le 4 mars 2027, trois stations ouvriront.", Fact(DATE, "4 mars 2027")),
        ("fr", "Le 3 avril 2027, trois stations ouvriront.", Fact(DATE, "3 avril 2027")),
        ("fr", "Le 3 mars 2028, trois stations ouvriront.", Fact(DATE, "3 mars 2028")),
        ("fr", "L’annonce a été faite jeudi.", Fact(DATE, "jeudi")),
        ("fr", "La présidente, Hélène Marchot, l’a dit.", Fact(NAME, "Marchot")),
        ("fr", "La présidente, Sylvie Marchut, l’a dit.", Fact(NAME, "Sylvie")),
        ("fr", "« Nous avons le choix »", Fact(QUOTATION, "« Nous avons le choix »")),
        ("en", "The tram will cost $312 million.", Fact(NUMBER, "312 million")),
        ("en", "Four stops will open.", Fact(NUMBER, "Four")),
        ("en", "They open at 2:45 pm.", Fact(NUMBER, "2:45 pm")),
        ("en", "Greece has no part in it.", Fact(NAME, "Greece")),
        ("de", "Laut Marchut kostet die Tram in Kehlbach mehr.", Fact(NAME, "Kehlbach")),
        ("de", "Griechenland ist nicht beteiligt.", Fact(NAME, "Griechenland")),
        ("es", "Lo anunció el viernes.", Fact(DATE, "viernes")),
    ],
)
def test_one_changed_fact_is_missing_as_it_stands_in_the_statement(
    language: str, statement: str, fact: Fact
) -> None:
    assert missing_facts(statement, language, TRAM) == [fact]


@pytest.mark.parametrize(
    ("statement", "language", "passage", "written_in"),
    [
        ("1 200 personnes", "fr", "1,200 people", "en"),
        ("1.200 Menschen", "de", "1 200 personnes", "fr"),
        ("3.2 million people", "en", "3,2 Millionen Menschen", "de"),
        ("3 200 000 habitants", "fr", "3.2 million people", "en"),
        ("deux milliards d'euros", "fr", "two billion euros", "en"),
        ("dos mil millones de euros", "es", "2 Mrd. Euro", "de"),
        ("une douzaine de vaches", "fr", "twelve cows", "en"),
        ("trois ans et demi", "fr", "dreieinhalb Jahre", "de"),
        ("a third of the images", "en", "un tiers des images", "fr"),
        ("la moitié des voix", "fr", "50 % of the votes", "en"),
        ("le 3e étage", "fr", "the third floor", "en"),
        ("la Ve République", "fr", "the Fifth Republic", "en"),
        ("in un secondo momento", "it", "plus tard", "fr"),
        ("un immeuble neuf depuis peu", "fr", "a new building", "en"),
        ("entre 3 et 4 millions", "fr", "from 3 to 4 million", "en"),
        ("-5 degrés", "fr", "5 degrees below zero", "en"),
        ("per trent'anni", "it", "pendant trente ans", "fr"),
        ("nine miles of bank", "en", "neuf milles de rive", "fr"),
        ("about 9 million people", "en", "9,12 millions d'habitants", "fr"),
        ("à quinze heures", "fr", "at 3 pm", "en"),
        ("il XIX secolo", "it", "the 19th century", "en"),
        ("the 1990s", "en", "les années 90", "fr"),
        ("im Sommer", "de", "cet été", "fr"),
        ("yesterday", "en", "lundi", "fr"),  # the day before publication
    ],
)
def test_a_number_or_a_date_is_what_it_is_worth(
    statement: str, language: str, passage: str, written_in: str
) -> None:
    assert missing(statement, language, passage, written_in) == []


@pytest.mark.parametrize(
    ("statement", "language", "passage"),
    [
        ("près de 312 personnes", "fr", "314 personnes"),
        ("plus de 400 personnes", "fr", "312 personnes"),
        ("300 personnes", "fr", "312 personnes"),
        ("less than 300 people", "en", "312 personnes"),
        ("40 %", "fr", "40 personnes"),
        ("40 personnes", "fr", "40 %"),
        ("la 3e place", "fr", "3 places"),
        ("two billion", "en", "2 millions"),
        ("un billion d'euros", "fr", "un milliard d'euros"),
        ("-5 degrés", "fr", "5 degrés"),
        ("le XXe siècle", "fr", "le XIXe siècle"),
        ("les années 1980", "fr", "les années 1990"),
        ("en hiver", "fr", "cet été"),
        ("demain", "fr", "lundi"),
        ("une période de neuf mois", "fr", "six mois"),
        ("un préstamo a diez años", "es", "un prêt de douze ans"),
        ("over twenty years", "en", "sur 25 ans"),
        ("le lundi 20 mai", "fr", "lundi 13 mai"),
    ],
)
def test_nearly_is_not_enough(statement: str, language: str, passage: str) -> None:
    assert missing(statement, language, passage)


@pytest.mark.parametrize(
    ("statement", "language", "passage", "written_in"),
    [
        ("The French firm", "en", "l’entreprise française", "fr"),
        ("La France", "fr", "französische Firmen", "de"),
        ("A Portuguese town", "en", "le Portugal", "fr"),
        ("Elle part pour Londres", "fr", "to London", "en"),
        ("Sie fährt nach Warschau", "de", "à Varsovie", "fr"),
        ("Les Nations unies", "fr", "the UN said", "en"),
        ("Zelensky spoke", "en", "Zelenskyj hat gesprochen", "de"),
        ("Hallmann's house", "en", "das Haus Hallmanns", "de"),
        ("Un couple de Lyonnais", "fr", "un couple de Lyon", "fr"),
        ("Les Valdoriens votent", "fr", "the Valdorians vote", "en"),
        ("Saint-Gobain", "fr", "St. Gobain", "en"),
    ],
)
def test_a_name_stands_in_its_other_forms(
    statement: str, language: str, passage: str, written_in: str
) -> None:
    assert missing(statement, language, passage, written_in) == []


@pytest.mark.parametrize(
    ("statement", "language"),
    [
        ("The Regional Health Agency and the City Council object.", "en"),
        ("On Monday the Mayor spoke.", "en"),
        ("Das Verteidigungskomitee lehnt den neuen Bauplan ab.", "de"),
        ("Der Bürgermeister und die Gemeinde warten auf Gelder.", "de"),
        ("Réclamer justice coûte cher.", "fr"),
        ("Le Conseil et la Cour attendent.", "fr"),
        ("El Ministerio de Sanidad espera.", "es"),
    ],
)
def test_a_capital_alone_is_no_name(statement: str, language: str) -> None:
    passage = Ground("Nothing.", "en") if language == "fr" else Ground("Rien.", "fr")
    found = missing_facts(statement, language, passage)
    assert [fact for fact in found if fact.kind is NAME] == []


@pytest.mark.parametrize(
    ("statement", "language", "passage", "name"),
    [
        ("Il a fermé place de la Gare.", "fr", "Il a fermé place du Marché.", "Gare"),
        ("Selon la Cour, il paiera.", "fr", "Selon le tribunal, il paiera.", "Cour"),
        ("It shut in Station Square.", "en", "It shut in Market Square.", "Station"),
    ],
)
def test_in_the_language_of_the_passage_a_capital_within_a_sentence_is_one(
    statement: str, language: str, passage: str, name: str
) -> None:
    assert missing(statement, language, passage, language) == [name]


@pytest.mark.parametrize(
    ("quotation", "stands"),
    [
        ("« Il a dit \u00a0: oui »", False),
        ("“d'autre choix”", True),
        ("„Nous n’avons pas d’autre choix.“", True),
        ('"Nous n\'avons pas […] choix"', True),
        ("« choix […] avons »", False),
        ("« n’avons plus d’autre choix »", False),
        ("« autre choi »", False),
    ],
)
def test_a_quotation_stands_to_the_letter(quotation: str, stands: bool) -> None:
    found = missing_facts(f"Elle dit {quotation}", "fr", TRAM)
    assert (found == []) is stands
    assert {fact.kind for fact in found} <= {QUOTATION}


@pytest.mark.parametrize(
    ("statement", "language", "figure"),
    [
        ("Le budget est de 12 millions.", "fr", True),
        ("Trois personnes sont venues.", "fr", True),
        ("Il part le 3 mai 2024.", "fr", False),
        ("En 2024, un homme est parti.", "fr", False),
        ("A man left on Monday.", "en", False),
        ("Ein Mann ging im Mai.", "de", False),
        ("A third of them left.", "en", True),
    ],
)
def test_a_date_is_no_figure(statement: str, language: str, figure: bool) -> None:
    assert has_figure(statement, language) is figure


languages = st.sampled_from(["fr", "en", "es", "de", "it", "pt", "nl"])


@given(st.integers(10_000, 10**9), languages, languages)
def test_a_number_is_itself_however_a_language_writes_it(
    number: int, spoken: str, written: str
) -> None:
    statement = f"({format_decimal(number, locale=spoken)})"
    assert missing(statement, spoken, f"({format_decimal(number, locale=written)})", written) == []


@given(st.integers(20, 10**6), st.integers(1, 9), languages)
def test_another_number_is_missing(number: int, more: int, language: str) -> None:
    statement = f"{format_decimal(number + more, locale=language)} x"
    assert missing(statement, language, f"{format_decimal(number, locale='fr')} personnes")


SENTENCES = [sentence for sentence in TRAM.text.split(". ") if sentence]


@given(st.lists(st.sampled_from(SENTENCES), min_size=1))
def test_what_the_passage_says_is_never_missing(sentences: list[str]) -> None:
    assert missing_facts(". ".join(sentences), "fr", TRAM) == []


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.one_of(languages, st.text(max_size=3)), st.text(max_size=200))
def test_nothing_that_a_model_writes_stops_the_check(
    statement: str, language: str, passage: str
) -> None:
    for fact in missing_facts(statement, language, Ground(passage, language)):
        assert fact.text
    has_figure(statement, language)


@pytest.mark.parametrize(
    "piece", ["«", "1 ", "12,5 % ", "Ab-", "„", "trois ", "3 mai ", "\u202eאב ", "I", "1.", "à 5 "]
)
def test_a_long_text_takes_no_long_time(piece: str) -> None:
    text = (piece * 10_000)[:10_000]
    missing_facts("un", "fr", TRAM)  # what is read once
    began = time.monotonic()
    missing_facts(text, "fr", Ground(text[::-1], "de"))
    assert time.monotonic() - began < 8
