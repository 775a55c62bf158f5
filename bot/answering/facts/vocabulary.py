"""Whether a word with a capital is a common word of its language, for all its capital.

wordfreq counts words without their case, so how often one occurs cannot tell "ministère" from
"Macron". Two things can: a name is about as common in every language, a common word in its own;
and a common word has other forms that are used nearly as often.
"""

from __future__ import annotations

from functools import cache, lru_cache
from statistics import median

from bot.answering.facts.text import LANGUAGES, folded

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
FUNCTION = 5.6  # so common that no name is
_COMMON = 3.0  # from which the lists of all languages tell
_NEAR = 1.6  # by which another form of a word may be rarer
_NEARER = 0.5  # by which that of a rare word may be
_OWN = 1.0  # by which a word is more common in its own language than in most
_LINKS = ("", "s", "es", "n", "en", "er", "e")  # between the parts of a German or Dutch compound
# Of German nouns, and of no names to speak of.
_NOUN_ENDINGS = (
    "ung", "ungen", "heit", "keit", "schaft", "tion", "tionen", "tät", "ismus", "nis", "nisse",
    "tum", "orin", "erin", "innen", "führer", "fahrer", "leiter", "geber", "nehmer", "ie", "ik",
    "eis", "plan", "werk", "zeug", "platz", "haus", "raum", "boot", "paneele", "anlage", "stelle",
)  # fmt: skip
_PART = 3.0  # Zipf, of such a part
_LONGEST = 60  # letters of a compound
_FEW = 1.8  # Zipf, of a word whose forms tell something
_WITNESSES = ("fr", "en")  # languages in whose lists a name of any language is
# Languages whose own names are common in the lists of others too.
_TELLING = frozenset({"en", "es", "pt", "nl"})
# Words that begin sentences and have few forms, of all languages, folded.
_SMALL = frozenset(
    """seul seule seuls seules quiconque ni nul nulle aucun aucune certains certaines plusieurs
    hormis outre sitot faute quant rien personne chacun chacune celui celle ceux celles ici la hors
    malgre parmi selon voici voila pourtant cependant desormais lorsque puisque puis
    nobody none once unable neither either nor whoever both few several many most everyone anyone
    rund anders laut trotz statt bald kaum erst etwa knapp allein jeder jede jedes wer niemand
    fra tra chi ogni oltre nessuno nessuna presso anche dopo dal dalla sul sulla alla allo
    nadie ninguno ninguna quien segun tras ambos ambas cada varios varias solo ante ninguem
    niemand iedereen volgens geen alleen sinds ondanks elk elke wie""".split()
)
_COMPOUNDING = frozenset({"de", "nl"})
# Endings that make words of words, hardly ever names.
_DERIVED = {
    "fr": ("age", "ages", "ment", "ments", "tion", "tions", "ité", "ités", "isme", "ance", "ence",
           "ant", "ants", "ée", "és", "ées", "eurs", "euses", "ir"),
    "en": ("ing", "ings", "tion", "tions", "ness", "ment", "ments", "ity", "ers", "ies", "ed",
           "ly", "ship", "ism", "less", "ful", "fish", "ance", "ence"),
    "de": ("ung", "ungen", "heit", "heiten", "keit", "keiten", "schaft", "schaften", "tion",
           "tionen", "ismus", "tät", "täten", "nis", "nisse", "innen", "ierung", "ling", "linge"),
    "es": ("ción", "ciones", "dad", "dades", "miento", "mente", "ando", "iendo", "ismo", "dores"),
    "it": ("zione", "zioni", "mento", "menti", "mente", "tà", "ando", "endo", "ismo", "tori",
           "are", "ere", "ire"),
    "pt": ("ção", "ções", "dade", "dades", "mento", "mente", "ando", "endo", "ismo", "dores"),
    "nl": ("ing", "ingen", "heid", "heden", "atie", "aties", "schap", "isme"),
}  # fmt: skip


def zipf(word: str, language: str) -> float:
    """How common a lower-case word is, on wordfreq's scale from 0 (never seen) to 8."""
    return _frequencies(language).get(word, _UNSEEN)


