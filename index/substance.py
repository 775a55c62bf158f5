"""Whether a new version of an article says something that the one before did not.

Newspapers correct spelling and typography, move paragraphs, add captions, and note the hour at
which they did so: none of that is news. A sentence is, or a figure, or a headline that says
something else. This is told from the words alone, in one pass over both versions:

- Words are compared without case, accents and punctuation, figures however they are written.
- A sentence says something new when it holds a figure that the article did not; when it shares
  less than half of its runs of four words with the article, and more than small words tell it
  from the sentence most like it; or when it brings in several words that the article lacked.
- A sentence that otherwise stayed says something new when it denies what it did not, or the
  reverse, or one of its figures was exchanged for another.
- A word that takes the place of one spelled nearly like it is a correction of it.
- What is left out is never news; nor are furniture, cross-heads and notes of an update.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from index.articles.article import Article, BlockKind
from index.articles.structure import blocks
from index.sentences import sentence_spans

_SHINGLE = 4  # words
_KNOWN = 0.5  # of a sentence's shingles, with which it is no other sentence
_FEWEST = 3  # words of a sentence that can say something new without a figure
_TELLING = 4  # letters of a word that is hardly a grammatical one
_RARE, _BROUGHT_IN = 5, 2  # letters of words, and how many in one sentence are no mere rewording
_NEW_TITLE = 0.5  # of a title's telling words, which the article lacked
_STAYED = 3  # words by which a sentence that lost a negation may have become shorter
_SAME_ARTICLE = 0.1  # of an article's shingles, with which it may be a version of another
_MOST_CORRECTED = 50  # words of one sentence: with more it is written anew
_LOOKED_AT = 16  # sentences that share a word: with more it says nothing of which is alike

# Scripts without blanks between words are compared by their characters.
_UNSPACED = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(rf"\d+(?:,\d+)?|[{_UNSPACED}]|(?:(?![{_UNSPACED}])[^\W\d_])+")
_ANY_WORD = re.compile(r"\w+")
_SIGN = re.compile(rf"[{_UNSPACED}]")
_ENDS_UNSPACED = re.compile(r"(?<=[。！？])")
_MARKS = re.compile(r"[\u0300-\u036f]+")  # accents, once letters are taken apart
_WITHIN_FIGURE = re.compile(r"(?<=\d)[\s.,'’](?=\d{3}(?!\d))")  # thousands
_DECIMAL = re.compile(r"(?<=\d)\.(?=\d)")
_PERCENT = re.compile(r"%|\bpour cent\b|\bper cent\b|\bpor ciento\b")
_NOT = re.compile(r"n['’]t\b")
_UPDATED = (
    r"(?:mis(?:e)? a jour|actualise|modifie|complete|updated|aktualisiert|actualizado|aggiornato)"
)
_NOTE = re.compile(
    rf"[\W_]*(?:(?:cet |l['’])?article |this (?:article|story) |last |dernier[e]? )*"
    rf"(?:a ete |was |has been |publie .{{,60}})?{_UPDATED}\b.{{,120}}$"
)
_NOTE_WITHIN = re.compile(rf"[(\[]\s*{_UPDATED}\b[^)\]]{{,80}}[)\]]")

_FIGURES = {
    word: figure
    for figure, words in {
        "2": "deux two zwei",
        "3": "trois three drei",
        "4": "quatre four vier cuatro",
        "5": "cinq five funf cinco",
        "6": "six sechs seis",
        "7": "sept seven sieben siete",
        "8": "huit eight acht ocho",
        "9": "neuf nine neun nueve",
        "10": "dix ten zehn diez",
        "11": "onze eleven elf",
        "12": "douze twelve zwolf doce",
        "13": "treize thirteen dreizehn trece",
        "14": "quatorze fourteen vierzehn catorce",
        "15": "quinze fifteen funfzehn quince",
        "16": "seize sixteen sechzehn",
        "20": "vingt twenty zwanzig veinte",
        "30": "trente thirty dreissig treinta",
        "40": "quarante forty vierzig cuarenta",
        "50": "cinquante fifty funfzig cincuenta",
        "60": "soixante sixty sechzig sesenta",
        "100": "hundred hundert cien",
        "1000": "mille thousand tausend mil",
        "1 million": "million millions millionen millon millones",
        "1 milliard": "milliard milliards billion billions milliarde milliarden",
    }.items()
    for word in words.split()
}
_NEGATIONS = frozenset(
    """pas jamais aucun aucune non rien not no never none cannot nicht kein keine keinen keiner nie
    niemals nunca jamas ningun ninguna nada nessuno nessuna mai""".split()
)

Words = tuple[str, ...]


def fingerprint(title: str, texts: Iterable[str]) -> bytes:
    """A hash of the words of an article, 32 bytes; the same however they are set: case, accents,
    punctuation and blank space do not count."""
    digest = sha256()
    for text in (title, *texts):
        digest.update(" ".join(_ANY_WORD.findall(_folded(text))).encode())
        digest.update(b" ")
    return digest.digest()


def says_something_new(before: Article, after: Article) -> bool:
    """Whether a reader of the version before would learn something from the one after."""
    old = _Version.of(before)
    if _new_title(old, _words(after.title)):
        return True
    if before.body == after.body:
        return False
    new = _Version.of(after)
    held = set(old.sentences)
    still = set(new.sentences)
    changed = [sentence for sentence in dict.fromkeys(new.sentences) if sentence not in held]
    gone = _Gone([sentence for sentence in dict.fromkeys(old.sentences) if sentence not in still])
    if any(_is_new(sentence, old, gone) for sentence in changed):
        return True
    return any(_turned(lost, come) for lost, come in gone.matched(changed))


def is_another(before: Article, after: Article) -> bool:
    """Whether two articles have hardly any words in common: one took the other's place."""
    old, new = _Version.of(before), _Version.of(after)
    shared = len(new.shingles & old.shingles)
    return new.title != old.title and shared < _SAME_ARTICLE * len(new.shingles)


