"""Articles of feeds as files: whatever is in an entry, its file reads back word for word."""

from __future__ import annotations

import tempfile
from datetime import date
from html import escape
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.articles.article import Article
from index.articles.reading import ArticleFile, read_article
from scripts.feeds.entries import Entry, read_feed
from scripts.feeds.prose import on_one_line, text_of_html, text_of_plain
from scripts.feeds.storing import as_markdown, folder_name, slug, write
from tests.scripts.feeds.feed_server import PROSE, item, rss

TODAY = date(2024, 5, 3)
MARKS = st.sampled_from(
    "# > - + = : | * _ ` ~ [ ] ( ) < > ! & \\ 1. 2) --- === *** ``` ~~~ ![a](b) [a]: <b> <br> "
    "<!-- --> &amp; &#35; &lt; {x} :-- |-| ' \" % @ \ufffd \u00a0 \u202f \u2028 \u0085 \ufeff "
    "\u0301 é \ud800 \x01 \x1b \x0c 𝒳 \U0010ffff \ufffe".split(" ")
)
LINES = st.lists(MARKS | st.text(max_size=8) | st.just(" "), max_size=12).map("".join)
TEXTS = st.lists(LINES, min_size=1, max_size=6).flatmap(
    lambda lines: st.sampled_from(["\n", "\n\n", "\\\n"]).map(lambda end: end.join(lines))
)


def read_back(entry: Entry, source: str | None) -> Article:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "undated-x.md"
        write(path, as_markdown(entry, source))
        article = read_article(ArticleFile("x", path))
    assert isinstance(article, Article), article
    return article


@given(LINES, TEXTS)
@example('---\ntitle: "x', "---\ntitle: x\n---\n\n1. a\n- b\n\n    code\n\n| a |\n|---|")
@example("C'est : « l'été » # 1", "a  \nb\\\n# c\n===\n&eacute;<b>")
@example("null", "\ufffd" * 30)
def test_title_and_words_read_back_exactly(title: str, text: str) -> None:
    words = "Mot. " + "\n\n".join(
        part for part in text_of_html(escape(text).replace("\n", "<br>")).split("\n\n") if part
    )
    words = words.strip()
    heading = on_one_line(title)
    entry = Entry("1", None if heading in ("", "~", "null") else heading, words)
    article = read_back(entry, "Le Courrier")
    assert article.body == words
    if entry.title:
        assert article.title == entry.title
    assert article.source == "Le Courrier"


@given(LINES, TEXTS, LINES, LINES)
def test_whatever_a_feed_holds_its_file_reads_back(
    title: str, text: str, source: str, author: str
) -> None:
    document = rss(
        [
            item(
                "1",
                title,
                f"<p>{PROSE}</p><p>{escape(text)}</p>",
                f"<dc:creator>{escape(author)}</dc:creator>",
            )
        ],
        escape(source),
    )
    feed = read_feed(
        document.replace("\0", "").encode("utf-8", "replace"), "http://h/f", "http://h/f", TODAY
    )
    [entry] = feed.entries
    article = read_back(entry, feed.title)
    assert article.body == entry.text
    assert entry.text.startswith(PROSE)
    assert article.title == entry.title or entry.title is None
    assert (article.source, article.url) == (feed.title, entry.url)
    assert article.author == entry.author or entry.author is None
    assert article.published == entry.published or entry.published is None


@given(st.text(max_size=200))
def test_names_of_files_are_plain(text: str) -> None:
    for name in (slug(text), folder_name(text)):
        assert name
        assert name.isascii()
        assert not set(name) & set("/\\\0 ")
        assert not name.startswith(".")
        assert len(name) <= 100


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("Un <b>mot</b>,\n deux&nbsp;!", "Un mot, deux\u00a0!"),
        ("<p>a</p>b<div>c</div>", "a\n\nb\n\nc"),
        ("a<br/>b<br><br>c", "a\nb\n\nc"),
        ("<ul><li><p>a</p></li><li>b<ul><li>c</li></ul></li><li></li></ul>", "- a\n- b\n- c"),
        ("<table><tr><td><p>a</p></td><td>b</td></tr><tr><th>c</th></tr></table>", "a\tb\nc"),
        ("<pre>a\n\nb</pre>", "a\n\nb"),
        ("a<script>x</script><style>y</style><img alt='z'><!-- w -->b", "ab"),
        ("5 &lt; 6 &amp;amp; 7", "5 < 6 &amp; 7"),
        ("", ""),
        ("<p>", ""),
    ],
)
def test_html_gives_its_words(html: str, text: str) -> None:
    assert text_of_html(html) == text


def test_lines_of_a_plain_text_run_on() -> None:
    assert text_of_plain("a\nb\n \n\nc < d") == "a b\n\nc < d"


def test_a_language_that_the_text_is_plainly_not_in_is_not_believed() -> None:
    def language(declared: str) -> str | None:
        document = rss([item("1")]).replace("fr-FR", declared)
        return read_feed(document.encode(), "http://h/f", "http://h/f", TODAY).entries[0].language

    assert (language("fr"), language("en-US"), language("oc")) == ("fr", None, "oc")
