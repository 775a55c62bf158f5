"""Articles of any number, made up word by word, shaped like those of data/sample.

They say nothing: words are drawn by how often they occur in the language (wordfreq), so that
the lists of an index of words are as long as real ones; those of a story come back in all its
articles, as names, places and dates do. No sentence is copied from anywhere.

As `split_into_passages` cuts them, the first 5,000 of seed 0 beside the 68 of data/sample
(quantiles 5, 25, 50, 75 and 95 %):

                             generated                           sample
    passages an article      2, 3, 4, 5, 7   mean 4.0            3, 4, 4, 5, 5   mean 4.1
    characters a passage     271, 465, 619, 731, 818             245, 416, 556, 747, 850
    characters a sentence    34, 65, 96, 135, 206                31, 62, 96, 131, 186
    sentences a passage      2, 4, 5, 7, 9                       3, 4, 5, 7, 9
    words a title            8, 9, 12, 14, 16                    7, 10, 12, 13, 18
    with a capital, digits   13 and 8 % of the words             14 and 8 %
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from index.articles.article import Article

# Stories, not articles, have a language: 39 of the 68 articles of data/sample are French.
LANGUAGES = {"fr": 0.7, "en": 0.12, "es": 0.07, "de": 0.06, "it": 0.05}
ARTICLE_SIZES = (0.03, 0.11, 0.21, 0.25, 0.18, 0.12, 0.06, 0.04)  # share of articles with 1 to 8
STORY_SIZES = (0.22, 0.2, 0.16, 0.12, 0.1, 0.08, 0.07, 0.05)  # share of stories with 1 to 8
_BLOCK = 256  # articles whose stories are drawn together: none goes on in the next block

_FUNCTION_WORDS = 200  # the most frequent of them belong to no story
_STORY_WORDS, _OWN_WORDS = 40, 15  # words that a story and each of its articles come back to
_KEPT_TO = 0.35  # share of the words that are such
_NAMES, _PLACES, _NUMBERS = 20_000, 8_000, 5_000  # to draw from, in each language
_CAST, _SETTING = 6, 4  # people and places of a story
_FIRST_DAY, _DAYS = date(2015, 1, 1), 4_000

_LONGEST_SECTION = 880  # characters; the splitter cuts at 900
_CROSS_HEAD = 0.7  # share of sections after the first
_QUOTED = 0.15  # share of sentences
_COMMA, _NAME, _PLACE, _NUMBER, _DATE = 0.07, 0.03, 0.025, 0.05, 0.01  # shares of words


def generated_articles(count: int, seed: int = 0) -> Iterator[Article]:
    """The first `count` articles of an endless row, the same for any count.

    Articles of a story follow one another, 1 to 8 of them (3.4 on average) in one language,
    each of 1 to 8 passages (4 on average). The seed is any natural number.
    """
    for index in range(count):
        yield generated_article(index, seed)


def generated_article(index: int, seed: int = 0) -> Article:
    """The article at `index`, from 0, of the endless row."""
    number, place = _story_of(index, seed)
    story = _story(number, seed)
    rng = np.random.default_rng((seed, 1, index))
    writer = _Writer(rng, story, _language(story.language))
    published = story.begun + timedelta(days=2 * place + int(rng.integers(2)))
    title = writer.title()
    source = story.language, int(rng.integers(len(_PAPERS[story.language])))
    paper = _PAPERS[source[0]][source[1]]
    return Article(
        id=f"generated/{index // 1000:03}/{index:06}",
        title=title,
        body=writer.body(1 + _drawn(rng, ARTICLE_SIZES)),
        language=story.language,
        url=f"https://{_slug(paper)}.example/{published:%Y/%m/%d}/{_slug(title)}-{index}",
        source=paper,
        author=writer.name(),
        published=published,
    )


@dataclass(frozen=True, slots=True)
class _Story:
    language: str
    begun: date
    words: NDArray[np.object_]
    people: Sequence[str]
    places: Sequence[str]


def _story_of(index: int, seed: int) -> tuple[int, int]:
    """The story's number, and the article's place in it, from 0."""
    block, place = divmod(index, _BLOCK)
    starts = _story_starts(block, seed)
    story = int(np.searchsorted(starts, place, side="right")) - 1
    return block * _BLOCK + story, place - int(starts[story])


@lru_cache(maxsize=4)
def _story_starts(block: int, seed: int) -> NDArray[np.int64]:
    """Where in a block each of its stories begins; the last one ends with the block."""
    rng = np.random.default_rng((seed, 2, block))
    sizes = 1 + rng.choice(len(STORY_SIZES), size=_BLOCK, p=STORY_SIZES)
    starts = np.concatenate(([0], np.cumsum(sizes)))
    return starts[starts < _BLOCK]


@lru_cache(maxsize=4)
def _story(number: int, seed: int) -> _Story:
    rng = np.random.default_rng((seed, 3, number))
    code = list(LANGUAGES)[_drawn(rng, tuple(LANGUAGES.values()))]
    language = _language(code)
    return _Story(
        code,
        _FIRST_DAY + timedelta(days=int(rng.integers(_DAYS))),
        language.content_words(rng, _STORY_WORDS),
        [str(language.names[_zipf(rng, _NAMES)]) for _ in range(_CAST)],
        [str(language.places[_zipf(rng, _PLACES)]) for _ in range(_SETTING)],
    )


class _Writer:
    """Writes one article."""

    def __init__(self, rng: np.random.Generator, story: _Story, language: _Language) -> None:
        self._rng = rng
        self._story = story
        self._language = language
        self._kept_to = np.concatenate((story.words, language.content_words(rng, _OWN_WORDS)))
        # Of title and cross-heads, at most; drawn at once, which is faster.
        self._plain = iter(self._words(14 + 7 * 6))

    def name(self) -> str:
        return self._story.people[int(self._rng.integers(_CAST))]

    def title(self) -> str:
        """A place, and 6 to 14 words."""
        words = list(islice(self._plain, int(self._rng.integers(6, 15))))
        place = self._story.places[int(self._rng.integers(_SETTING))]
        return f"{place}{self._language.colon} {self._language.joined(words)}"

    def body(self, passages: int) -> str:
        """Sections of up to `_LONGEST_SECTION` characters, most under a cross-head."""
        rng = self._rng
        # Characters, of each; the quantiles of data/sample.
        lengths = np.clip(rng.normal(510, 210, passages), 200, _LONGEST_SECTION - 60).tolist()
        sentences = self._sentences(lengths)
        parts: list[str] = []
        for number, length in enumerate(lengths):
            if number and rng.random() < _CROSS_HEAD:
                head = list(islice(self._plain, int(rng.integers(3, 7))))
                parts.append(self._language.joined(head)[:80])
            paragraph: list[str] = []
            written = 0
            room = rng.uniform(170, 420)  # of the paragraph
            while written < length:
                sentence = next(sentences)
                if written and written + len(sentence) > _LONGEST_SECTION - 82:
                    break
                paragraph.append(sentence)
                written += len(sentence) + 1
                room -= len(sentence)
                if room < 0:
                    parts.append(" ".join(paragraph))
                    paragraph = []
                    room = rng.uniform(170, 420)
            if paragraph:
                parts.append(" ".join(paragraph))
        return "\n\n".join(parts)

    def _sentences(self, sections: Sequence[float]) -> Iterator[str]:
        """Sentences without end, drawn for about so many characters at a time."""
        language, rng = self._language, self._rng
        while True:
            # Words: the quantiles of data/sample are 5, 11, 17, 23 and 33.
            lengths = np.clip(
                rng.gamma(3.4, 4.6, int(sum(sections) / 105) + 4).astype(int) + 1, 4, 36
            ).tolist()
            words = self._words(sum(lengths), in_text=True)
            # Not an abbreviation, or the full stop would end no sentence.
            last = language.closing_words(rng, len(lengths)).tolist()
            quoted = (rng.random(len(lengths)) < _QUOTED).tolist()
            position = 0
            for number, length in enumerate(lengths):
                words[position + length - 1] = last[number]
                text = language.joined(words[position : position + length])
                position += length
                yield language.quote(text, self.name()) if quoted[number] else f"{text}."

    def _words(self, count: int, in_text: bool = False) -> list[str]:
        """So many words of the language and the story; within a text also names, numbers,
        dates and commas."""
        rng, language = self._rng, self._language
        ranks = language.ranks(rng, count)
        drawn = language.words[ranks]
        kept_to = (ranks >= _FUNCTION_WORDS) & (rng.random(count) < _KEPT_TO)
        # The squares of uniform numbers: the first words of a story come back most.
        places = (rng.random(int(kept_to.sum())) ** 2 * len(self._kept_to)).astype(int)
        drawn[kept_to] = self._kept_to[places]
        words: list[str] = drawn.tolist()
        if not in_text:
            return words
        chance = rng.random(count)
        (changed,) = np.nonzero(chance < _NAME + _PLACE + _NUMBER + _DATE + _COMMA)
        numbers = rng.integers(0, 1 << 30, len(changed)).tolist()
        shares = chance[changed].tolist()
        for place, share, number in zip(changed.tolist(), shares, numbers, strict=True):
            if share < _NAME:
                name = self._story.people[number % _CAST]
                words[place] = name if number & 64 else name.partition(" ")[2]
            elif share < _NAME + _PLACE:
                words[place] = self._story.places[number % _SETTING]
            elif share < _NAME + _PLACE + _NUMBER:
                words[place] = language.numbers[number % _NUMBERS]
            elif share < _NAME + _PLACE + _NUMBER + _DATE:
                day = self._story.begun + timedelta(days=number % 90 - 60)
                words[place] = language.date(day)
            elif words[place][-1] != "’":
                words[place] += ","
        return words


class _Language:
    """What is drawn from: words by their frequency; names, places and numbers made up."""

    def __init__(self, code: str) -> None:
        import wordfreq  # here, because it is needed by few and takes 0.2 s

        rng = np.random.default_rng((4, *code.encode()))
        # At once, because word_frequency() takes up to a millisecond a word; and the small
        # list, of all words above one in a million, because the large one takes seconds.
        listed = wordfreq.get_frequency_dict(code, wordlist="small")
        known = [word for word in listed if _WORD.fullmatch(word)]
        frequencies = np.array([listed[word] for word in known])
        elided, self._unelided = _ELIDED.get(code, (frozenset[str](), ""))
        self.words = np.array([f"{w}’" if w in elided else w for w in known], object)
        # Ranks, each as often as its word occurs: drawing from them takes one step.
        steps = (np.arange(1 << 20) + 0.5) / (1 << 20)
        shares = np.cumsum(frequencies)
        self._ranks = np.searchsorted(shares / shares[-1], steps).astype(np.int32)
        self._content = self._ranks[self._ranks >= _FUNCTION_WORDS]
        long = np.array([len(word) > 4 for word in known])
        self._closing = self._content[long[self._content]]
        begin, middle, end, of_place = _SYLLABLES[code]
        given = _GIVEN[code]
        self.names = [
            f"{first} {''.join(surname)}"
            for first, *surname in _picked(rng, _NAMES, given, begin, middle, middle, end)
        ]
        self.places = ["".join(p) for p in _picked(rng, _PLACES, begin, middle, of_place)]
        self.numbers = [self._number(rng, code) for _ in range(_NUMBERS)]
        self._months = _MONTHS[code].split()
        self._code = code
        self.colon = "\u00a0:" if code == "fr" else ":"
        self._open, self._close, self._says = _QUOTES[code]

    def ranks(self, rng: np.random.Generator, count: int) -> NDArray[np.int32]:
        """Places in `words`, by frequency, shape (count,)."""
        return self._ranks[rng.integers(0, len(self._ranks), count)]

    def content_words(self, rng: np.random.Generator, count: int) -> NDArray[np.object_]:
        """Words by frequency, the most frequent left out."""
        ranks = self._content[rng.integers(0, len(self._content), count)]
        words: NDArray[np.object_] = self.words[ranks]
        return words

    def closing_words(self, rng: np.random.Generator, count: int) -> NDArray[np.object_]:
        """Those of them that no sentence splitter takes for an abbreviation: of five letters."""
        ranks = self._closing[rng.integers(0, len(self._closing), count)]
        words: NDArray[np.object_] = self.words[ranks]
        return words

    def date(self, day: date) -> str:
        month = self._months[day.month - 1]
        if self._code == "de":  # a full stop after the day would end the sentence
            return f"im {month} {day.year}"
        of = " de " if self._code == "es" else " "
        first = "1er" if self._code == "fr" and day.day == 1 else str(day.day)
        return f"{first}{of}{month}{of}{day.year}"

    def joined(self, words: Sequence[str]) -> str:
        """As written: begun with a capital, and elided before a vowel only."""
        text = " ".join(words)
        if self._unelided:
            text = _BEFORE_VOWEL.sub("’", text).replace("’ ", self._unelided)
            text = text.removesuffix("’")
        return text[:1].upper() + text[1:]

    def quote(self, text: str, name: str) -> str:
        return f"{self._open}{text}{self._close}, {self._says} {name}."

    @staticmethod
    def _number(rng: np.random.Generator, code: str) -> str:
        """A count, an amount or a share, small ones oftener, as the language writes it."""
        value = int(10 ** rng.uniform(0.3, 5.5))
        thousands, point = _MARKS[code]
        kind = int(rng.integers(4))
        if kind == 0:
            return f"{1 + value % 99}{point}{value % 10}\u00a0%"
        written = f"{value:,}".replace(",", thousands)
        return f"{written} {('', *_MONEY[code])[kind - 1]}".rstrip()


@lru_cache
def _language(code: str) -> _Language:
    return _Language(code)


def _drawn(rng: np.random.Generator, shares: Sequence[float]) -> int:
    """A place drawn by the shares, which add up to 1."""
    at = rng.random()
    for place, share in enumerate(shares):
        at -= share
        if at < 0:
            return place
    return len(shares) - 1


def _zipf(rng: np.random.Generator, count: int) -> int:
    """A rank below `count` with a chance of about 1 / (rank + 1)."""
    return min(int((count + 1) ** rng.random()) - 1, count - 1)


def _picked(
    rng: np.random.Generator, count: int, *columns: Sequence[str]
) -> Iterator[tuple[str, ...]]:
    """`count` rows, of each column one."""
    drawn = [np.array(column)[rng.integers(0, len(column), count)].tolist() for column in columns]
    return zip(*drawn, strict=True)


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain))


_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_BEFORE_VOWEL = re.compile("’ (?=[aehiouyàâäéèêëîïôöûüœ])", re.IGNORECASE)
# Tokens of wordfreq that are written with an apostrophe and joined to a vowel, and what they
# end with before a consonant: l’eau, le bois.
_ELIDED = {
    "fr": (frozenset(("l", "d", "j", "c", "n", "s", "m", "t", "qu")), "e "),
    "it": (frozenset(("l", "dell", "all", "nell", "dall", "sull")), "o "),
}
_MARKS = {  # of thousands and decimals
    "fr": ("\u202f", ","),
    "en": (",", "."),
    "de": (".", ","),
    "es": (".", ","),
    "it": (".", ","),
}
_MONEY = {
    "fr": ("euros", "millions d’euros"),
    "en": ("pounds", "million pounds"),
    "de": ("Euro", "Millionen Euro"),
    "es": ("euros", "millones de euros"),
    "it": ("euro", "milioni di euro"),
}
_QUOTES = {
    "fr": ("«\u00a0", "\u00a0»", "explique"),
    "en": ("“", "”", "says"),
    "de": ("„", "“", "sagt"),
    "es": ("«", "»", "explica"),
    "it": ("«", "»", "spiega"),
}
_MONTHS = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre "
    "octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre "
    "ottobre novembre dicembre",
}
_GIVEN = {
    "fr": "Anne Paul Claire Louis Marie Jeanne Karim Sophie Luc Nadia Émile Odile Rémi".split(),
    "en": "Alice John Peter Grace Samir Helen Oliver Ruth James Priya Thomas Ella Mark".split(),
    "de": "Anna Jonas Lena Felix Greta Emre Karin Lukas Heike Stefan Ute Moritz Sabine Jan".split(),
    "es": "Ana Luis Carmen Javier Lucía Pilar Andrés Marta Pablo Rosa Iván Elena Jorge".split(),
    "it": "Anna Marco Giulia Luca Chiara Paolo Elisa Sara Matteo Laura Pietro Irene Ugo".split(),
}
# Beginnings, middles and ends of surnames; ends of places.
_SYLLABLES = {
    "fr": (
        "Bar Cha Dur Fer Gau Jou La Mar Mon Per Rou Sau Ter Val Ver Bel Cour Des Gri Hau".split(),
        "an bel cau di el fon gue lar mi no ran se ti vi ro tel".split(),
        "ault eau et ier in on ot oux ard ac".split(),
        "ville court mont ac ières igny eaux val gny euil".split(),
    ),
    "en": (
        "Ash Black Brad Car Dun East Fair Green Hal Lang Mill North Oak Pem Rad Stan Wal".split(),
        "en er in ing al or an is le bur".split(),
        "son ton ley man worth field by stone".split(),
        "ham ford ton bury port wick combe minster".split(),
    ),
    "de": (
        "Al Ber Brun Dorn Eber Fal Grün Kalt Lan Mühl Neu Ober Rosen Stein Tal Wald Wei".split(),
        "en el er in ing ach al os ers ut".split(),
        "mann bauer schmid hof meier ling er sen".split(),
        "burg dorf heim hausen stadt bach feld brück".split(),
    ),
    "es": (
        "Al Bar Cas Del Es Fuen Gar Her Lo Mon Na Or Pal Que Ri San Tor Val Vi Zam".split(),
        "ad al an ar el en il in or ub".split(),
        "ez ero era ón illo ado ino ales".split(),
        "illa eda eros anca osa ejo ena ares".split(),
    ),
    "it": (
        "Al Bel Cam Cas Del Fer Gal Lom Mar Mon Pal Per Ric Ros San Tor Val Ver Vis Zan".split(),
        "ab al an ar el en er in ol or".split(),
        "etti ini oni elli ucci aro ese ato".split(),
        "ate ano engo ona esco olo iana ello".split(),
    ),
}  # fmt: skip
_PAPERS = {
    "fr": ("Le Courrier du Val", "L’Écho des Plaines", "La Gazette du Fleuve", "Sud Matin"),
    "en": ("The Valley Herald", "Northern Post", "The Harbour Times"),
    "de": ("Rheintaler Bote", "Neue Waldpost", "Nordblatt"),
    "es": ("El Diario del Puerto", "La Voz de la Sierra", "Correo del Sur"),
    "it": ("Il Corriere della Valle", "La Voce del Porto", "Gazzetta del Lago"),
}
