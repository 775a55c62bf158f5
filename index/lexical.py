"""Words: BM25 candidates from Tantivy, a field and a stemmer for each language.

Every passage stands in the field of its article's language, stemmed, and in `words`,
unstemmed, which serves languages without a stemmer and questions in another language
(names and figures are the same words in most of them). Accents are folded in both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import tantivy
from numpy.typing import NDArray

# Languages with a field of their own: name of Tantivy's stemmer and stop word list.
STEMMERS = {
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "nl": "dutch",
    "pt": "portuguese",
    "ru": "russian",
}
UNSTEMMED = "words"
_NUMBER = "number"
# Words that make a sentence a question: no passage is about them.
_QUESTION_WORDS = frozenset(
    """combien comment est ce lequel laquelle lesquels lesquelles où ou pourquoi quand que
    quel quelle quelles quels qui quoi quant il elle ils elles
    how many much what when where which who whom whose why did does do
    cuándo cuánto cuánta cuántos cuántas cómo cuál cuáles dónde qué quién quiénes por
    wann warum was welche welcher welches wer wie wieviel wieviele wo
    quando quanto quanta quanti quante come dove perché chi cosa quale quali
    qual quais quantos quantas onde porque quem""".split()
)


@cache
def analyzer(field: str) -> tantivy.TextAnalyzer:
    """What turns text into the terms of a field: a language code, or UNSTEMMED."""
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    builder = builder.filter(tantivy.Filter.lowercase())
    if field in STEMMERS:  # stemmers know accents: fold after them
        builder = builder.filter(tantivy.Filter.stemmer(STEMMERS[field]))
    return builder.filter(tantivy.Filter.ascii_fold()).build()


def field_of(language: str) -> str:
    """The field that holds passages in this language."""
    return language if language in STEMMERS else UNSTEMMED


def terms(text: str, field: str) -> list[str]:
    """The terms of a text in a field, in order, repeats included."""
    found: list[str] = analyzer(field).analyze(joined_digits(text))
    return found


def joined_digits(text: str) -> str:
    """ "100 000", "100,000" and "100.000" as one word, "100000"."""
    if not _ANY_GROUP.search(text):  # most texts have none, which this says six times as fast
        return text
    return _DIGIT_GROUPS.sub(lambda found: re.sub(r"\D", "", found[0]), text)


# Groups of three after one to three digits, the same sign between them all.
_DIGIT_GROUPS = re.compile(
    r"(?<![\d.,])\d{1,3}([ \u00a0\u2007-\u2009\u202f.,'’])\d{3}(?:\1\d{3})*(?![\d])"
)
_ANY_GROUP = re.compile(r"\d[ \u00a0\u2007-\u2009\u202f.,'’]\d\d\d")


@cache
def _without_stop_words(language: str) -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    builder = builder.filter(tantivy.Filter.lowercase())
    if language in STEMMERS:
        builder = builder.filter(tantivy.Filter.stopword(STEMMERS[language]))
    return builder.build()


def content_words(question: str, language: str) -> list[str]:
    """The words of a question that say what it is about, lowercased, each once, in order."""
    found = _without_stop_words(language).analyze(joined_digits(question))
    kept = [word for word in found if word not in _QUESTION_WORDS]
    return list(dict.fromkeys(kept or found))


class LexicalWriter:
    """Makes a lexical index in a folder, or changes the one that is there.

    Tantivy's files are never written to twice: those of an index that is changed may be links
    to another's.

    :raises OSError: wherever the files are damaged or cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._schema = _schema()
        with _system_errors(folder):
            self._index = tantivy.Index(self._schema, path=str(folder))
            _register(self._index)
            # One thread: segments, and so scores, come out the same every time.
            self._writer = self._index.writer(heap_size=64_000_000, num_threads=1)

    def add(self, number: int, text: str, language: str) -> None:
        text = joined_digits(text)
        document = {_NUMBER: number, UNSTEMMED: text}
        if language in STEMMERS:
            document[language] = text
        written = tantivy.Document.from_dict(document, self._schema)
        with _system_errors(self._folder):
            self._writer.add_document(written)

    def remove(self, numbers: Sequence[int]) -> None:
        # By a query: of a term of its own making the writer takes integers for signed ones.
        among = tantivy.Query.term_set_query(self._schema, _NUMBER, list(numbers))
        with _system_errors(self._folder):
            self._writer.delete_documents_by_query(among)

    def close(self) -> None:
        with _system_errors(self._folder):
            self._writer.commit()
            self._writer.wait_merging_threads()


class LexicalIndex:
    """Reads one. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._index = tantivy.Index.open(str(folder))
        self._schema = self._index.schema
        _register(self._index)
        # It never changes: no thread is to watch it, and to write a lock where it was deleted.
        self._index.config_reader(reload_policy="manual")
        self._index.reload()
        self._searcher = self._index.searcher()

    def document_frequency(self, field: str, term: str) -> int:
        """How many passages hold the term."""
        return int(self._searcher.doc_freq(field, term))

    def search(
        self,
        words: Iterable[str],
        fields: Sequence[str],
        limit: int,
        allowed: NDArray[np.int64] | None = None,
    ) -> list[int]:
        """Numbers of the passages that match best, best first; of those allowed, if given."""
        clauses = [
            (tantivy.Occur.Should, tantivy.Query.term_query(self._schema, field, term))
            for word in words
            for field in fields
            for term in terms(word, field)
        ]
        if not clauses:
            return []
        query = tantivy.Query.boolean_query(clauses)
        if allowed is not None:
            among = tantivy.Query.term_set_query(self._schema, _NUMBER, allowed.tolist())
            # The words must match too: passages that are merely allowed would fill the places.
            query = tantivy.Query.boolean_query(
                [
                    (tantivy.Occur.Must, tantivy.Query.const_score_query(among, 0.0)),
                    (tantivy.Occur.Must, query),
                ]
            )
        hits = self._searcher.search(query, limit, count=False).hits
        numbers = self._searcher.fast_field_values(_NUMBER, [address for _, address in hits])
        return [number for number in numbers if isinstance(number, int)]


@contextmanager
def _system_errors(folder: Path) -> Iterator[None]:
    """Tantivy says by a ValueError that a disk is full, or a file not as it wrote it."""
    try:
        yield
    except ValueError as error:
        raise OSError(f"{folder}: {error}") from error


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field(_NUMBER, stored=False, indexed=True, fast=True)
    for field in (*STEMMERS, UNSTEMMED):
        builder.add_text_field(field, stored=False, tokenizer_name=field, index_option="freq")
    return builder.build()


def _register(index: tantivy.Index) -> None:
    for field in (*STEMMERS, UNSTEMMED):
        index.register_tokenizer(field, analyzer(field))
