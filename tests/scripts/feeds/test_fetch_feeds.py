"""scripts/fetch_feeds.py: articles of feeds become files, whatever a server does."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from bot.settings import WrongSetting, read_settings
from index.articles.article import Article
from index.articles.reading import article_files, read_article
from index.lock import locked
from scripts import fetch_feeds
from scripts.feeds.fetching import Limits
from tests.scripts.feeds.feed_server import (
    PROSE,
    Answer,
    FeedServer,
    body,
    conditional,
    drip,
    endless,
    item,
    raw,
    redirect,
    rss,
    silent,
    status,
)

FOLDER = Path("data/articles/feeds")
QUICK = Limits(pause=0.0, connect=2.0, read=1.0, feed=1.5, size=200_000)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        yield running


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """127.0.0.2 is admitted, and no other address of this machine."""
    monkeypatch.setenv("FEEDS_ALLOW_NETS", "127.0.0.2/32")
    monkeypatch.setattr(fetch_feeds, "LIMITS", QUICK)
    (tmp_path / "data").mkdir()


def listing(server: FeedServer, *paths: str) -> None:
    lines = [path if "://" in path else server.url + path for path in paths]
    Path("data/feeds.txt").write_text("# ours\n\n" + "\n".join(lines) + "\n", encoding="utf-8")


def stored() -> list[Article]:
    """The articles as the index would read them."""
    if not FOLDER.exists():
        return []
    articles = [read_article(file) for file in article_files([FOLDER])]
    assert all(isinstance(article, Article) for article in articles), articles
    return [article for article in articles if isinstance(article, Article)]


def files() -> list[Path]:
    return sorted(path for path in FOLDER.rglob("*.md") if not path.name.startswith("."))


def report(*options: str) -> tuple[int, list[dict[str, object]]]:
    code = fetch_feeds.main(["--json", "report.json", *options])
    return code, json.loads(Path("report.json").read_text(encoding="utf-8"))["feeds"]


def test_an_rss_article_becomes_a_file_that_reads_back(
    server: FeedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    more = (
        "<link>https://courrier.example/pont?a=1&amp;b=2</link><dc:creator>Anne Roy</dc:creator>"
        "<pubDate>Fri, 03 May 2024 00:30:00 +0200</pubDate><content:encoded><![CDATA["
        f"<p>{PROSE}</p><ul><li>un</li><li>deux</li></ul><script>x()</script><p>Fin &lt;b&gt; "
        "d&eacute;finitive.<br>Vraiment.</p>]]></content:encoded>"
    )
    server.paths["/rss"] = body(
        rss([item("https://courrier.example/1", "« Pont » : *ouvert*", "Un résumé.", more)])
    )
    listing(server, "/rss")
    assert fetch_feeds.main([]) == 0
    assert "1 feeds: 1 new articles stored" in capsys.readouterr().out
    [article] = stored()
    assert article.title == "« Pont » : *ouvert*"
    assert article.body == f"{PROSE}\n\n- un\n- deux\n\nFin <b> définitive.\nVraiment."
    assert article.url == "https://courrier.example/pont?a=1&b=2"
    assert (article.source, article.author) == ("Le Courrier", "Anne Roy")
    assert (article.published, article.language) == (date(2024, 5, 3), "fr")
    [path] = files()
    assert path.parent == FOLDER / "127.0.0.2" / "2024-05"
    assert path.name.startswith("2024-05-03-pont-ouvert-")


def test_atom_and_rdf_are_read_too(server: FeedServer) -> None:
    server.paths["/atom"] = body(
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>Écho</title><entry><id>tag:e,1</id>'
        '<title type="html">Un &amp;lt;titre&amp;gt;</title><link href="/a"/>'
        "<updated>2024-05-03T10:00:00Z</updated><summary>court</summary>"
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>'
        f"{PROSE}</p><p>Et 2 &lt; 3.</p></div></content></entry></feed>"
    )
    server.paths["/rdf"] = body(
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns="http://purl.org/rss/1.0/"><channel><title>Ried</title></channel>'
        f'<item rdf:about="http://r.example/1"><title>R</title><link>http://r.example/1</link>'
        f"<description>{PROSE}</description></item></rdf:RDF>"
    )
    listing(server, "/atom", "/rdf")
    assert fetch_feeds.main([]) == 0
    by_source = {article.source: article for article in stored()}
    atom, rdf = by_source["Écho"], by_source["Ried"]
    assert (atom.title, atom.body) == ("Un <titre>", f"{PROSE}\n\nEt 2 < 3.")
    assert atom.url == f"{server.url}/a"
    assert (rdf.title, rdf.body) == ("R", PROSE)


def test_an_undated_article_gets_no_date_by_its_file(server: FeedServer) -> None:
    server.paths["/rss"] = body(
        rss([item("1"), item("2", more="<pubDate>Sun, 01 Jan 2090 00:00:00 GMT</pubDate>")])
    )
    listing(server, "/rss")
    assert fetch_feeds.main([]) == 0
    assert [article.published for article in stored()] == [None, None]


def test_an_unchanged_feed_is_not_sent_again(
    server: FeedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.paths["/rss"] = conditional(rss([item("1")]), '"v1"', "Fri, 03 May 2024 10:00:00 GMT")
    listing(server, "/rss")
    assert fetch_feeds.main([]) == 0
    assert "if-none-match" not in server.asked[0][1]
    capsys.readouterr()
    assert fetch_feeds.main([]) == 0
    assert "0 new articles stored, 0 updated, 0 known, 1 feeds unchanged" in capsys.readouterr().out
    assert server.asked[1][1]["if-none-match"] == '"v1"'
    assert server.asked[1][1]["if-modified-since"] == "Fri, 03 May 2024 10:00:00 GMT"
    assert server.asked[1][1]["user-agent"].startswith("Depeche/")
    assert len(stored()) == 1


def test_an_article_is_stored_once_and_rewritten_when_its_words_change(server: FeedServer) -> None:
    server.paths["/rss"] = body(rss([item("1"), item("1"), item("2", "Autre")]))
    listing(server, "/rss")
    fetch_feeds.main([])
    before = {path: path.stat().st_mtime_ns for path in files()}
    assert len(before) == 2
    server.paths["/rss"] = body(
        rss(
            [item("1", "Rouvert, refermé", PROSE + " Mis à jour."), item("2", "Autre")],
            title="Autre nom",
        )
    )
    code, [feed] = report()
    assert (code, feed["new"], feed["updated"], feed["known"]) == (0, 0, 1, 1)
    assert files() == list(before)
    assert sum(path.stat().st_mtime_ns != before[path] for path in before) == 1
    assert {article.title for article in stored()} == {"Rouvert, refermé", "Autre"}


def test_two_feeds_that_tell_one_article_differently_do_not_rewrite_it_in_turns(
    server: FeedServer,
) -> None:
    server.paths["/a"] = body(rss([item("http://c.example/1")], "A"))
    server.paths["/b"] = body(rss([item("http://c.example/1", "Autrement dit")], "B"))
    listing(server, "/a", "/b")
    for _ in range(2):
        code, feeds = report()
        assert [feed["updated"] for feed in feeds] == [0, 0]
    assert [article.source for article in stored()] == ["A"]
    listing(server, "/b")  # who is left takes over
    assert report()[1][0]["updated"] == 1


def test_without_the_state_nothing_is_stored_twice(server: FeedServer) -> None:
    server.paths["/rss"] = body(rss([item("1"), item("2", "Autre")]))
    listing(server, "/rss")
    fetch_feeds.main([])
    before = {path: path.stat().st_mtime_ns for path in files()}
    (FOLDER / ".state.sqlite").unlink()
    _, [feed] = report()
    assert (feed["new"], feed["updated"], feed["known"]) == (0, 0, 2)
    assert {path: path.stat().st_mtime_ns for path in files()} == before


def test_a_damaged_state_is_set_aside(
    server: FeedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.paths["/rss"] = body(rss([item("1")]))
    listing(server, "/rss")
    fetch_feeds.main([])
    (FOLDER / ".state.sqlite").write_bytes(b"no database at all" * 1000)
    assert fetch_feeds.main([]) == 0
    assert "was damaged" in capsys.readouterr().err
    assert (FOLDER / ".state.sqlite.damaged").exists()
    assert len(files()) == 1


def test_a_deleted_article_stays_deleted(server: FeedServer) -> None:
    server.paths["/rss"] = body(rss([item("1")]))
    listing(server, "/rss")
    fetch_feeds.main([])
    files()[0].unlink()
    server.paths["/rss"] = body(rss([item("1", text=PROSE + " Mis à jour.")]))
    for _ in range(2):
        assert report()[1][0]["deleted"] == 1
    assert files() == []


def test_what_is_too_short_to_quote_is_left_out_and_counted(
    server: FeedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.paths["/rss"] = body(rss([item("1", text="Bref."), item("2")]))
    listing(server, "/rss")
    assert fetch_feeds.main([]) == 0
    assert "too little text to quote: 1" in capsys.readouterr().out
    assert len(stored()) == 1


def test_a_limit_leaves_the_rest_to_the_next_run(server: FeedServer) -> None:
    several = rss([item(str(number), f"Titre {number}") for number in range(3)])
    server.paths["/rss"] = conditional(several, '"v"', "Fri, 03 May 2024 10:00:00 GMT")
    listing(server, "/rss")
    assert report("--limit", "2")[1][0]["left"] == 1
    assert len(files()) == 2
    assert report("--limit", "2")[1][0]["new"] == 1
    assert report("--limit", "2")[1][0]["not_modified"] is True


def test_a_rehearsal_writes_nothing(server: FeedServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.paths["/a"] = body(rss([item("http://c.example/1")]))
    server.paths["/b"] = body(rss([item("http://c.example/1")]))
    listing(server, "/a", "/b")
    assert fetch_feeds.main(["--dry-run"]) == 0
    assert "2 feeds: 1 new articles would be stored, 0 updated, 1 known" in capsys.readouterr().out
    assert not FOLDER.exists()
    fetch_feeds.main([])
    before = sorted(FOLDER.rglob("*")), (FOLDER / ".state.sqlite").read_bytes()
    assert fetch_feeds.main(["--dry-run"]) == 0
    assert (sorted(FOLDER.rglob("*")), (FOLDER / ".state.sqlite").read_bytes()) == before


BOMB = gzip.compress(b"<rss>" + b"a" * 50_000_000)
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    + "".join(f'<!ENTITY {chr(n + 1)} "{f"&{chr(n)};" * 10}">' for n in range(98, 108))
    + "]><rss version='2.0'><channel><item><description>&l;</description></item></channel></rss>"
)
FAULTS: dict[str, tuple[Answer, str]] = {
    "404": (status(404), "answers 404"),
    "410": (status(410), "gone for good"),
    "500": (status(500), "answers 500"),
    "304 unasked": (status(304), "answers 304"),
    "429": (status(429, Retry_After="120"), "left in peace for 2 min"),
    "503": (status(503, Retry_After="Fri, 31 Dec 2100 10:00:00 GMT"), "for 1440 min"),
    "silent": (silent(3), "did not answer in time"),
    "slow headers": (drip(0.3), "did not answer in time"),
    "endless": (endless(b"<rss>", 0.05), "did not answer in time"),
    "huge": (body(b"<rss>" + b" " * 300_000), "larger than"),
    "gzip bomb": (body(BOMB, Content_Encoding="gzip"), "larger than"),
    "broken gzip": (body(b"\x1f\x8b nothing", Content_Encoding="gzip"), "compression is broken"),
    "half gzip": (body(gzip.compress(b"<rss/>" * 9)[:-9], Content_Encoding="gzip"), "ends before"),
    "brotli": (body(b"x", Content_Encoding="br"), "was not asked to"),
    "empty": (body(b""), "it is empty"),
    "a page": (body("<!DOCTYPE html><html><p>Bonjour", Content_Type="text/html"), "a web page"),
    "a picture": (body(b"\x89PNG\r\n\x1a\n\0\0\0"), "not text"),
    "other XML": (body("<opml><body/></opml>"), "neither RSS nor Atom"),
    "cut short": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<rss>"),
        "answer is broken",
    ),
    "no HTTP": (raw(b"SSH-2.0-x\r\n"), "answer is broken"),
    "loop": (redirect("/feed"), "in a loop"),
    "to this machine": (redirect("http://127.0.0.1:9/"), "not on the public internet"),
    "to its name": (redirect("http://localhost:9/"), "localhost (127.0.0.1"),
    "to its number": (redirect("http://2130706433/"), "2130706433 (127.0.0.1)"),
    "to its IPv6": (redirect("http://[::1]:9/"), "not on the public internet"),
    "to it, mapped": (redirect("http://[::ffff:127.0.0.1]:9/"), "not on the public internet"),
    "to metadata": (redirect("http://169.254.169.254/latest"), "not on the public internet"),
    "to a home": (redirect("//192.168.1.1/"), "not on the public internet"),
    "to a file": (redirect("file:///etc/passwd"), "no web address (file:)"),
    "to a script": (redirect("javascript:alert(1)"), "no web address"),
    "to nonsense": (redirect("http://a:b/"), "no web address"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_feed_that_fails_is_named_with_the_reason_and_harms_no_other(
    fault: str, server: FeedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.paths["/feed"], reason = FAULTS[fault]
    server.paths["/good"] = body(rss([item("1")]))
    listing(server, "/feed", "/good")
    held = fault in ("429", "503")  # the host is left alone, so its other feed waits as well
    assert fetch_feeds.main([]) == 1
    out = capsys.readouterr().out
    assert f"failed: {server.url}/feed: " in out
    assert reason in out
    assert len(stored()) == (0 if held else 1)


def test_entities_that_explode_do_not(server: FeedServer) -> None:
    server.paths["/rss"] = body(LAUGHS)
    listing(server, "/rss")
    _, [feed] = report()
    assert feed["new"] == 0


def test_a_host_that_asks_for_peace_gets_it_in_the_next_run_too(server: FeedServer) -> None:
    server.paths["/a"] = status(429, Retry_After="600")
    server.paths["/b"] = body(rss([item("1")]))
    listing(server, "/a", "/b")
    for _ in range(2):
        code, feeds = report()
        assert code == 1
        assert "left in peace" in str(feeds[1]["failed"])
    assert [path for path, _ in server.asked] == ["/a"]


def test_a_feed_that_is_gone_is_not_asked_again(server: FeedServer) -> None:
    server.paths["/a"] = status(410)
    listing(server, "/a")
    for _ in range(2):
        assert "gone for good" in str(report()[1][0]["failed"])
    assert len(server.asked) == 1


def test_requests_to_one_host_are_apart(
    server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_feeds, "LIMITS", Limits(pause=0.3))
    server.paths["/a"] = redirect("/b")
    listing(server, "/a", "/c")
    fetch_feeds.main([])
    gaps = [b - a for a, b in zip(server.moments, server.moments[1:], strict=False)]
    assert len(gaps) == 2
    assert min(gaps) >= 0.29


def test_a_feed_that_has_moved_for_good_is_told(
    server: FeedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.paths["/old"] = redirect("/new", 301)
    server.paths["/new"] = body(rss([item("1")]))
    listing(server, "/old")
    assert fetch_feeds.main([]) == 0
    assert f"has moved for good: change the list to {server.url}/new" in capsys.readouterr().out


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(
            "<rss version='2.0'><channel><title>A &nbsp; B</title>{}</channel></rss>", id="entity"
        ),
        pytest.param(
            "<rss version='2.0'><channel><title>A & B</title>{}</channel></rss>", id="ampersand"
        ),
        pytest.param("<rss version='2.0'><channel><media:x/>{}</channel></rss>", id="prefix"),
        pytest.param(
            "\n\n  <b>Warning</b>: mysql\n<rss version='2.0'><channel>{}</channel></rss>",
            id="words before it",
        ),
        pytest.param("<rss version='2.0'><channel>{}<item><title>Moi", id="cut short"),
        pytest.param("<rss version='2.0'><channel>\x01{}</b></channel></rss>", id="marks"),
    ],
)
def test_what_is_malformed_is_read_as_far_as_it_goes(broken: str, server: FeedServer) -> None:
    server.paths["/rss"] = body(
        broken.format(item("1", text=f"<p>{PROSE}</p>")), Content_Type="text/html"
    )
    listing(server, "/rss")
    assert fetch_feeds.main([]) == 0
    assert [article.body for article in stored()] == [PROSE]


def test_a_document_that_takes_too_long_to_read_is_given_up(
    server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_feeds, "LIMITS", Limits(pause=0.0, parse=4.0))
    server.paths["/slow"] = body("<rss version='2.0'><channel><item><title>" + "<a " * 600_000)
    server.paths["/good"] = body(rss([item("1")]))
    listing(server, "/slow", "/good")
    code, feeds = report()
    assert code == 1
    assert "takes more than 4 s" in str(feeds[0]["failed"])
    assert feeds[1]["new"] == 1


def test_text_of_a_feed_becomes_no_path(server: FeedServer) -> None:
    server.paths["/rss"] = body(
        rss(
            [
                item("../../../x", "../../../etc/passwd"),
                item("2", "/" * 300),
                item("3", "新聞" * 200),
            ]
        )
    )
    listing(server, "/rss")
    assert fetch_feeds.main([]) == 0
    assert len(files()) == 3
    for path in files():
        assert path.resolve().is_relative_to(FOLDER.resolve())
        assert path.name.isascii()
        assert len(path.name) < 100


def test_one_run_at_a_time(server: FeedServer, capsys: pytest.CaptureFixture[str]) -> None:
    listing(server, "/rss")
    FOLDER.mkdir(parents=True)
    with locked(FOLDER, "another run"):
        assert fetch_feeds.main([]) == 4
    [line] = capsys.readouterr().err.splitlines()
    assert f"in use by another run (process {os.getpid()}" in line
    assert server.asked == []


def test_a_missing_list_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert fetch_feeds.main([]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "data/feeds.example.txt" in line


def test_the_example_lists_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    example = Path(__file__).parents[3] / "data" / "feeds.example.txt"
    assert fetch_feeds.main(["--feeds", str(example)]) == 0
    assert "lists no feed" in capsys.readouterr().out


def test_wrong_lines_are_named(server: FeedServer) -> None:
    wrong = ["ftp://a.example/x", "file:///etc/passwd", "http://u:s3cret@a.example/", "http://a:b/"]
    server.paths["/rss"] = body(rss([item("1")]))
    listing(server, *wrong, "/rss # le nôtre")
    code, feeds = report()
    assert code == 1
    assert "s3cret" not in str(feeds)
    assert [str(feed["failed"])[:7] for feed in feeds] == [f"line {n}:" for n in range(3, 7)] + [
        "None"
    ]


def test_a_place_that_cannot_be_written_fails_in_one_line(
    server: FeedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.paths["/rss"] = body(rss([item("1")]))
    listing(server, "/rss")
    Path("data/articles").write_text("", encoding="utf-8")
    assert fetch_feeds.main([]) == 6
    assert capsys.readouterr().err.splitlines()[-1].startswith("fetch_feeds.py: ")


def test_a_run_that_was_killed_before_the_state_was_kept_stores_nothing_twice(
    server: FeedServer,
) -> None:
    server.paths["/rss"] = body(rss([item("1")]))
    listing(server, "/rss", "/none")
    fetch_feeds.main([])
    shutil.copy(FOLDER / ".state.sqlite", "before")
    server.paths["/rss"] = body(rss([item("1"), item("2", "Autre")]))
    fetch_feeds.main([])
    shutil.copy("before", FOLDER / ".state.sqlite")
    assert report()[1][0]["known"] == 2
    assert len(files()) == 2


def test_networks_are_read_from_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDS_ALLOW_NETS", " 127.0.0.0/8 , fd00::/8,")
    assert [str(network) for network in read_settings().feeds_allow_nets] == [
        "127.0.0.0/8",
        "fd00::/8",
    ]
    monkeypatch.setenv("FEEDS_ALLOW_NETS", "127.0.0.1/8")
    with pytest.raises(WrongSetting, match="FEEDS_ALLOW_NETS is '127.0.0.1/8'"):
        read_settings()