@lru_cache(maxsize=20_000)
def is_common(word: str, language: str) -> bool:
    """Whether a word, lower-case, is a common word of the language rather than a name."""
    own = zipf(word, language)
    lead = own - _elsewhere(word, language)
    if own >= FUNCTION or (own >= 5.0 and lead >= 2.5):
        return True
    if own >= _LEAST and word.endswith(_DERIVED[language]) and (own < _COMMON or lead >= 0.5):
        return True
    if own >= _COMMON and lead >= _OWN and _has_forms(word, language, own - _NEAR):
        return True
    if _FEW <= own < _COMMON and _has_forms(word, language, own - _NEARER):
        # names too have forms; they are about as common elsewhere
        return all(zipf(word, other) < own for other in _WITNESSES if other != language)
    if language in _TELLING and own >= _COMMON and lead >= 1.5:
        return True
    if folded(word) in _SMALL:
        return True
    if language == "de" and len(word) >= 7 and word.endswith(_NOUN_ENDINGS):
        return True
    return language in _COMPOUNDING and _is_compound(word, language, _PART, _PART)


@lru_cache(maxsize=20_000)
def is_telling(word: str, language: str) -> bool:
    """Whether a word is so common in the language, and so rare in most, that it is no name."""
    own = zipf(word, language)
    return own >= 5.5 and own - _elsewhere(word, language) >= 2.5


@lru_cache(maxsize=20_000)
def is_seen(word: str, language: str) -> bool:
    """Whether a word, or each of those that it is put together of, has been seen at all."""
    if zipf(word, language) >= _LEAST:
        return True
    return language in _COMPOUNDING and _is_compound(word, language, 2.0, _LEAST)


@lru_cache(maxsize=20_000)
def is_institutional(word: str, language: str) -> bool:
    """Whether a word that has a capital within a sentence is still a common one: "Conseil".

    Stricter than `is_common`, for in most languages such a capital means a name.
    """
    own = zipf(word, language)
    if own >= FUNCTION:
        return True
    lead = own - _elsewhere(word, language)
    if own < 3.5 or lead < 0.9:
        return False
    if language == "en" and own >= 4.3 and lead >= 1.6:
        return True
    if word.endswith("al") and language == "en" and zipf(word[:-2], language) >= _COMMON:
        return True
    if lead < 1.2:
        return False
    if word.endswith(_DERIVED[language]):
        return True
    near = [zipf(word + ending, language) for ending in _PLURALS[language]]
    if word.endswith("s"):
        near.append(zipf(word[:-1], language))
    if language == "it":
        near += [zipf(word[:-1] + ending, language) for ending in "oaie" if ending != word[-1]]
    if language == "en":
        near += [zipf(word + "ly", language), zipf(word[:-1] + "ies", language)]
    return max(near, default=0.0) >= own - 1.3


def _has_forms(word: str, language: str, least: float) -> bool:
    """Whether another form of a word is as common as said (Zipf)."""
    endings = _ENDINGS[language]
    for ending in endings:
        stem = word[: len(word) - len(ending)]
        if len(stem) < 3 or not word.endswith(ending):
            continue
        for other in endings:
            if other != ending and zipf(stem + other, language) >= max(1.8, least):
                return True
    return word.endswith("s") and zipf(word[:-1], language) >= least + _NEAR


def _elsewhere(word: str, language: str) -> float:
    """How common a word is in the language in the middle of the others."""
    return median(_brief(other).get(word, 2.0) for other in LANGUAGES if other != language)


def _is_compound(word: str, language: str, head_from: float, tail_from: float) -> bool:
    """Whether a word is two or more others put together, each as common as said (Zipf)."""
    if len(word) > _LONGEST:
        return False
    for cut in range(3, len(word) - 3):
        head, tail = word[:cut], word[cut:]
        if not any(
            head.endswith(link)
            and len(head) - len(link) >= 3
            and zipf(head.removesuffix(link), language) >= head_from
            for link in _LINKS
        ):
            continue
        if zipf(tail, language) >= tail_from:
            return True
        if len(tail) >= 8 and _is_compound(tail, language, head_from, tail_from):
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
