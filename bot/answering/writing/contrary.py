"""Whether a statement says the contrary of the words it rests on: it denies where they do not, or
has a word whose contrary they have. In the languages that answers are most often written in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from bot.answering.facts import quotations
from bot.answering.facts.text import folded, known, tidy, without

_CONTRARIES = Path(__file__).parent / "contraries.txt"
_PAIR_NAME = re.compile(r"\[(.+)\]")


def _any_of(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{words})(?!\w)", re.IGNORECASE)


_DENYING = {
    "fr": _any_of(r"ne|n'\w+|pas|non|sans|aucune?s?|jamais|rien|personne|ni|nul(?:le)?"),
    "en": _any_of(r"not|no|never|without|none|nothing|nobody|neither|nor|cannot|\w+n't"),
    "es": _any_of(r"no|nunca|jamás|sin|nada|nadie|ni|ning[uú]n[oa]?s?|tampoco"),
    "de": _any_of(r"nicht|keine?[nmrs]?|nie|niemals|ohne|nichts|niemand|weder"),
    "it": _any_of(r"non|mai|senza|nessun[oa]?|niente|nulla|né|neppure|nemmeno"),
    "pt": _any_of(r"não|sem|nunca|jamais|nenhuma?|nada|ninguém|nem|tampouco"),
    "nl": _any_of(r"niet|geen|nooit|zonder|niets|niemand"),
}
# With such a word, and yet no denial: "ne compte plus que", "nine and not thirty".
_IDIOMS = {
    "fr": _any_of(
        r"(?:ne |n')(?:(?!pas |jamais |rien )\w+ ){1,3}qu(?:e|'\w+)|non[ -]seulement"
        r"|et non(?: plus)?|non loin|sans (?:doute|précédent)|pas moins de|personnes?(?= \w)"
        r"|(?:une|la|cette|par) personne"
    ),
    "en": _any_of(r"not only|(?:and|but) not|no (?:less|later) than|no\.? ?\d+|whether or not"),
    "es": _any_of(r"no s[oó]lo|y no|sin (?:duda|embargo)|(?:no|nada) menos (?:de|que)"),
    "de": _any_of(r"nicht (?:nur|zuletzt|weniger als)|und nicht"),
    "it": _any_of(r"non solo|e non|senza dubbio|non meno di"),
    "pt": _any_of(r"não só|e não|sem dúvida|não menos de"),
    "nl": _any_of(r"niet alleen|en niet|niet minder dan"),
}
# What a passage may say in place of a denial. Chosen on data/training, with the pairs below: of
# what these let pass there, nearly four statements are true for one that is not.
_EXCLUDING = {
    "fr": _any_of(
        r"faute|à défaut|seul\w*|hormis|sauf|plafon\w*|maxim\w*|au plus|limit\w*|rest[ea]\w*"
    ),
    "en": _any_of(r"only|except|lack\w*|cap|capped|at most|maximum"),
    "es": _any_of(r"s[oó]lo|salvo|excepto|falta\w*|tope|m[áa]xim\w*|como mucho"),
    "de": _any_of(r"nur|außer|fehl\w*|mangels|erst|obergrenze|höchst\w*|maximal"),
    "it": _any_of(r"solo|soltanto|tranne|salvo|manca\w*|tetto|massim\w*"),
    "pt": _any_of(r"só|apenas|salvo|exceto|falta\w*|teto|máxim\w*"),
    "nl": _any_of(r"alleen|slechts|behalve|gebrek|plafond|maximaal|hooguit"),
}
# Pairs whose second word takes the place of a denial: what was refused was not agreed to.
_REFUSING = (
    "agree, refuse",
    "support, opposition",
    "keep, give up",
    "succeed, fail",
    "confirmed, denied",
    "possible, impossible",
    "valid, void",
    "enough, too little",
)


def denies(text: str, language: str) -> bool:
    """Whether a text holds a word that denies: "ne … pas", "without", "kein"."""
    code = known(language)
    return _DENYING[code].search(_IDIOMS[code].sub(" ", tidy(text))) is not None


def is_contrary(statement: str, language: str, given: str, given_language: str) -> bool:
    """Whether a statement, most surely, says the contrary of the words given.

    It denies, and they neither deny nor exclude nor refuse anything; or each has one word of a
    pair of contraries.txt, and both deny or neither does. What both quote is left out.
    """
    said, given = _without_quotations(tidy(statement), tidy(given))
    denied = denies(said, language)
    opposed = _opposed(said, language, given, given_language)
    if denied == denies(given, given_language):
        return opposed
    return denied and not opposed and not _excludes(given, given_language)


def _without_quotations(statement: str, given: str) -> tuple[str, str]:
    """Both without what the statement puts in quotation marks."""
    quoted = quotations.quoted_spans(statement)
    for start, end in quoted:
        words = r"\W+".join(map(re.escape, re.findall(r"\w+", statement[start:end])))
        if words:
            given = re.sub(rf"\b{words}\b", " ", given, flags=re.IGNORECASE)
    return without(statement, quoted), given


def _excludes(text: str, language: str) -> bool:
    code, plain = known(language), folded(text)
    if _EXCLUDING[code].search(text):
        return True
    return any(_pairs()[code][name][1].search(plain) for name in _REFUSING)


def _opposed(statement: str, language: str, given: str, given_language: str) -> bool:
    own, other = _pairs()[known(language)], _pairs()[known(given_language)]
    said, there = folded(statement), folded(given)
    for name in own.keys() & other.keys():
        one = [bool(word.search(said)) for word in own[name]]
        two = [bool(word.search(there)) for word in other[name]]
        if sum(one) == sum(two) == 1 and one != two:
            return True
    return False


@cache
def _pairs() -> dict[str, dict[str, tuple[re.Pattern[str], re.Pattern[str]]]]:
    """By language and what they say: the words of either side."""
    found: dict[str, dict[str, tuple[re.Pattern[str], re.Pattern[str]]]] = {
        code: {} for code in _DENYING
    }
    name = ""
    for line in _CONTRARIES.read_text(encoding="utf-8").splitlines():
        if heading := _PAIR_NAME.fullmatch(line):
            name = heading[1]
        elif line and not line.startswith("#"):
            code, _, sides = line.partition(":")
            first, _, second = sides.partition("|")
            found[code][name] = _words(first.split()), _words(second.split())
    return found


def _words(stems: Iterable[str]) -> re.Pattern[str]:
    return _any_of("|".join(folded(stem).replace("*", r"\w*") for stem in stems))
