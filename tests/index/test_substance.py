"""What is news about an article that was changed, and what is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.articles.article import Article
from index.passages import split_into_passages
from index.substance import fingerprint, is_another, says_something_new

TITLE = "La ligne 4 du tram coûtera plus cher"
FIRST = (
    "Le maire l’a reconnu mardi\u00a0: la ligne coûtera «\u00a0310 millions d’euros, soit 40 de "
    "plus que prévu\u00a0», en raison des fouilles de la place du Marché. "
    "Les travaux dureront deux ans."
)
SECOND = (
    "En mars, la ville parlait encore de 270 millions d’euros. L’opposition demande un référendum, "
    "que la majorité ne souhaite pas organiser avant les élections municipales."
)
THIRD = "Les riverains ont été reçus lundi à la mairie, où 3\u202f500 d’entre eux avaient écrit."
BODY = f"{FIRST}\n\n{SECOND}\n\n{THIRD}"
ARTICLE = Article("tram.txt", TITLE, BODY, "fr")


def edited(old: str, new: str) -> Article:
    assert BODY.count(old) == 1
    return replace(ARTICLE, body=BODY.replace(old, new))


def extended(text: str) -> Article:
    return replace(ARTICLE, body=f"{BODY}\n\n{text}")


NO_NEWS = {
    "the same": ARTICLE,
    "a typo corrected": edited("dureront deux", "durerons deux"),
    "a typo corrected in a short sentence": edited("travaux dureront", "travauux dureront"),
    "letters that had changed places": edited("riverains", "rievrains"),
    "an accent": edited("référendum", "referendum"),
    "capitals": edited("maire l’a", "Maire l’a"),
    "straight apostrophes": replace(ARTICLE, body=BODY.replace("’", "'")),
    "plain spaces": replace(ARTICLE, body=BODY.replace("\u00a0", " ").replace("\u202f", " ")),
    "another quotation mark": edited("«\u00a0310", "“310"),
    "a comma": edited("En mars, la", "En mars la"),
    "a figure without its blank": edited("3\u202f500", "3500"),
    "a figure with a full stop": edited("3\u202f500", "3.500"),
    "a figure in words": edited("deux ans", "2 ans"),
    "a sentence cut in two": edited("référendum, que", "référendum. Que"),
    "two sentences made one": edited("Marché. Les travaux", "Marché, et les travaux"),
    "a small word": edited("reçus lundi", "reçus ce lundi"),
    "a short sentence with a small word": edited("Les travaux", "Tous les travaux"),
    "paragraphs that changed places": replace(ARTICLE, body=f"{THIRD}\n\n{FIRST}\n\n{SECOND}"),
    "lines wrapped by hand": edited("ne souhaite pas", "ne souhaite\npas"),
    "a paragraph left out": replace(ARTICLE, body=f"{FIRST}\n\n{SECOND}"),
    "a sentence with a negation left out": edited(SECOND, SECOND.split(". ")[0] + "."),
    "the hour of an update above": replace(ARTICLE, body=f"Mis à jour à 14 h 05\n\n{BODY}"),
    "the hour of an update below": extended("Article mis à jour le 3 mai 2024 à 14 h."),
    "an update in a sentence": extended("Cet article a été mis à jour à 18 h 30 avec des photos."),
    "an update in brackets": edited("deux ans.", "deux ans (mis à jour à 14 h)."),
    "a caption": replace(
        ARTICLE, body=f"Le chantier du tram, le 12 avril 2019. © Jean Dupont / AFP\n\n{BODY}"
    ),
    "a cross-reference": edited(SECOND, f"Lire aussi : La ligne 5 attendra 2031\n\n{SECOND}"),
    "a call to subscribe": extended("Abonnez-vous à notre newsletter pour 1 € par mois."),
    "a cross-head": edited(SECOND, f"Une facture salée\n\n{SECOND}"),
    "a title with other typography": replace(ARTICLE, title="Ligne 4\u00a0: coutera PLUS cher"),
    "a title shortened": replace(ARTICLE, title="La ligne 4 coûtera plus cher"),
    "a title in words of the article": replace(ARTICLE, title="Tram : les fouilles coûtent cher"),
    "a title brought up to date": replace(ARTICLE, title=f"{TITLE} (mis à jour à 14 h)"),
}  # fmt: skip

NEWS = {
    "a new sentence": edited("deux ans.", "deux ans. Le préfet a suspendu le chantier jeudi."),
    "a new paragraph": extended("Le tribunal administratif a annulé jeudi la concession."),
    "a short sentence": extended("Le maire a démissionné."),
    "a very short one": extended("Il est mort."),
    "a sentence that says something else": edited(
        "Les travaux dureront deux ans", "Le chantier est abandonné"
    ),
    "a verb exchanged in a short sentence": edited("travaux dureront", "travaux attendront"),
    "another figure": edited("310 millions", "330 millions"),
    "another figure in a long sentence": edited("soit 40 de plus", "soit 60 de plus"),
    "a figure exchanged for one from elsewhere": edited("310 millions", "270 millions"),
    "a figure in words": edited("deux ans", "trois ans"),
    "another order of magnitude": edited("310 millions", "310 milliards"),
    "another number of thousands": edited("3\u202f500", "35\u202f000"),
    "a negation": edited("Les travaux dureront", "Les travaux ne dureront pas"),
    "a negation taken back": edited("ne souhaite pas organiser", "souhaite organiser"),
    "a clause that brings in something": edited(
        "référendum, que", "référendum et la démission immédiate du préfet, que"
    ),
    "a title with another figure": replace(ARTICLE, title="La ligne 6 du tram coûtera plus cher"),
    "a title that says something else": replace(ARTICLE, title="Le tram est annulé"),
    "a title that denies": replace(ARTICLE, title="La ligne 4 du tram ne coûtera pas plus cher"),
    "all of it": replace(ARTICLE, title="Chouettes", body="Trois chouettes sont nées dimanche."),
}  # fmt: skip


@pytest.mark.parametrize("after", NO_NEWS.values(), ids=NO_NEWS.keys())
def test_what_only_looks_otherwise_is_no_news(after: Article) -> None:
    assert not says_something_new(ARTICLE, after)


@pytest.mark.parametrize("after", NEWS.values(), ids=NEWS.keys())
def test_what_says_something_else_is_news(after: Article) -> None:
    assert says_something_new(ARTICLE, after)


OTHER_LANGUAGES = [
    ("Nora Quill baked her final loaf on Friday after thirty-one years. She won't sell the shop.",
     "She won't sell", "She will sell"),
    ("Die Brücke wurde am Montag geöffnet. Das Geld reicht nicht für den Bahnhof.",
     "reicht nicht", "reicht"),
    ("Мост открыли в понедельник. Мэр пообещал отремонтировать вокзал.",
     "вокзал.", "вокзал. Губернатор ушёл в отставку."),
    ("大桥星期一重新开放。市长表示满意。", "满意。", "满意。火车站因罢工关闭。"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "old", "new"), OTHER_LANGUAGES)
def test_other_languages_and_scripts_are_read_too(body: str, old: str, new: str) -> None:
    before = Article("a", "Title", body, "und")
    assert says_something_new(before, replace(before, body=body.replace(old, new)))
    assert not says_something_new(before, replace(before, body=body.replace(" ", "  ")))


words = st.sampled_from(
    "Le la maire pont gare ne pas 3 310 coûte dit lundi éluё 中 M. (x) _ % \u00a0 ’ ».".split(" ")
)
texts = (
    st.lists(words | st.sampled_from([". ", "\n\n", "…"]), max_size=60).map(" ".join) | st.text()
)
articles = st.builds(Article, st.just("a"), texts, texts, st.just("fr"))


@given(articles)
def test_an_article_never_differs_from_itself(article: Article) -> None:
    assert not says_something_new(article, article)
    assert not says_something_new(article, replace(article, body=f"\n{article.body} "))


@given(articles, articles)
def test_any_two_versions_can_be_compared(before: Article, after: Article) -> None:
    assert says_something_new(before, after) in (True, False)


@given(
    articles,
    st.sampled_from(["Le préfet a suspendu le chantier jeudi.", "Il en coûtera 7777 francs."]),
)
def test_a_sentence_of_other_words_is_always_news(article: Article, sentence: str) -> None:
    assert says_something_new(article, replace(article, body=f"{article.body}\n\n{sentence}"))


def test_long_articles_are_compared_in_one_pass() -> None:
    # Each of so many sentences changed, or one sentence of so many words: hours, were it quadratic.
    body = "".join(
        f"Le pont numéro {n} de la ville {n % 97} a rouvert lundi. " for n in range(8000)
    )
    before = Article("a", TITLE, body, "fr")
    assert not says_something_new(before, replace(before, body=body.replace("lundi", "ce lundi")))
    letters = str.maketrans("0123456789", "abcdefghij")
    numbers = [str(n).translate(letters) for n in range(20_000)]
    endless, other = (" ".join(f"{word}{n}" for n in numbers) for word in ("pont", "quai"))
    assert says_something_new(replace(before, body=endless), replace(before, body=other))


def test_an_article_that_takes_the_place_of_another_is_no_version_of_it() -> None:
    for after in NO_NEWS.values():
        assert not is_another(ARTICLE, after)
    assert is_another(ARTICLE, NEWS["all of it"])


def hashed(article: Article) -> bytes:
    return fingerprint(article.title, [p.text for p in split_into_passages(article)])


@pytest.mark.parametrize(
    "case",
    ["an accent", "capitals", "straight apostrophes", "plain spaces", "a comma", "a caption",
     "the hour of an update above", "lines wrapped by hand"],
)  # fmt: skip
def test_a_fingerprint_is_that_of_the_words(case: str) -> None:
    assert hashed(NO_NEWS[case]) == hashed(ARTICLE)


@pytest.mark.parametrize("case", ["a typo corrected", "paragraphs that changed places"])
def test_other_words_or_another_order_have_another_fingerprint(case: str) -> None:
    assert hashed(NO_NEWS[case]) != hashed(ARTICLE)
