"""Where the vectors of a model lie: what a topic and a text are compared from.

All vectors of e5 point much the same way, and those of one language more so: of a French topic
the cosines are higher with French articles, whatever they are about. What is left of a vector
when the mean of its kind is taken away says what sets it apart.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

import numpy as np

from index.articles.article import Article
from index.default_model import FOLDER_NAME, HUB_NAME
from index.embedding import Encoder, Matrix, Vector
from index.passages import split_into_passages
from index.scoring import searched_text

SHIPPED = Path(__file__).parent / "background.npz"  # of the default model
TRAINING = Path(__file__).parents[1] / "data" / "training"  # texts on all sorts of subjects
_TEXTS = 40  # of each language; the means of 800 tell topics apart no better
_LEAST = 20  # vectors that a mean is taken of
_ALL = "all"

logger = logging.getLogger(__name__)


class NoBackground(Exception):
    """There are no texts to make one of; the message says where they were looked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Centres:
    """Mean vectors by language."""

    of: Mapping[str, Vector]  # with _ALL, of all languages together

    @classmethod
    def of_vectors(cls, vectors: Matrix, languages: Sequence[str]) -> Self:
        """:param languages: of each vector, ISO 639-1."""
        found = {_ALL: vectors.mean(axis=0)}
        of = np.array(languages)
        for language in sorted(set(languages)):
            if np.count_nonzero(of == language) >= _LEAST:
                found[language] = vectors[of == language].mean(axis=0)
        return cls(found)

    def apart(self, vectors: Matrix, language: str) -> Matrix:
        """What sets vectors of a language apart, of unit length."""
        rest = vectors - self.of.get(language, self.of[_ALL])
        lengths = np.linalg.norm(rest, axis=1, keepdims=True)
        apart: Matrix = rest / np.maximum(lengths, 1e-6)
        return apart


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """The centres of general news: of passages, of sentences, and of topics as queries."""

    passages: Centres
    sentences: Centres
    topics: Centres

    def save(self, path: Path) -> None:
        arrays = {
            f"{kind}/{language}": centre.astype(np.float16)
            for kind, centres in self._kinds().items()
            for language, centre in centres.of.items()
        }
        with open(path, "wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> Self:
        """:raises OSError, ValueError, KeyError: where it is missing or no such file."""
        found: dict[str, dict[str, Vector]] = {}
        with np.load(path, allow_pickle=False) as file:
            for name in file.files:
                kind, _, language = name.partition("/")
                found.setdefault(kind, {})[language] = file[name].astype(np.float32)
        return cls(
            Centres(found["passages"]), Centres(found["sentences"]), Centres(found["topics"])
        )

    def _kinds(self) -> dict[str, Centres]:
        return {
            "passages": self.passages,
            "sentences": self.sentences,
            "topics": self.topics,
        }


def load_background(encoder: Encoder, models_dir: Path) -> Background:
    """The background of a model: what ships for the default one; for any other what was made
    before, or else is made now, which takes about a minute, and kept beside the models.

    :raises NoBackground: where the texts that it is made of are not there.
    """
    if encoder.name in (FOLDER_NAME, HUB_NAME):
        return Background.load(SHIPPED)
    name = sha256(encoder.name.encode()).hexdigest()[:16]
    path = models_dir / f"background-{name}.npz"
    try:
        return Background.load(path)
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError) as error:
        logger.warning("%s cannot be read (%s): making it anew", path, error)
    logger.info("embedding some texts that topics are compared from, once for this model")
    made = make_background(encoder, TRAINING)
    models_dir.mkdir(parents=True, exist_ok=True)
    descriptor, aside = tempfile.mkstemp(suffix=".npz", dir=models_dir)
    os.close(descriptor)
    made.save(Path(aside))
    os.replace(aside, path)
    return made


def make_background(encoder: Encoder, folder: Path) -> Background:
    """Of the texts in a folder like data/training.

    :raises NoBackground: where it holds none.
    """
    articles = _spread(read_texts(folder))
    topics = _read_topics(folder)
    if not (articles and topics):
        raise NoBackground(f"no texts and topics in {folder}, which EMBEDDING_MODEL needs once")
    passages, sentences, of_passages, of_sentences = list[str](), list[str](), [], []
    for article in articles:
        for passage in split_into_passages(article):
            passages.append(searched_text(article, passage.text))
            of_passages.append(article.language)
            for span in passage.sentences:
                sentences.append(searched_text(article, article.body[span.start : span.end]))
                of_sentences.append(article.language)
    queries = np.stack([encoder.encode_query(topic) for topic in topics])
    return Background(
        Centres.of_vectors(encoder.encode_passages(passages), of_passages),
        Centres.of_vectors(encoder.encode_passages(sentences), of_sentences),
        Centres({_ALL: queries.mean(axis=0)}),
    )


def read_texts(folder: Path) -> list[Article]:
    """The texts of data/training: with ids STORY/NUMBER, or FILE/LINE of those in no story."""
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
            fields = json.loads(line)
            if "texts" in fields:
                texts = {f"{fields['story']}/{i}": text for i, text in enumerate(fields["texts"])}
            else:
                texts = {f"{path.stem}/{number}": fields} if "title" in fields else {}
            found += [
                Article(id, text["title"], text["text"], text["language"])
                for id, text in texts.items()
            ]
    return found


def _read_topics(folder: Path) -> list[str]:
    path = folder / "topics.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line)["topic"] for line in lines]


def _spread(articles: Sequence[Article]) -> list[Article]:
    """As many of each language, from all over."""
    by_language = defaultdict[str, list[Article]](list)
    for article in articles:
        by_language[article.language].append(article)
    return [
        article
        for found in by_language.values()
        for article in found[:: max(1, len(found) // _TEXTS)][:_TEXTS]
    ]