@dataclass(frozen=True, slots=True)
class _Version:
    """What an article says, as words."""

    title: Words
    sentences: Sequence[Words]
    vocabulary: frozenset[str]  # of all its prose, title and cross-heads among it
    shingles: frozenset[Words]

    @classmethod
    def of(cls, article: Article) -> _Version:
        title = _words(article.title)
        sentences, running = list[Words](), list[str]()
        for block in blocks(article.body):
            if block.kind is BlockKind.FURNITURE:
                continue
            for text in _statements(article.body, block.start, block.end):
                words = _words(text)
                running += words
                if block.kind is BlockKind.PARAGRAPH and words:
                    sentences.append(words)
        return cls(
            title, sentences, frozenset((*title, *running)), frozenset(_shingles(tuple(running)))
        )


class _Gone:
    """The sentences that a newer version has no more, and which of them are like others."""

    def __init__(self, sentences: Sequence[Words]) -> None:
        self._sentences = sentences
        self._with_shingle: dict[Words, int] = {}
        self._with_word: dict[str, list[int]] = defaultdict(list)
        for number, sentence in enumerate(sentences):
            for shingle in _shingles(sentence):
                self._with_shingle.setdefault(shingle, number)
            for word in set(filter(_is_telling, sentence)):
                self._with_word[word].append(number)

    def closest(self, sentence: Words) -> Words:
        """The one most like a sentence; no words where none is."""
        number = self._closest(sentence)
        return () if number is None else self._sentences[number]

    def matched(self, changed: Sequence[Words]) -> Iterator[tuple[list[Words], list[Words]]]:
        """Groups of these sentences and of others that came of them: a sentence may have been
        cut in two, or two made one."""
        groups = _Groups()
        for number, sentence in enumerate(changed):
            like = {self._with_shingle.get(shingle) for shingle in _shingles(sentence)}
            for other in like | {self._closest(sentence)}:
                if other is not None:
                    groups.join(("come", number), ("gone", other))
        for members in groups.all():
            yield (
                [self._sentences[number] for side, number in members if side == "gone"],
                [changed[number] for side, number in members if side == "come"],
            )

    def _closest(self, sentence: Words) -> int | None:
        shared = Counter[int]()
        for word in set(sentence):
            having = self._with_word.get(word, ())
            if len(having) <= _LOOKED_AT:
                shared.update(having)
        for shingle in _shingles(sentence):
            if shingle in self._with_shingle:
                shared[self._with_shingle[shingle]] += 1
        return shared.most_common(1)[0][0] if shared else None


