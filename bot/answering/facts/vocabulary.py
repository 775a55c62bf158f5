"""Whether a word with a capital is a common word of its language, for all its capital.

wordfreq counts words without their case, so how often one occurs cannot tell "ministère" from
"Macron". Two things can: a name is about as common in every language, a common word in its own;
and a common word has other forms that are used nearly as often.
"""

from __future__ import annotations

from functools import cache, lru_cache
from statistics import median

from bot.answering.facts.text import LANGUAGES

_UNSEEN = 0.0
_LEAST = 1.5  # Zipf, of a word that is told from an unseen one
_ENDINGS = {
    "fr": ("", "s", "x", "e", "es", "é", "ée", "és", "ées", "er", "ant", "ent", "aux", "al", "ale",
           "ales", "eur", "eurs", "euse", "ment", "ait", "aient", "if", "ive", "ion", "ions"),
    "en": ("", "s", "es", "ed", "ing", "er", "ers", "ly", "y", "ies", "ion", "ive", "al", "e"),
    "es": ("", "s", "es", "o", "a", "os", "as", "ar", "ado", "ada", "ando", "ó", "an", "ión",
           "iones", "or", "ores", "e", "mente"),
    "de": ("", "e", "en", "er", "es", "n", "em", "te", "ten", "t", "ung", "ungen", "st", "lich",
           "innen", "in"),
    "it": ("o", "a", "i", "e", "are", "ato", "ata", "ati", "ano", "ando", "ione", "ioni", "ente"),
    "pt": ("", "s", "es", "o", "a", "os", "as", "ar", "ado", "ada", "ando", "ou", "am", "ão",
           "ões", "or", "ores", "e", "mente"),
    "nl": ("", "s", "en", "e", "n", "t", "de", "te", "er", "ers", "ing", "ingen", "je"),
}  # fmt: skip
_PLURALS = {
    "fr": ("s", "x"), "en": ("s", "es"), "es": ("s", "es"), "pt": ("s", "es"),
    "de": ("e", "en", "er", "n"), "nl": ("en", "s"), "it": (),
}  # fmt: skip
# Steps of ten in frequency, as wordfreq's Zipf scale: 3 is once in a million words.
_FUNCTION = 5.6  # so common that no name is
_COMMON = 3.0
_NEAR = 1.6  # by which another form of a word may be rarer
_OWN = 1.0  # by which a word is more common in its own language than in most
_MOSTLY_OWN = 1.5  # by which even a word without other forms is
_LINKS = ("", "s", "es", "n", "en", "er", "e")  # between the parts of a German or Dutch compound
# Of German nouns, and of no names to speak of.
_NOUN_ENDINGS = (
    "ung", "ungen", "heit", "keit", "schaft", "tion", "tionen", "tät", "ismus", "nis", "nisse",
    "tum", "orin", "erin", "innen", "führer", "fahrer", "leiter", "geber", "nehmer", "ie", "ik",
    "eis", "plan", "werk", "zeug", "platz", "haus", "raum", "boot", "paneele", "anlage", "stelle",
)  # fmt: skip
_PART = 3.0  # Zipf, of such a part


def zipf(word: str, language: str) -> float:
    """How common a lower-case word is, on wordfreq's scale from 0 (never seen) to 8."""
    return _frequencies(language).get(word, _UNSEEN)


@lru_cache(maxsize=20_000)
def is_common(word: str, language: str) -> bool:
    """Whether a word, lower-case, is a common word of the language rather than a name."""
    own = zipf(word, language)
    if own >= _FUNCTION:
        return True
    if own >= 2.0 and _has_forms(word, language, own) and _is_own(word, language, own):
        return True
    if own >= _COMMON and own - _elsewhere(word, language) >= _MOSTLY_OWN:
        return True
    if own >= 4.5 and _is_own(word, language, own):
        return True
    if language == "de" and len(word) >= 7 and word.endswith(_NOUN_ENDINGS):
        return True
    if language in ("de", "nl") and len(word) >= 8:
        return _is_compound(word, language)
    return False


@lru_cache(maxsize=20_000)
def is_institutional(word: str, language: str) -> bool:
    """Whether a word that has a capital within a sentence is still a common one: "Conseil".

    Stricter than `is_common`, for in most languages such a capital means a name.
    """
    own = zipf(word, language)
    if own >= _FUNCTION:
        return True
    if own < 3.5 or own - _elsewhere(word, language) < 1.2:
        return False
    if own >= 4.3 and own - _elsewhere(word, language) >= 2.2 and language == "en":
        return True
    near = [zipf(word + ending, language) for ending in _PLURALS[language]]
    if word.endswith("s"):
        near.append(zipf(word[:-1], language))
    if language == "it":
        near += [zipf(word[:-1] + ending, language) for ending in "oaie" if ending != word[-1]]
    if language == "en":
        near += [zipf(word + "ly", language), zipf(word[:-1] + "ies", language)]
    return max(near, default=0.0) >= own - 1.3


def _has_forms(word: str, language: str, own: float) -> bool:
    endings = _ENDINGS[language]
    for ending in endings:
        if not word.endswith(ending):
            continue
        stem = word[: len(word) - len(ending)]
        if len(stem) < 3:
            continue
        for other in endings:
            if other != ending and zipf(stem + other, language) >= max(2.0, own - _NEAR):
                return True
    return False


def _is_own(word: str, language: str, own: float) -> bool:
    return own - _elsewhere(word, language) >= _OWN


def _elsewhere(word: str, language: str) -> float:
    """How common a word is in the language in the middle of the others."""
    return median(_brief(other).get(word, 2.0) for other in LANGUAGES if other != language)


def _is_compound(word: str, language: str) -> bool:
    """Whether a word is two or three common ones put together."""
    for cut in range(4, len(word) - 3):
        head = word[:cut]
        if not any(
            head.endswith(link)
            and len(head) - len(link) >= 3
            and zipf(head.removesuffix(link) if link else head, language) >= _PART
            for link in _LINKS
        ):
            continue
        tail = word[cut:]
        if zipf(tail, language) >= _COMMON or (len(tail) >= 8 and _is_compound(tail, language)):
            return True
    return False


@cache
def _frequencies(language: str) -> dict[str, float]:
    return _zipfs(language, "best")


@cache
def _brief(language: str) -> dict[str, float]:
    return _zipfs(language, "small")


def _zipfs(language: str, wordlist: str) -> dict[str, float]:
    # Imported here: its lists are read from disk, some hundred thousand words a language. Read
    # as packed, by frequency: the dictionary that wordfreq makes of them takes thrice the memory.
    from wordfreq import available_languages, read_cBpack

    steps = read_cBpack(available_languages(wordlist)[language])
    found = dict[str, float]()
    for step, words in enumerate(steps):
        worth = 9 - step / 100
        if worth < _LEAST:
            break
        found.update(dict.fromkeys(words, worth))
    return found
