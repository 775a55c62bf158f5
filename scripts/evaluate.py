"""Measure the answers on a set of questions.

    python scripts/evaluate.py data/sample/questions.jsonl
    python scripts/evaluate.py data/sample/questions.jsonl --half report --json out.json
    python scripts/evaluate.py data/sample/questions.jsonl --half tune --sweep

The questions are one JSON object a line: id, question, language, and `answers`, a list of
{article, words}, empty where the corpus holds no answer. They are asked of the articles
beside the file, in an index of their own. Half of the questions, drawn by `--seed`, is for
setting thresholds (`tune`), the other for reporting (`report`).
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.answering.answer import Answer, Evidence
from bot.answering.extractive import extract_answer
from bot.assistant import Assistant, open_assistant
from scripts.common import ERRORS, corpus_settings, describe, quiet_logging


@dataclass(frozen=True, slots=True)
class Item:
    """One question of the set, and where its answer stands."""

    id: str
    question: str
    language: str
    answers: tuple[tuple[str, str], ...]  # (article's path beneath the folder, words)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one question."""

    item: Item
    evidence: tuple[Evidence, ...]
    answer: Answer  # as a reader gets it
    forced: Answer  # with abstention off
    seconds: float

    @property
    def probability(self) -> float:
        """Of the best passage: what the threshold is compared with."""
        return self.evidence[0].probability if self.evidence else 0.0

    def answer_in_citation(self, first: int) -> bool:
        """Whether the answering words stand in one of the first citations."""
        return any(
            _same_article(citation.article.id, article) and _plain(words) in _plain(citation.quote)
            for citation in self.forced.citations[:first]
            for article, words in self.item.answers
        )

    def rank(self) -> int | None:
        """Of the first hit in an answering article, from 1."""
        for rank, evidence in enumerate(self.evidence, start=1):
            if any(_same_article(evidence.article.id, article) for article, _ in self.item.answers):
                return rank
        return None


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    quiet_logging()
    try:
        items = half(read_items(arguments.questions), arguments.half, arguments.seed)
        if not items:
            raise ValueError(f"{arguments.questions} holds no question")
        assistant = open_assistant(corpus_settings(arguments.questions.parent))
    except (*ERRORS, ValueError) as error:
        print(f"evaluate.py: {describe(error)}", file=sys.stderr)
        return 2
    outcomes = [ask(assistant, item) for item in items]
    figures = measure(outcomes)
    for name, value in figures.items():
        print(f"{name:28} {value:8.3f}" if isinstance(value, float) else f"{name:28} {value:8}")
    if arguments.sweep:
        _print_sweep(outcomes)
    if arguments.misses:
        for outcome in outcomes:
            _print_miss(outcome)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


def read_items(path: Path) -> list[Item]:
    """The questions of a file. ValueError names the line that is not one."""
    items = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            fields = json.loads(line)
            answers = tuple((a["article"], a["words"]) for a in fields["answers"])
            items.append(Item(fields["id"], fields["question"], fields["language"], answers))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}, line {number}: not a question ({error!r})") from error
    return items


def half(items: Sequence[Item], which: str, seed: int) -> list[Item]:
    """The items of one half (`tune`, `report`) or `all`; the halves depend on the ids alone."""
    ids = sorted(item.id for item in items)
    random.Random(seed).shuffle(ids)
    tune = set(ids[: len(ids) // 2])
    return [item for item in items if which == "all" or (item.id in tune) == (which == "tune")]


def ask(assistant: Assistant, item: Item) -> Outcome:
    started = time.monotonic()
    answer = assistant.answer(item.question, item.language)
    seconds = time.monotonic() - started
    forced = extract_answer(
        item.question, answer.question_language, answer.language, answer.found, least_probability=0
    )
    return Outcome(item, answer.found, answer, forced, seconds)


def measure(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Figures by the names under which they are reported."""
    answerable = [outcome for outcome in outcomes if outcome.item.answers]
    unanswerable = [outcome for outcome in outcomes if not outcome.item.answers]
    ranks = [outcome.rank() for outcome in answerable]
    shipped = [outcome for outcome in answerable if not outcome.answer.abstained]
    times = sorted(outcome.seconds * 1000 for outcome in outcomes)
    return {
        "answerable": len(answerable),
        "unanswerable": len(unanswerable),
        **{
            f"recall@{k}": _share(rank is not None and rank <= k for rank in ranks)
            for k in (1, 5, 10)
        },
        "answer_in_citation@1": _share(o.answer_in_citation(1) for o in answerable),
        "answer_in_citation@3": _share(o.answer_in_citation(3) for o in answerable),
        "answer_in_citation@1_shipped": sum(o.answer_in_citation(1) for o in shipped)
        / max(len(answerable), 1),
        "abstention_auroc": auroc(answerable, unanswerable),
        "false_answer_rate": _share(not o.answer.abstained for o in unanswerable),
        "false_abstention_rate": _share(o.answer.abstained for o in answerable),
        "p50_ms": statistics.median(times),
        "p95_ms": times[int(0.95 * (len(times) - 1))],
    }


def auroc(answerable: Sequence[Outcome], unanswerable: Sequence[Outcome]) -> float:
    """Chance that a question with an answer gets a higher probability than one without.

    Fawcett 2006, An introduction to ROC analysis, section 7; ties count half.
    """

    pairs = [(a.probability, u.probability) for a in answerable for u in unanswerable]
    return _share(a > u for a, u in pairs) + _share(a == u for a, u in pairs) / 2


def _share(values: Any) -> float:
    found = [float(value) for value in values]
    return sum(found) / len(found) if found else float("nan")


def _same_article(article_id: str, path: str) -> bool:
    return article_id.endswith(f"/{path}")


def _plain(text: str) -> str:
    """Blank space of all kinds and apostrophes made one."""
    return " ".join(text.replace("’", "'").split())


def _print_sweep(outcomes: Sequence[Outcome]) -> None:
    print("\nthreshold  false answers  false abstentions")
    for percent in range(5, 100, 5):
        refused = [outcome.probability < percent / 100 for outcome in outcomes]
        pairs = list(zip(outcomes, refused, strict=True))
        answers = _share(not no for outcome, no in pairs if not outcome.item.answers)
        abstentions = _share(no for outcome, no in pairs if outcome.item.answers)
        print(f"{percent / 100:9.2f}  {answers:13.3f}  {abstentions:17.3f}")


def _print_miss(outcome: Outcome) -> None:
    item = outcome.item
    if item.answers and (outcome.answer.abstained or not outcome.answer_in_citation(1)):
        kind = "abstained" if outcome.answer.abstained else "wrong"
    elif not item.answers and not outcome.answer.abstained:
        kind = "made up"
    else:
        return
    quote = outcome.forced.citations[0].quote if outcome.forced.citations else ""
    wanted = item.answers[0][1] if item.answers else "-"
    print(f"\n{kind} {outcome.probability:.2f} {item.id}: {item.question}")
    print(f"  wanted: {wanted}\n  {quote}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("questions", type=Path, help="a file of questions, beside its articles")
    parser.add_argument("--half", choices=["tune", "report", "all"], default="all")
    parser.add_argument("--seed", type=int, default=0, help="draws the halves (default 0)")
    parser.add_argument("--sweep", action="store_true", help="error rates by threshold")
    parser.add_argument("--misses", action="store_true", help="print what went wrong")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there too")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
