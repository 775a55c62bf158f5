"""Questions and the articles they are asked of, from several kinds of file."""

from __future__ import annotations

import json
import random
import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from index.articles.article import Article
from index.articles.reading import read_articles
from scripts.squad import Text, read_squad, tuning_titles
from scripts.stories import KEPT_BACK, Story, read_stories


class Half(StrEnum):
    """Questions to tune on, and questions to report on."""

    TUNE = "tune"
    REPORT = "report"


class NotADataset(Exception):
    """The file holds no questions that can be read; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Words that answer, in an article that holds them."""

    article: str  # Article.id
    words: str


@dataclass(frozen=True, slots=True)
class Question:
    id: str
    text: str
    language: str  # ISO 639-1; what a reader's interface would say
    document: str  # what it is about: questions and articles of one document go together
    half: Half
    answers: tuple[Expected, ...]  # empty where the corpus has none
    left_out: tuple[Expected, ...] = ()  # answers whose articles were held out
    anywhere: bool = True  # whether the words count in whichever article they are quoted from


@dataclass(frozen=True, slots=True)
class Dataset:
    articles: tuple[Article, ...]
    documents: dict[str, str]  # Article.id -> document
    questions: tuple[Question, ...]

    def limited(self, count: int, seed: int) -> Dataset:
        """At most so many of the questions, drawn by the seed; all articles."""
        if count >= len(self.questions):
            return self
        chosen = set(random.Random(seed).sample(range(len(self.questions)), count))
        kept = tuple(q for i, q in enumerate(self.questions) if i in chosen)
        return replace(self, questions=kept)

    def half(self, half: Half) -> Dataset:
        """The questions of one half; all articles."""
        return replace(self, questions=tuple(q for q in self.questions if q.half is half))

    def across_languages(self) -> Dataset:
        """The questions that only articles in another language answer; all articles."""
        languages = {article.id: article.language for article in self.articles}
        kept = tuple(
            q
            for q in self.questions
            if q.answers and all(languages[e.article] != q.language for e in q.answers)
        )
        return replace(self, questions=kept)

    def hold_out(self, share: float, seed: int) -> Dataset:
        """Without the articles of a share of the documents; their questions have no answer."""
        names = sorted(set(self.documents.values()))
        # Not the draw of tuning_titles, or all that is held out would be of the tuning half.
        random.Random(f"hold out {seed}").shuffle(names)
        out = set(names[: round(share * len(names))])
        return replace(
            self,
            articles=tuple(a for a in self.articles if self.documents[a.id] not in out),
            questions=tuple(
                replace(q, answers=(), left_out=q.answers) if q.document in out else q
                for q in self.questions
            ),
        )