class _Groups:
    """Sets of what belongs together, joined two at a time."""

    def __init__(self) -> None:
        self._parents: dict[tuple[str, int], tuple[str, int]] = {}

    def join(self, one: tuple[str, int], other: tuple[str, int]) -> None:
        self._parents[self._root(one)] = self._root(other)

    def all(self) -> Iterable[list[tuple[str, int]]]:
        found = defaultdict(list)
        for member in list(self._parents):
            found[self._root(member)].append(member)
        return found.values()

    def _root(self, member: tuple[str, int]) -> tuple[str, int]:
        while (parent := self._parents.setdefault(member, member)) != member:
            self._parents[member] = self._parents[parent]
            member = parent
        return member


def _is_new(sentence: Words, old: _Version, gone: _Gone) -> bool:
    if not _figures(sentence) <= old.vocabulary:
        return True
    if len(sentence) < _FEWEST:
        return False
    missing = _missing(sentence, gone.closest(sentence))
    brought = [word for word in missing if len(word) >= _RARE and word not in old.vocabulary]
    if len(brought) >= _BROUGHT_IN:
        return True
    shingles = _shingles(sentence)
    known = sum(shingle in old.shingles for shingle in shingles)
    return bool(missing) and known < _KNOWN * len(shingles)


def _new_title(old: _Version, title: Words) -> bool:
    if title == old.title:
        return False
    if not _figures(title) <= old.vocabulary:
        return True
    telling = set(filter(_is_telling, title))
    lacked = _missing(title, old.title) - old.vocabulary
    if lacked and len(lacked) >= _NEW_TITLE * len(telling):
        return True
    alike = 2 * len(telling.intersection(old.title)) >= len(telling)
    return alike and _turned([old.title], [title])


def _turned(lost: Sequence[Words], come: Sequence[Words]) -> bool:
    """Whether sentences that came of others deny what those did not, or the reverse, or hold one
    figure for another."""
    were = [word for sentence in lost for word in sentence]
    are = [word for sentence in come for word in sentence]
    if _figures(were) - _figures(are) and _figures(are) - _figures(were):
        return True
    denied, denies = (sum(word in _NEGATIONS for word in words) for words in (were, are))
    return denies > denied or (denies < denied and len(were) - len(are) <= _STAYED)


def _missing(sentence: Words, other: Words) -> set[str]:
    """The telling words of a sentence that another lacks, corrections of its own apart."""
    words = set(filter(_is_telling, sentence)) - set(other)
    if len(words) > _MOST_CORRECTED:
        return words
    replaced = set(other) - set(sentence)
    return {word for word in words if not any(_corrects(word, wrong) for wrong in replaced)}


def _corrects(word: str, wrong: str) -> bool:
    """Whether two words differ in one place, after the first letter, by a letter or two."""
    shortest = min(len(word), len(wrong))
    if shortest < _TELLING - 1 or abs(len(word) - len(wrong)) > 2 or not word.isalpha():
        return False
    start = 0
    while start < shortest and word[start] == wrong[start]:
        start += 1
    end = 0
    while end < shortest - start and word[-1 - end] == wrong[-1 - end]:
        end += 1
    changed, was = word[start : len(word) - end], wrong[start : len(wrong) - end]
    if start == 0:
        return False
    if len(changed) + len(was) == 1 or (len(changed) == 2 and changed == was[::-1]):
        return True
    return shortest > _RARE and max(len(changed), len(was)) <= 2


def _statements(body: str, start: int, end: int) -> Iterator[str]:
    """The sentences of a block, notes of an update apart."""
    for first, last in sentence_spans(body, start, end):
        for text in _ENDS_UNSPACED.split(body[first:last]):
            if not _NOTE.match(_folded(text)):
                yield text


def _words(text: str) -> Words:
    plain = _PERCENT.sub(" percent ", _NOT.sub(" not", _NOTE_WITHIN.sub(" ", _folded(text))))
    plain = _DECIMAL.sub(",", _WITHIN_FIGURE.sub("", plain))
    return tuple(_FIGURES.get(word) or _plain(word) for word in _WORD.findall(plain))


def _plain(word: str) -> str:
    return word.lstrip("0") or "0" if word[0] == "0" else word


def _figures(words: Iterable[str]) -> set[str]:
    return {word for word in words if word[0].isdigit()}


def _is_telling(word: str) -> bool:
    return len(word) >= _TELLING or bool(_SIGN.match(word))


def _shingles(words: Words) -> list[Words]:
    """Every run of four words; the whole where there are fewer."""
    return [words[i : i + _SHINGLE] for i in range(max(1, len(words) - _SHINGLE + 1))]


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _MARKS.sub("", plain).replace("œ", "oe").replace("æ", "ae")
