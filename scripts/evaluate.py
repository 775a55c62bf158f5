"""Measure search, answers and refusals on a set of questions.

    python scripts/evaluate.py data/sample/questions.jsonl --half report
    python scripts/evaluate.py piaf-v1.0.json --hold-out 0.3 --curve
    python scripts/evaluate.py piaf-v1.0.json --system fused
    python scripts/evaluate.py piaf-v1.0.json --baseline langchain
    python scripts/evaluate.py piaf-v1.0.json --self-check
    python scripts/evaluate.py --alerts --half report
    python scripts/evaluate.py --stories headlines.csv
    python scripts/evaluate.py --faithfulness --half report

A SQuAD-format file (v1.1 or v2.0): each paragraph becomes an article with the title of its
document. Or a file of questions, one JSON object a line, beside the articles they are about:
id, question, language, and `answers`, a list of {article, words}, empty where the corpus holds
none. Or stories, a file or the whole of data/training. The articles are indexed in a temporary
folder.

--alerts measures which articles of the sample make an alert on topics that people might follow
(data/sample/topics.jsonl, or another DATASET of graded topics). --stories measures which
headlines of a CSV file (title, published, story) count as one story. --faithfulness measures how
well statements that the cited passage does not hold are told from those that it holds, on the
statements of data/sample or another folder.

Half of the documents of a SQuAD-format file, or half of the questions, topics or stories of the
other files, drawn by `--seed` or by their ids, is to tune on (`tune`); the other is to report on
(`report`).
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tqdm import tqdm

from bot.settings import Settings, read_settings
from index.search import Parts
from scripts.common import ERRORS, describe, quiet_logging
from scripts.evaluation import alerts, faithfulness, stories
from scripts.evaluation.baselines import BaselineMissing, LangChainBaseline
from scripts.evaluation.dataset import Dataset, Half, NotADataset, load_dataset
from scripts.evaluation.figures import (
    Figures,
    Outcome,
    curve,
    false_answers_at,
    measured,
    quotes_answer,
)
from scripts.evaluation.self_check import self_check
from scripts.evaluation.systems import Depeche, System

_SELF_CHECKED = 1000  # sentences


def main(argv: Sequence[str] | None = None) -> int:
    parser = _parser()
    arguments = parser.parse_args(argv)
    if not (arguments.dataset or arguments.alerts or arguments.stories or arguments.faithfulness):
        parser.error("name a set of questions, or --alerts, --faithfulness, or --stories FILE")
    quiet_logging()
    try:
        figures = _measured(read_settings(), arguments)
        if arguments.json:
            text = json.dumps({k: _rounded(v) for k, v in figures.items()}, indent=2)
            arguments.json.write_text(text + "\n", encoding="utf-8")
    except (*ERRORS, NotADataset, BaselineMissing) as error:
        print(f"evaluate.py: {describe(error)}", file=sys.stderr)
        return 2
    return 0


def _measured(settings: Settings, arguments: argparse.Namespace) -> Figures:
    if arguments.stories:
        return stories.run(arguments.stories, settings, arguments.half, arguments.seed)
    if arguments.faithfulness:
        return faithfulness.run(
            arguments.dataset or faithfulness.STATEMENTS,
            settings,
            arguments.half,
            arguments.seed,
            arguments.curve,
            arguments.misses,
        )
    if arguments.alerts:
        return alerts.run(
            arguments.dataset or alerts.TOPICS, settings, arguments.half, arguments.misses
        )
    dataset = _chosen(load_dataset(arguments.dataset, arguments.seed), arguments)
    with ExitStack() as stack:
        folder = arguments.index or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        return _run(dataset, settings, folder, arguments)


def _chosen(dataset: Dataset, arguments: argparse.Namespace) -> Dataset:
    if arguments.hold_out:
        dataset = dataset.hold_out(arguments.hold_out, arguments.seed)
    if arguments.half != "all":
        dataset = dataset.half(Half(arguments.half))
    if arguments.across:
        dataset = dataset.across_languages()
    if arguments.limit:
        dataset = dataset.limited(arguments.limit, arguments.seed)
    if not (dataset.questions or arguments.self_check):
        raise NotADataset("no question is left to ask")
    return dataset


def _run(
    dataset: Dataset, settings: Settings, folder: Path, arguments: argparse.Namespace
) -> Figures:
    if arguments.baseline and arguments.self_check:
        raise NotADataset("--self-check is of our own search, not of a baseline")
    if arguments.baseline:
        own_model = arguments.baseline == "langchain-e5"
        system: System = LangChainBaseline(settings, own_model)
    else:
        # The sentences are searched without the reader: none need be loaded.
        parts = Parts.FUSED if arguments.self_check else Parts(arguments.system)
        system = Depeche(settings, parts)
    try:
        return _figures(system, dataset, folder, arguments)
    finally:
        if isinstance(system, Depeche) and system.generation:
            system.generation.close()


def _figures(
    system: System, dataset: Dataset, folder: Path, arguments: argparse.Namespace
) -> Figures:
    indexing = _indexed(system, dataset, folder)
    if arguments.self_check:
        assert isinstance(system, Depeche)
        assert system.generation is not None
        count = arguments.limit or _SELF_CHECKED
        checked = self_check(system.generation.search, dataset.articles, count, arguments.seed)
        _print(checked)
        return checked
    asked = tqdm(dataset.questions, desc="asking", unit="", disable=not sys.stderr.isatty())
    outcomes = [system.ask(question) for question in asked]
    figures = {"articles": len(dataset.articles), **measured(outcomes), **indexing}
    _print(figures)
    if arguments.curve:
        _print_curve(outcomes)
    if arguments.misses:
        for outcome in outcomes:
            _print_miss(outcome)
    return figures


def _indexed(system: System, dataset: Dataset, folder: Path) -> Figures:
    """Index the articles, unless an index of them was kept from before."""
    if isinstance(system, Depeche) and (folder / "current").exists():
        system.open(folder)
        assert system.generation is not None
        if list(system.generation.store.articles()) != list(dataset.articles):
            raise NotADataset(f"the index in {folder} is of other articles: give another --index")
        return {}
    started = time.monotonic()
    passages = system.index(dataset.articles, folder)
    return {"passages_per_second": passages / (time.monotonic() - started)}


def _print(figures: Figures) -> None:
    for name, value in figures.items():
        print(f"{name:34} {value:9}" if isinstance(value, int) else f"{name:34} {value:9.4f}")


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)


def _print_curve(outcomes: Sequence[Outcome]) -> None:
    """Error rates by threshold, and one against the other as a Mermaid chart."""
    print("\nthreshold  false answers  false abstentions")
    for row in curve(outcomes, [percent / 100 for percent in range(5, 100, 5)]):
        print("{:9.2f}  {:13.3f}  {:17.3f}".format(*row))
    steps = range(0, 31, 2)
    shares = false_answers_at(outcomes, [step / 100 for step in steps])
    print("\n```mermaid\nxychart-beta")
    print(f'  x-axis "% of answerable questions refused" {steps[0]} --> {steps[-1]}')
    print('  y-axis "% of unanswerable questions answered" 0 --> 100')
    print(f"  line [{', '.join(f'{100 * share:.1f}' for share in shares)}]\n```")


def _print_miss(outcome: Outcome) -> None:
    question = outcome.question
    if question.answers:
        if not outcome.shipped:
            kind = "abstained"
        elif not quotes_answer(question.answers, outcome.shipped[:1], question.anywhere):
            kind = "wrong"
        else:
            return
    elif outcome.shipped:
        kind = "made up"
    else:
        return
    wanted = question.answers[0] if question.answers else None
    print(f"\n{kind} {outcome.probability:.2f} {question.id}: {question.text}")
    print(f"  wanted: {wanted.words if wanted else '-'} ({wanted.article if wanted else '-'})")
    for quoted in outcome.citations[:1]:
        print(f"  quoted: {' '.join(quoted.words.split())} ({', '.join(quoted.articles)})")


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("not a number of questions")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0 <= share < 1:
        raise argparse.ArgumentTypeError("not a share of the documents, from 0 to below 1")
    return share


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "dataset", type=Path, nargs="?", help="a SQuAD-format file, questions, stories, or topics"
    )
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--alerts", action="store_true", help="measure alerts on graded topics")
    other.add_argument(
        "--stories", type=Path, metavar="FILE", help="measure which headlines are one story"
    )
    other.add_argument(
        "--faithfulness", action="store_true", help="measure the check of written statements"
    )
    parser.add_argument("--limit", type=_count, default=0, metavar="N", help="questions at most")
    parser.add_argument(
        "--hold-out", type=_share, default=0.0, metavar="F",
        help="leave this share of the documents out; their questions then have no answer",
    )  # fmt: skip
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--system", choices=[*Parts], default=Parts.FULL, help="one part alone")
    which.add_argument(
        "--baseline", choices=["langchain", "langchain-e5"],
        help="what a newcomer to LangChain would build, with MiniLM or with our model",
    )  # fmt: skip
    parser.add_argument("--self-check", action="store_true", help="sentences find their passages")
    parser.add_argument(
        "--across", action="store_true", help="only questions in another language than the answer"
    )
    parser.add_argument("--half", choices=["tune", "report", "all"], default="all")
    parser.add_argument("--seed", type=int, default=0, help="draws all that is drawn (default 0)")
    parser.add_argument("--curve", action="store_true", help="error rates by threshold, and drawn")
    parser.add_argument("--misses", action="store_true", help="print what went wrong")
    parser.add_argument(
        "--index", type=Path, metavar="DIR", help="keep the index here, and reuse it"
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there too")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
