"""Articles in Markdown."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from index.articles.article import Article
from index.articles.markdown import to_plain_text
from index.articles.reading import ArticleFile, read_article


def read(tmp_path: Path, content: str) -> Article:
    path = tmp_path / "a.md"
    path.write_text(content, encoding="utf-8")
    got = read_article(ArticleFile("r/a.md", path))
    assert isinstance(got, Article), got
    return got


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Le **pont** est *là*, `vrai`.", "Le pont est là, vrai."),
        ("Un [lien](http://x.example 'titre') ici.", "Un lien ici."),
        (
            "# Le pont\n\nIl rouvre.\n\n## Deux ans\nFin.",
            "Le pont\n\nIl rouvre.\n\nDeux ans\n\nFin.",
        ),
        ("Le pont\nrouvre.", "Le pont rouvre."),
        ("Le pont  \nrouvre.", "Le pont\nrouvre."),
        ("- un\n- deux\n  - trois\n", "- un\n- deux\n- trois"),
        ("1. un\n2. deux\n", "1. un\n2. deux"),
        ("1914. La guerre éclate.", "1914. La guerre éclate."),
        ("1984\\. Une année.", "1984. Une année."),
        ("> Oui, dit-il.\n>\n> Non.", "Oui, dit-il.\n\nNon."),
        ("```python\nx = 1\n\ny = 2\n```", "x = 1\n\ny = 2"),
        ("un\n\n---\n\ndeux", "un\n\ndeux"),
        ("![Le pont](pont.jpg)\n\nIl rouvre.", "Il rouvre."),
        (
            "<div class='x'>Le &amp; pont</div>\n\nIl <b>rouvre</b><br>demain.",
            "Le & pont\n\nIl rouvre\ndemain.",
        ),
        ("<script>\nx()\n</script>\n\nIl rouvre.", "Il rouvre."),
        ("Avant<!-- non --> après.", "Avant après."),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a\tb\n1\t2"),
        ("~~Faux~~ 3 * 4 et snake_case_ici", "Faux 3 * 4 et snake_case_ici"),
        ("<https://x.example>", "https://x.example"),
        ("« Non\u00a0!\u202f» &eacute;", "« Non\u00a0!\u202f» é"),
    ],
)
def test_marks_are_dropped_and_words_kept(source: str, text: str) -> None:
    assert to_plain_text(source)[0] == text


def test_front_matter_gives_the_metadata(tmp_path: Path) -> None:
    got = read(
        tmp_path,
        "---\ntitle: Le pont rouvre\npublished: 2024-05-03\nsource: L'Écho\nauthor: Claire Weber\n"
        "url: https://echo.example/pont\nlanguage: fr-FR\nunknown: [1, 2]\n---\n\n"
        "# Autre\n\nIl rouvre.",
    )
    assert got == Article(
        id="r/a.md",
        title="Le pont rouvre",
        body="Autre\n\nIl rouvre.",
        language="fr",
        url="https://echo.example/pont",
        source="L'Écho",
        author="Claire Weber",
        published=date(2024, 5, 3),
    )


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("date: 2024-05-03", date(2024, 5, 3)),
        ("date: 2024-05-03 23:30:00 +02:00", date(2024, 5, 3)),
        ("date: 2024-05-03T23:30:00-11:00", date(2024, 5, 3)),
        ("published: '3 mai 2024'", date(2024, 5, 3)),
        ("published: May 3, 2024", date(2024, 5, 3)),
        ("published: 25/05/2024", date(2024, 5, 25)),
        ("published: 03/05/2024", None),
        ("published: 2024-13-45", None),
        ("published: bientôt", None),
        ("published: [2024-05-03]", None),
        ("published: ~\ndate: 2024-05-03", date(2024, 5, 3)),
    ],
)
def test_dates_are_read_as_written_and_never_guessed(
    tmp_path: Path, field: str, expected: date | None
) -> None:
    assert read(tmp_path, f"---\n{field}\n---\nLe pont.").published == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("authors: [Claire Weber, Jean Roy]", "Claire Weber, Jean Roy"),
        ("authors:\n  - name: Claire Weber\n  - name: Jean Roy", "Claire Weber, Jean Roy"),
        ("author: {name: Claire Weber}", "Claire Weber"),
        ("author: null\nauthors: Jean Roy", "Jean Roy"),
        ("author: ''", None),
    ],
)
def test_authors_may_be_a_name_or_a_list(tmp_path: Path, field: str, expected: str | None) -> None:
    assert read(tmp_path, f"---\n{field}\n---\nLe pont.").author == expected


def test_a_value_of_the_wrong_kind_is_ignored_and_a_number_is_a_title(tmp_path: Path) -> None:
    assert read(tmp_path, "---\ntitle: [a]\nurl: {b: c}\n---\nLe pont.").url is None
    assert read(tmp_path, "---\ntitle: 1984\n---\nLe pont.").title == "1984"


def test_without_front_matter_the_first_heading_is_the_title(tmp_path: Path) -> None:
    got = read(tmp_path, "Photo Jean Marty\n\n# Le *pont* rouvre\n\nIl rouvre lundi.")
    assert got.title == "Le pont rouvre"


def test_without_either_the_title_is_the_first_sentence(tmp_path: Path) -> None:
    assert read(tmp_path, "## Lundi\n\nIl rouvre. Enfin.").title == "Lundi"
    assert read(tmp_path, "Il rouvre. Enfin.").title == "Il rouvre."


def test_rules_around_prose_are_no_front_matter(tmp_path: Path) -> None:
    assert read(tmp_path, "---\nLe pont rouvre\n\n---\n\nIl rouvre.").body.startswith(
        "Le pont rouvre"
    )
    assert read(tmp_path, "---\n\nLe pont rouvre.").body == "Le pont rouvre."
