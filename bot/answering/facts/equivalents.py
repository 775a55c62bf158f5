"""Names that are one name in several languages: "Turquie" and "Turkey", "OTAN" and "NATO".

From Unicode's CLDR, by Babel: territories, languages and the cities that time zones are named
after. From aliases.txt: what CLDR does not have. Adjectives of nations are found by their
language ("français", of France) or there.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path

from bot.answering.facts.text import LANGUAGES, Word, folded, words

_ALIASES = Path(__file__).parent / "aliases.txt"
_LONGEST = 7  # words of a name
_SHORT = 3  # letters of a name that must be in capitals: "US", not "us"
_INFLECTED = 5  # letters of a word that may have an ending
_OF_SENSE = 40  # letters of a word that may be one
_ENDING = re.compile(r"(?:(?<=....)(?:es|as|os|s|e|a|o|i)|(?<=......)(?:en|er|em))$")
_DOUBLED = re.compile(r"(.)\1$")
# Languages whose speakers' first territory is not the one that they are named after.
_HOME = {"en": "GB", "pt": "PT", "es": "ES", "ar": "", "sw": "", "la": ""}

Key = tuple[str, ...]


def keyed(found: Sequence[Word]) -> list[str]:
    """The words of a text as names are looked up: folded, without endings."""
    return [_stem(word.text) for word in found]


def phrases(
    found: Sequence[Word], keys: Sequence[str]
) -> Iterator[tuple[int, int, frozenset[str]]]:
    """The longest name at each word: its first word, the one after its last, what it may be."""
    names, firsts = _names()
    for start in range(len(found)):
        for length in range(min(firsts.get(keys[start], 0), len(found) - start), 0, -1):
            groups = names.get(tuple(keys[start : start + length]))
            if groups and not (length == 1 and _is_a_small_word(found[start].text)):
                yield start, start + length, groups
                break


def _is_a_small_word(text: str) -> bool:
    return len(text) <= _SHORT and not text.isupper()


@cache
def _names() -> tuple[dict[Key, frozenset[str]], dict[str, int]]:
    """What every name may be, and how long names can be that begin with a word."""
    groups = defaultdict[Key, set[str]](set)
    for group, name in _of_cldr():
        groups[_key(name)].add(group)
    for line in _lines():
        same = [_key(name) for name in line]
        home = sorted(groups[same[0]] if same[0] in groups else ())
        group = next((one for one in home if one[0] in "tc"), f"a:{line[0]}")
        for key in same:
            groups[key].add(group)
    groups.pop((), None)
    firsts = dict[str, int]()
    for key in groups:
        firsts[key[0]] = max(firsts.get(key[0], 0), min(len(key), _LONGEST))
    return {key: frozenset(found) for key, found in groups.items()}, firsts


def _lines() -> Iterable[list[str]]:
    for line in _ALIASES.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield [name.strip() for name in line.split("|")]


def _of_cldr() -> Iterator[tuple[str, str]]:
    """Every group and a name of it."""
    from babel import Locale
    from babel.core import get_global

    likely = get_global("likely_subtags")
    for code in LANGUAGES:
        locale = Locale.parse(code)
        for territory, name in locale.territories.items():
            if not territory.isdigit() or territory in _CONTINENTS:
                yield f"t:{territory}", name
        for language, name in locale.languages.items():
            if "_" in language or len(language) > 2:
                continue
            home = _HOME.get(language, likely.get(language, "").rpartition("_")[2])
            yield f"l:{language}", name
            if home:
                yield f"t:{home}", name
        for zone, names in locale.time_zones.items():
            if "city" in names:
                yield f"c:{zone}", names["city"]
    for zone in get_global("zone_territories"):
        if zone.count("/") and not zone.startswith("Etc"):
            yield f"c:{zone}", zone.rpartition("/")[2].replace("_", " ")


_CONTINENTS = frozenset("001 002 003 005 009 013 019 142 145 150 151 155 419".split())


def _key(name: str) -> Key:
    return tuple(_stem(word.text) for word in words(name))


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    plain = folded(word)
    if not _INFLECTED <= len(plain) <= _OF_SENSE:
        return plain
    while True:  # "portugaises" is "portugaise", and "portugais"
        shorter = _DOUBLED.sub(r"\1", _ENDING.sub("", plain))
        if shorter == plain or len(shorter) < 4:
            return plain
        plain = shorter
