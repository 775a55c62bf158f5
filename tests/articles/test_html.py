"""Articles in HTML pages."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from index.articles.article import Article
from index.articles.reading import ArticleFile, Unreadable, read_article

PARAGRAPHS = [
    "Le pont des Aulnes a rouvert lundi à Vaubrac, après deux ans et 3\u00a0millions d’euros.",
    "«\u202fOn n’y croyait plus\u202f», souffle Claire Weber, de l’épicerie du quai.",
    "Non.",
    "La mairie promet une navette gratuite jusqu’en juin, et trente places de plus.",
]


def page(body: str, head: str = "", charset: str = "utf-8") -> str:
    return f"""<!DOCTYPE html><html lang="fr-FR"><head><meta charset="{charset}">
<title>Le pont rouvre | L’Écho</title>{head}</head><body>
<nav><ul><li><a href="/">Accueil</a></li><li><a href="/villes">Villes</a></li></ul></nav>
<article><h1>Le pont rouvre</h1>{body}</article>
<footer><p>© 2024 L’Écho <a href="/cgu">Conditions</a></p></footer></body></html>"""


def article_body() -> str:
    one, two, three, four = (f"<p>{text}</p>" for text in PARAGRAPHS)
    return f"{one}<h2>Deux ans de détour</h2>{two}{three}{four}"


def read(tmp_path: Path, content: str | bytes) -> Article | Unreadable:
    path = tmp_path / "a.html"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_article(ArticleFile("r/a.html", path))


def article(tmp_path: Path, content: str | bytes) -> Article:
    got = read(tmp_path, content)
    assert isinstance(got, Article), got
    return got


def test_every_paragraph_and_heading_is_a_block_and_the_headline_is_the_title(
    tmp_path: Path,
) -> None:
    got = article(tmp_path, page(article_body()))
    one, two, three, four = PARAGRAPHS
    assert got.body.split("\n\n") == [one, "Deux ans de détour", two, three, four]
    assert got.title == "Le pont rouvre"
    assert got.language == "fr"


def test_repeated_paragraphs_are_kept(tmp_path: Path) -> None:
    refrain = "<p>Et le pont tient toujours.</p>"
    assert (
        article(tmp_path, page(refrain + article_body() + refrain)).body.count("tient toujours")
        == 2
    )


def test_metadata_comes_from_the_head(tmp_path: Path) -> None:
    head = """<meta name="author" content="Claire Weber">
<meta property="og:site_name" content="L’Écho">
<meta property="og:title" content="Vaubrac\u00a0: le pont rouvre">
<meta property="article:published_time" content="2024-05-03T23:30:00+02:00">
<meta property="article:modified_time" content="2024-05-09T08:00:00+02:00">
<link rel="canonical" href="https://echo.example/pont">"""
    got = article(tmp_path, page(article_body(), head))
    assert (got.author, got.source, got.published) == ("Claire Weber", "L’Écho", date(2024, 5, 3))
    assert (got.title, got.url) == ("Vaubrac\u00a0: le pont rouvre", "https://echo.example/pont")


def test_dates_in_the_text_do_not_date_the_article(tmp_path: Path) -> None:
    assert (
        article(tmp_path, page(article_body() + "<p>Né le 4 mai 1931, il pose.</p>")).published
        is None
    )


def test_comments_and_navigation_are_left_out(tmp_path: Path) -> None:
    comments = (
        '<div id="comments"><div class="comment"><p>Bravo à tous, quel beau pont !</p></div></div>'
    )
    body = article(tmp_path, page(article_body() + comments)).body
    assert "Bravo" not in body
    assert "Villes" not in body


def test_lists_tables_quotations_and_line_breaks_keep_their_lines(tmp_path: Path) -> None:
    extra = (
        "<ul><li>une navette</li><li>trente places</li></ul>"
        "<blockquote><p>Le pont est à nous.</p><p>À tous.</p></blockquote>"
        "<p>Premier vers<br>second vers</p>"
        "<table><tr><td>Coût</td><td>3 millions</td></tr>"
        "<tr><td>Durée</td><td>deux ans</td></tr></table>"
        "<p>Voilà tout ce que l’on sait du pont.</p>"
    )
    body = article(tmp_path, page(article_body() + extra)).body
    for lines in (
        "- une navette\n- trente places",
        "Le pont est à nous.\n\nÀ tous.",
        "Premier vers\nsecond vers",
        "Coût\t3 millions\nDurée\tdeux ans",
    ):
        assert f"\n\n{lines}\n\n" in body


def test_lines_broken_in_the_source_run_on(tmp_path: Path) -> None:
    body = article(tmp_path, page(article_body().replace("après deux", "après\n      deux"))).body
    assert PARAGRAPHS[0] in body


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("iso-8859-1", "cp1252"),
        ("windows-1252", "cp1252"),
        ("utf-8", "utf-8"),
        ("iso-8859-1", "utf-8"),  # converted when saved, the declaration left as it was
        ("nonsense", "cp1252"),
        ("utf-16", "utf-8"),
    ],
)
def test_the_declared_charset_counts_unless_the_bytes_say_otherwise(
    tmp_path: Path, declared: str, encoding: str
) -> None:
    content = page(article_body().replace("\u202f", ""), charset=declared).encode(encoding)
    assert "l’épicerie" in article(tmp_path, content).body


def test_a_declared_cyrillic_charset_is_honoured(tmp_path: Path) -> None:
    text = "Мост снова открыт после двух лет ремонта, сообщил мэр."
    content = (
        page(f"<p>{text}</p>" * 3, charset="windows-1251")
        .replace("’", "'")
        .replace("©", "")
        .replace("É", "E")
    )
    assert text in article(tmp_path, content.encode("cp1251")).body


MENU = '<nav><ul><li><a href="/">Accueil</a></li><li><a href="/sport">Sport</a></li></ul></nav>'
COOKIES = "<div><p>Nous utilisons des cookies pour mesurer notre audience.</p></div>"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<form><input name='a'></form>",
        "<script>var a = 1;</script><img src='a.png'>",
        MENU + "<main><h1>Connexion</h1><form><label>Adresse <input></label></form></main>",
        COOKIES + MENU,
    ],
)
def test_a_page_without_an_article_is_unreadable(tmp_path: Path, body: str) -> None:
    content = f"<!DOCTYPE html><html><head><title>L’Écho</title></head><body>{body}</body></html>"
    assert isinstance(read(tmp_path, content), Unreadable)
