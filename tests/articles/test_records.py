"""Articles in JSON, JSON Lines and CSV: fields, forms and identities."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from index.articles.article import Article
from index.articles.reading import (
    ArticleFile,
    FieldNames,
    Unreadable,
    article_files,
    read_article,
    read_articles,
    read_file,
)

PROSE = "Le pont des Aulnes a rouvert lundi à Vaubrac, après deux ans de travaux. L’été fut long."


def read(
    tmp_path: Path, name: str, content: object, fields: str = ""
) -> list[Article | Unreadable]:
    path = tmp_path / name
    match content:
        case bytes():
            path.write_bytes(content)
        case str():
            path.write_text(content, encoding="utf-8")
        case _:
            path.write_text(json.dumps(content), encoding="utf-8")
    return list(read_file(ArticleFile(f"r/{name}", path), FieldNames.parse(fields)))


def articles(tmp_path: Path, name: str, content: object, fields: str = "") -> list[Article]:
    found = read(tmp_path, name, content, fields)
    assert all(isinstance(item, Article) for item in found), found
    return [item for item in found if isinstance(item, Article)]


def article(tmp_path: Path, content: dict[str, Any], fields: str = "") -> Article:
    (got,) = articles(tmp_path, "a.json", content, fields)
    return got


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "Le pont", "text": PROSE},
        {"headline": "Le pont", "articleBody": PROSE},
        {"Titre": "Le pont", "TEXTE": PROSE},
        {"name": "Le pont", "full_text": PROSE},
        {"title": "Le pont", "body": "", "content": PROSE},
        {"dc:title": "Le pont", "content": [{"type": "text/plain", "value": PROSE}]},
        {"headline": {"main": "Le pont"}, "body": [PROSE]},
        {"id": 3, "fields": {"headline": "Le pont", "bodyText": PROSE}},
        {"_id": "x", "_source": {"title": "Le pont", "content": PROSE}},
        {"article": {"title": "Le pont", "text": PROSE}},
    ],
)
def test_title_and_text_are_known_by_their_usual_names(
    tmp_path: Path, fields: dict[str, Any]
) -> None:
    got = article(tmp_path, fields)
    assert (got.title, got.body) == ("Le pont", PROSE)


def test_linked_data_says_everything(tmp_path: Path) -> None:
    got = article(
        tmp_path,
        {
            "@context": "https://schema.org",
            "@type": "NewsArticle",
            "mainEntityOfPage": {"@id": "https://echo.example/pont"},
            "headline": "Le pont rouvre &amp; la ville respire",
            "articleBody": PROSE,
            "datePublished": "2024-05-03T23:30:00+02:00",
            "dateModified": "2024-05-09",
            "author": [{"@type": "Person", "name": "Claire Weber"}, {"name": "Jean Roth"}],
            "publisher": {"@type": "Organization", "name": "L’Écho"},
            "inLanguage": "fr-FR",
        },
    )
    assert (got.title, got.author) == (
        "Le pont rouvre & la ville respire",
        "Claire Weber, Jean Roth",
    )
    assert (got.source, got.language) == ("L’Écho", "fr")
    assert (got.url, got.published) == ("https://echo.example/pont", date(2024, 5, 3))


@pytest.mark.parametrize(
    ("written", "published"),
    [
        ("2024-05-03", date(2024, 5, 3)),
        ("2024-05-03T10:00:00.000Z", date(2024, 5, 3)),
        ("Fri, 03 May 2024 10:00:00 GMT", date(2024, 5, 3)),
        ("3 mai 2024", date(2024, 5, 3)),
        ("2024/05/03 10:00", date(2024, 5, 3)),
        ("20240503T100000Z", date(2024, 5, 3)),
        ("03/05/2024", date(2024, 5, 3)),  # the article is in French
        (1714730400, date(2024, 5, 3)),
        (1714730400.5, date(2024, 5, 3)),
        (1714730400123, date(2024, 5, 3)),
        ("20241345", None),
        ("hier", None),
        (10**40, None),
        (float("nan"), None),
    ],
)
def test_a_date_is_read_as_feeds_and_databases_write_it(
    tmp_path: Path, written: object, published: date | None
) -> None:
    assert article(tmp_path, {"text": PROSE, "pubDate": written}).published == published


def test_a_month_first_or_second_is_not_guessed_in_english(tmp_path: Path) -> None:
    got = article(tmp_path, {"text": PROSE, "lang": "en", "date": "03/05/2024"})
    assert got.published is None


@pytest.mark.parametrize(
    ("field", "content"),
    [
        ("content_html", "<p>Le pont a rouvert lundi, dit la mairie.</p><p>Enfin&nbsp;!</p>"),
        ("content", "Le pont a rouvert lundi, dit la mairie.<br/><br/>Enfin&nbsp;!"),
        ("body", {"rendered": "<p>Le pont a rouvert lundi, dit la mairie.</p><p>Enfin&#160;!</p>"}),
    ],
)
def test_html_becomes_text(tmp_path: Path, field: str, content: object) -> None:
    body = article(tmp_path, {"title": "Le pont", field: content}).body
    assert body == "Le pont a rouvert lundi, dit la mairie.\n\nEnfin\u00a0!"


def test_other_names_are_told_and_come_first(tmp_path: Path) -> None:
    fields = {"chapo": "Le pont", "text": "Résumé du pont.", "doc": {"corps_brut": PROSE}}
    got = article(tmp_path, fields, "title=Chapo, text=doc.corpsBrut")
    assert (got.title, got.body) == ("Le pont", PROSE)


@pytest.mark.parametrize("text", ["titre", "title=", "=x", "headline=x", "title:x"])
def test_a_wrong_mapping_is_explained(text: str) -> None:
    with pytest.raises(ValueError, match="title"):
        FieldNames.parse(text)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda records: records,
        lambda records: {"status": "ok", "articles": records},
        lambda records: {"version": "https://jsonfeed.org/version/1.1", "items": records, "x": []},
        lambda records: {"data": {"results": records, "page": {"next": 2}}},
        lambda records: {"response": {"docs": records}},
        lambda records: {"hits": {"total": 2, "hits": [{"_source": item} for item in records]}},
        lambda records: {"@graph": [{"@type": "WebSite", "name": "L’Écho"}, *records]},
    ],
)
def test_records_are_found_in_what_wraps_them(tmp_path: Path, wrap: Any) -> None:
    records = [{"title": "Un", "text": PROSE}, {"title": "Deux", "text": PROSE, "items": [1]}]
    assert [a.title for a in articles(tmp_path, "a.json", wrap(records))] == ["Un", "Deux"]


def test_json_values_may_follow_one_another(tmp_path: Path) -> None:
    text = "\n".join(json.dumps({"title": title, "text": PROSE}, indent=1) for title in "AB")
    assert [a.id for a in articles(tmp_path, "a.json", text)] == ["r/a.json#1", "r/a.json#2"]


def test_an_id_is_the_url_or_the_file_s_with_the_record_s_own_or_its_number(tmp_path: Path) -> None:
    records = [
        {"text": PROSE, "url": "https://echo.example/pont", "id": 7},
        {"text": PROSE, "link": "/pont", "guid": "abc"},
        {"text": PROSE, "url": "javascript:x()"},
        {"text": PROSE, "id": "x" * 10_000},
    ]
    found = articles(tmp_path, "a.json", records)
    assert [a.id for a in found] == [
        "https://echo.example/pont",
        "r/a.json#abc",
        "r/a.json#3",
        "r/a.json#4",
    ]
    assert [a.url for a in found] == ["https://echo.example/pont", None, None, None]
    assert found[0].identity == found[0].url
    assert found[1].identity == found[1].id


def test_a_file_that_is_one_object_keeps_its_id(tmp_path: Path) -> None:
    assert article(tmp_path, {"id": 7, "text": PROSE}).id == "r/a.json"


def test_of_two_records_of_one_identity_both_are_given_in_order(tmp_path: Path) -> None:
    records = [{"url": "https://e.example/1", "title": t, "text": PROSE} for t in ("A", "B")]
    lines = "\n".join(map(json.dumps, records))
    found = articles(tmp_path, "a.jsonl", lines)
    assert [(a.id, a.title) for a in found] == [
        ("https://e.example/1", "A"),
        ("https://e.example/1", "B"),
    ]


def test_the_hash_changes_with_whatever_a_reader_sees(tmp_path: Path) -> None:
    base = {"title": "A", "text": PROSE, "source": "S", "author": "B", "date": "2024-05-03"}
    changes: tuple[dict[str, str], ...] = (
        {},
        {"title": "C"},
        {"source": "T"},
        {"author": "D"},
        {"date": "2024-05-04"},
    )
    hashes = [article(tmp_path, base | change).content_hash for change in changes]
    assert len(set(hashes)) == len(changes)
    assert all(len(found) == 64 for found in hashes)
    assert article(tmp_path, base | {"id": 3}).content_hash == hashes[0]


def test_a_bad_line_is_named_and_costs_no_other(tmp_path: Path) -> None:
    good = json.dumps({"text": PROSE})
    lines = [good, "", "{bad", "[1]", good, json.dumps({"title": "x"}), good[:-9]]
    found = read(tmp_path, "a.jsonl", "\r\n".join(lines))
    told = [item.record if isinstance(item, Unreadable) else item.id for item in found]
    assert told == ["r/a.jsonl#1", "line 3", "line 4", "r/a.jsonl#5", "line 6", "line 7"]
    assert isinstance(found[1], Unreadable)
    assert found[1].place.endswith("a.jsonl, line 3")
    assert isinstance(found[4], Unreadable)
    assert "'title'" in found[4].reason
    assert "ARTICLE_FIELDS" in found[4].reason


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_csv_of_any_separator_and_encoding(tmp_path: Path, separator: str, encoding: str) -> None:
    rows = (
        ['"Titre"', "Date", "Texte"],
        ['Le "pont"', "3 mai 2024", f'"{PROSE}\r\n\r\n""Oui"" , ;."'],
    )
    text = "\r\n".join(map(separator.join, rows)) + "\r\n"
    (got,) = articles(tmp_path, "a.csv", text.encode(encoding))
    assert (got.title, got.published) == ('Le "pont"', date(2024, 5, 3))
    assert got.body == f'{PROSE}\n\n"Oui" , ;.'


def test_a_csv_field_may_be_longer_than_the_module_s_default(tmp_path: Path) -> None:
    long = PROSE * 2000
    (got,) = articles(tmp_path, "a.csv", f"title,text\nA,{long.replace(',', '')}\n")
    assert len(got.body) > 131_072


def test_a_csv_row_with_more_cells_than_columns_is_named(tmp_path: Path) -> None:
    found = read(tmp_path, "a.csv", f"sep=;\ntitle;text\nA;Un; deux\n\nB;{PROSE}\nC;{PROSE};\n")
    assert isinstance(found[0], Unreadable)
    assert found[0].record == "line 3"
    assert "3 cells where 2 columns" in found[0].reason
    assert [item.id for item in found if isinstance(item, Article)] == ["r/a.csv#2", "r/a.csv#3"]


def test_a_csv_without_a_header_is_told_what_it_lacks(tmp_path: Path) -> None:
    (found,) = read(tmp_path, "a.csv", f"A,{PROSE.replace(',', '')}\nB,b\n")
    assert isinstance(found, Unreadable)
    assert "first line should name the columns" in found.reason


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt.gz", PROSE),
        ("a.MD.GZ", f"---\ntitle: Le pont\n---\n{PROSE}"),
        ("a.json.gz", json.dumps([{"text": PROSE}])),
        ("a.jsonl.gz", json.dumps({"text": PROSE})),
        ("a.ndjson.gz", json.dumps({"text": PROSE})),
        ("a.csv.gz", f'text\n"{PROSE}"\n'),
    ],
)
def test_every_kind_may_be_packed(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(content.encode()))
    (found,) = read_articles([tmp_path])
    assert isinstance(found, Article)
    assert found.body == PROSE


def test_the_questions_and_topics_beside_articles_are_none_of_them(tmp_path: Path) -> None:
    for name in (
        "questions.jsonl",
        "statements-a.jsonl",
        "topics.jsonl",
        "a.jsonl",
        "a.gz",
        "b.pdf",
    ):
        (tmp_path / name).touch()
    assert [file.path.name for file in article_files([tmp_path])] == ["a.jsonl"]


def test_of_a_file_of_several_the_first_article_can_be_had_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([{"title": title, "text": PROSE} for title in "AB"]))
    got = read_article(ArticleFile("r/a.json", path))
    assert isinstance(got, Article)
    assert got.title == "A"
