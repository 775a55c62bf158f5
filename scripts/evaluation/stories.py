"""How well the articles of a day are put into stories, on headlines that were so put before.

The headlines are a CSV file with the columns `title`, `published` (ISO 8601, UTC unless it says
otherwise) and `story`, whatever names the story; `language` may be there too, and is French
where it is not. They are read in order of time and each is put into a story by what serves
subscribers, headlines alone: their articles have no opening here.

Two headlines that are put together count as right where the file has them in one story. Local
weather forecasts, of which an aggregator makes one story a day and a reader as many as there
are towns, are left out; the figures are told with them too.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.settings import Settings
from index.embedding import load_encoder
from index.stories import THRESHOLD, WEIGHTS, Day, Telling, Weights, joined, stories_told
from scripts.common import progress_bar
from scripts.evaluation.dataset import Half, NotADataset
from scripts.evaluation.figures import Figures

_COLUMNS = ("title", "published", "story")
_LANGUAGE = "fr"
_THRESHOLDS = tuple(step / 2 for step in range(-6, 7))
# "Météo Nancy: Prévisions du vendredi 10 janvier 2020", "Quel temps fera-t-il à Nancy le…".
_WEATHER = re.compile(r"\b(météo\w*|temps|prévisions?)\b", re.I)
_DAY = re.compile(
    r"\b(lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche) \d+(er)? \w+ \d{4}\b", re.I
)


@dataclass(frozen=True, slots=True)
class Headline:
    title: str
    published: datetime
    story: str
    language: str
    half: Half

    @property
    def is_forecast(self) -> bool:
        """Whether it announces the weather of one town on one day."""
        return bool(_WEATHER.search(self.title) and _DAY.search(self.title))


@dataclass(frozen=True, slots=True)
class Agreement:
    """Pairs of headlines: put together, in one story of the file, and both."""

    put_together: int
    of_one_story: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.put_together if self.put_together else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.of_one_story if self.of_one_story else 1.0

    @property
    def f1(self) -> float:
        pairs = self.put_together + self.of_one_story
        return 2 * self.right / pairs if pairs else 1.0


def run(path: Path, settings: Settings, half: str = "all", seed: int = 0) -> Figures:
    """Print the figures of a file of headlines, and by threshold; the same figures.

    :param half: `tune`, `report` or `all`; half of the stories, drawn by the seed, are to tune
        on. Headlines of the other half are not read at all.
    :raises NotADataset: where the file holds no such headlines.
    """
    headlines = read_headlines(path, seed)
    if half != "all":
        headlines = [headline for headline in headlines if headline.half is Half(half)]
    if not headlines:
        raise NotADataset(f"{path}: no headline is left to be put into a story")
    all_tellings = tellings(headlines, settings)
    kept = [i for i, headline in enumerate(headlines) if not headline.is_forecast]
    stories = [headlines[i].story for i in kept]
    rows = by_threshold([all_tellings[i] for i in kept], stories, WEIGHTS, THRESHOLD)
    _, shipped, count = next(row for row in rows if row[0] == THRESHOLD)
    best_threshold, best, _ = max(rows, key=lambda row: row[1].f1)
    with_forecasts = stories_told(all_tellings, [])
    everything = agreement(with_forecasts, [headline.story for headline in headlines])
    figures: Figures = {
        "headlines": len(kept),
        "stories_of_the_file": len(set(stories)),
        "stories": count,
        "pairs_put_together": shipped.put_together,
        "precision": shipped.precision,
        "recall": shipped.recall,
        "f1": shipped.f1,
        "best_f1": best.f1,
        "best_f1_threshold": best_threshold,
        "forecasts": len(headlines) - len(kept),
        "stories_with_forecasts": len(set(with_forecasts)),
        "precision_with_forecasts": everything.precision,
        "recall_with_forecasts": everything.recall,
        "f1_with_forecasts": everything.f1,
    }
    for name, value in figures.items():
        print(f"{name:34} {value:9}" if isinstance(value, int) else f"{name:34} {value:9.4f}")
    print()
    print_rows(rows)
    return figures


def read_headlines(path: Path, seed: int) -> list[Headline]:
    """In order of time.

    :param seed: draws the halves, story by story: a story of two files is in the same half.
    :raises NotADataset: with the line that cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise NotADataset(f"{path} has no column {', '.join(missing)}")
            headlines = [_headline(row, f"{path}, line {rows.line_num}", seed) for row in rows]
    except (OSError, ValueError, csv.Error) as error:
        raise NotADataset(f"{path} cannot be read: {error}") from error
    if not headlines:
        raise NotADataset(f"{path} holds no headline")
    return sorted(headlines, key=lambda headline: headline.published)


def _headline(row: dict[str, str | None], where: str, seed: int) -> Headline:
    title, published, story = (str(row[name] or "").strip() for name in _COLUMNS)
    if not (title and story):
        raise NotADataset(f"{where}: a title and a story are needed")
    try:
        at = datetime.fromisoformat(published)
    except ValueError as error:
        raise NotADataset(f"{where}: {published!r} is no date and time") from error
    digest = hashlib.sha256(f"{seed} {story}".encode()).digest()
    return Headline(
        title,
        at if at.tzinfo else at.replace(tzinfo=UTC),
        story,
        row.get("language") or _LANGUAGE,
        Half.TUNE if digest[-1] % 2 == 0 else Half.REPORT,
    )


def tellings(headlines: Sequence[Headline], settings: Settings) -> list[Telling]:
    """Each headline as an article without a body."""
    encoder = load_encoder(settings.embedding_model, settings.models_dir)
    progress = progress_bar("embedding", len(headlines))
    vectors = encoder.encode_passages([headline.title for headline in headlines], progress)
    return [
        Telling(str(i), headline.title, "", headline.language, vector, headline.published)
        for i, (headline, vector) in enumerate(zip(headlines, vectors, strict=True))
    ]


def by_threshold(
    told: Sequence[Telling], stories: Sequence[str], weights: Weights, shipped: float
) -> list[tuple[float, Agreement, int]]:
    """Each threshold, what is put together there, and into how many stories."""
    day = Day(told)
    odds = [day.log_odds(place, weights) for place in range(len(told))]
    own = [telling.article for telling in told]
    rows = []
    for threshold in sorted({*_THRESHOLDS, shipped}):
        put = joined(odds, own, [], threshold)
        rows.append((threshold, agreement(put, stories), len(set(put))))
    return rows


def agreement(put: Sequence[Hashable], stories: Sequence[Hashable]) -> Agreement:
    """:param put: the story that each headline was put into.
    :param stories: that the file has it in."""
    both = list(zip(put, stories, strict=True))
    return Agreement(_pairs(put), _pairs(stories), _pairs(both))


def print_rows(rows: Sequence[tuple[float, Agreement, int]]) -> None:
    print("threshold  precision  recall     f1  stories")
    for threshold, found, stories in rows:
        print(
            f"{threshold:9.2f}  {found.precision:9.3f}  {found.recall:6.3f}  {found.f1:5.3f}  "
            f"{stories:7}{'  (shipped)' if threshold == THRESHOLD else ''}"
        )


def _pairs(groups: Sequence[Hashable]) -> int:
    return sum(size * (size - 1) // 2 for size in Counter(groups).values())