def load_dataset(path: Path, seed: int) -> Dataset:
    """A SQuAD-format file, stories in a file or a folder (data/training), or questions beside
    the articles they are about.

    :param seed: draws the halves.
    :raises NotADataset: where it is none of them.
    """
    files = sorted(path.glob("stories-*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise NotADataset(f"{path} holds no file of stories")
    try:
        text = files[0].read_text(encoding="utf-8")
        first = json.loads(text.split("\n", 1)[0]) if files[0].suffix == ".jsonl" else None
    except (OSError, ValueError) as error:
        raise NotADataset(f"{path} cannot be read: {error}") from error
    try:
        if first is None:
            texts = read_squad(path)
            tuning = tuning_titles(texts, seed)
            return _of_texts(texts, [text.title in tuning for text in texts])
        if "texts" in first:
            return _of_stories(files)
        return _of_questions(path, seed)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise NotADataset(f"{path} is not a set of questions: {error!r}") from error


def _of_texts(texts: Sequence[Text], tuning: Sequence[bool]) -> Dataset:
    """Each text an article, written to a file and read as any article is; its questions are
    taken to be in the language that most of them are in."""
    articles = _as_articles([(text.title, text.text) for text in texts])
    [(language, _)] = Counter(article.language for article in articles).most_common(1) or [
        ("fr", 0)
    ]
    questions = []
    for number, (text, article, tune) in enumerate(zip(texts, articles, tuning, strict=True)):
        for place, (asked, spans) in enumerate(text.questions):
            answers = {text.text[span.start : span.end] for span in spans}
            questions.append(
                Question(
                    f"{number}.{place}",
                    asked,
                    language,
                    text.title,
                    Half.TUNE if tune else Half.REPORT,
                    tuple(Expected(article.id, words) for words in sorted(answers)),
                )
            )
    documents = {article.id: text.title for article, text in zip(articles, texts, strict=True)}
    return Dataset(tuple(articles), documents, tuple(questions))


def _of_stories(paths: Sequence[Path]) -> Dataset:
    """The last stories of each file are to report on: the reader was not trained on them."""
    stories: list[tuple[Story, Half]] = []
    for path in paths:
        read = read_stories(path)
        stories += [(story, Half.TUNE) for story in read[:-KEPT_BACK]]
        stories += [(story, Half.REPORT) for story in read[-KEPT_BACK:]]
    articles = _as_articles([(t.title, t.text) for story, _ in stories for t in story.texts])
    documents: dict[str, str] = {}
    questions = []
    start = 0
    for number, (story, half) in enumerate(stories):
        own = articles[start : start + len(story.texts)]
        start += len(own)
        documents |= {article.id: f"{number} {story.name}" for article in own}
        questions += [
            Question(
                f"{number}.{place} {story.name}",
                question.text,
                question.language,
                f"{number} {story.name}",
                half,
                tuple(Expected(own[i].id, words) for i, words in question.answers),
                anywhere=False,
            )
            for place, question in enumerate(story.questions)
        ]
    return Dataset(tuple(articles), documents, tuple(questions))


def _of_questions(path: Path, seed: int) -> Dataset:
    articles = [found for found in read_articles([path.parent]) if isinstance(found, Article)]
    by_path = {article.id.partition("/")[2]: article.id for article in articles}
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    ids = sorted(row["id"] for row in rows)
    random.Random(seed).shuffle(ids)
    tuning = set(ids[: len(ids) // 2])
    questions = tuple(
        Question(
            row["id"],
            row["question"],
            row["language"],
            _story(row),
            Half.TUNE if row["id"] in tuning else Half.REPORT,
            tuple(Expected(by_path[a["article"]], a["words"]) for a in row["answers"]),
            anywhere=False,
        )
        for row in rows
    )
    documents = {id: name.partition("/")[0] for name, id in by_path.items()}
    return Dataset(tuple(articles), documents, questions)


def _story(row: dict[str, Any]) -> str:
    return str(row.get("story") or row["id"])


def _as_articles(texts: Sequence[tuple[str, str]]) -> list[Article]:
    """Written as Markdown files and read back: the same cleaning as for any article."""
    if not texts:
        raise ValueError("it holds no text")
    with tempfile.TemporaryDirectory() as folder:
        for number, (title, text) in enumerate(texts):
            name = f"{number // 1000:03}/{number:06}.md"
            file = Path(folder, "corpus", name)
            file.parent.mkdir(parents=True, exist_ok=True)
            front = f"---\ntitle: {json.dumps(title, ensure_ascii=False)}\n---\n\n"
            file.write_text(front + _as_markdown(text) + "\n", encoding="utf-8")
        read = [item for item in read_articles([Path(folder, "corpus")])]
    articles = [item for item in read if isinstance(item, Article)]
    if len(articles) != len(texts):
        raise ValueError(f"only {len(articles)} of {len(texts)} texts can be read as articles")
    return sorted(articles, key=lambda article: article.id)


def _as_markdown(text: str) -> str:
    """The text with every sign escaped that Markdown would take for markup, and no line
    indented: that is code, where nothing can be escaped."""
    flush = re.sub(r"^[ \t]+", "", text, flags=re.M)
    escaped = re.sub(r"([\\`*_{}\[\]<>#+!|~&=-])", r"\\\1", flush)
    return re.sub(r"^(\s*\d+)([.)])", r"\1\\\2", escaped, flags=re.M)
