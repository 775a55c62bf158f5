"""scripts/evaluate.py --faithfulness, on an article and statements of our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from index.reader import Reader
from scripts import evaluate

PONT = (
    "Le pont de Vaubrac rouvrira le 12 mai 2025, a annoncé jeudi le maire, Paul Astier. Les "
    "travaux ont coûté 840 000 euros. « Nous aurons attendu trois ans », a-t-il dit."
)
LOUP = (
    "Un loup a été photographié mardi au-dessus du hameau des Granges. Hélène Mercadier, qui "
    "garde 120 brebis, a demandé un second chien."
)
LINES: list[dict[str, Any]] = [
    {
        "id": "pont-1",
        "article": "pont/01.md",
        "words": "Les travaux ont coûté 840 000 euros.",
        "style": "close",
        "language": "fr",
        "statement": "Les travaux du pont ont coûté 840 000 euros.",
        "renumbered": "Les travaux du pont ont coûté 480 000 euros.",
        "renamed": None,
        "negated": "Les travaux du pont n'ont pas coûté 840 000 euros.",
        "swapped": None,
        "misquoted": None,
    },
    {
        "id": "loup-1",
        "article": "loup/01.md",
        "words": "Hélène Mercadier, qui garde 120 brebis, a demandé un second chien.",
        "style": "translated",
        "language": "en",
        "statement": "Hélène Mercadier, who keeps 120 sheep, has asked for a second dog.",
        "renumbered": "Hélène Mercadier, who keeps 210 sheep, has asked for a second dog.",
        "renamed": "Hélène Castagné, who keeps 120 sheep, has asked for a second dog.",
        "negated": None,
        "swapped": None,
        "misquoted": None,
    },
]


@pytest.fixture
def statements(tmp_path: Path) -> Path:
    folder = tmp_path / "sample"
    for story, texts in {"pont": (PONT, LOUP), "loup": (LOUP, PONT)}.items():
        (folder / story).mkdir(parents=True)
        for number, text in enumerate(texts, start=1):
            page = f"---\ntitle: {story} {number}\nlanguage: fr\n---\n\n{text}\n"
            (folder / story / f"{number:02}.md").write_text(page, encoding="utf-8")
    lines = "\n".join(json.dumps(line, ensure_ascii=False) for line in LINES)
    (folder / "statements-a.jsonl").write_text(lines + "\n", encoding="utf-8")
    return folder


def measure(folder: Path, out: Path, *options: str) -> dict[str, float]:
    arguments = [str(folder), "--faithfulness", "--half", "all", "--json", str(out), *options]
    assert evaluate.main(arguments) == 0
    found: dict[str, float] = json.loads(out.read_text(encoding="utf-8"))
    return found


def test_true_statements_are_kept_and_changed_ones_dropped(
    statements: Path, tmp_path: Path, reader: Reader, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = measure(statements, tmp_path / "figures.json", "--curve", "--misses")
    assert figures["true statements"] == 2
    assert figures["kept of true"] == 1
    for kind, count in {"renumbered": 2, "renamed": 1, "negated": 1, "elsewhere": 2}.items():
        assert figures[f"{kind}: statements"] == count
        assert figures[f"{kind}: recall"] == 1
        assert figures[f"{kind}: precision"] == 1
    assert "swapped: recall" not in figures
    printed = capsys.readouterr().out
    assert "least   kept" in printed
    assert "said:" not in printed  # nothing was missed


def test_a_folder_without_statements_is_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate.main([str(tmp_path), "--faithfulness"]) == 2
    assert "holds no statements-*.jsonl" in capsys.readouterr().err


def test_a_statement_of_no_article_is_said_so(
    statements: Path, reader: Reader, capsys: pytest.CaptureFixture[str]
) -> None:
    (statements / "loup" / "01.md").unlink()
    assert evaluate.main([str(statements), "--faithfulness", "--half", "all"]) == 2
    assert "loup-1: there is no article loup/01.md" in capsys.readouterr().err
