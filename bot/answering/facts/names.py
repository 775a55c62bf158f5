"""Proper names of a statement, and whether a passage gives them.

A capital makes a word a name within a sentence; where the passage is in another language, unless
it is a common word of the statement's and no name elsewhere ("the Regional Health Agency").
German, where every noun has one, and the first word of a sentence need more: `vocabulary` tells.

A name stands in a passage where each of its words does, or another form of it:

- without case, accents, hyphens, and the genitive's s of English, German and Dutch;
- of the same name in another language, by `equivalents`;
- an adjective or an inhabitant made of it, for names that no list knows ("Valdorien",
  "Valdorian");
- another transcription: the same letters once those that alphabets are transcribed by are one
  ("Zelensky", "Zelenskyy", "Selenskyj"; y, i and j; w and v; doubled letters). Any other change
  of a letter makes another name: "Marchut" is not "Marchot", however long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.answering.facts import equivalents
from bot.answering.facts.text import Word, folded, words
from bot.answering.facts.vocabulary import (
    FUNCTION,
    is_common,
    is_institutional,
    is_seen,
    is_telling,
    zipf,
)

_GENITIVE = frozenset({"en", "de", "nl"})
_TITLES = frozenset(
    """m mm mr mrs ms mme mmes mlle dr drs pr prof me mgr sir lord lady dame herr herrn frau hr don
    dona sr sra srta senor senora senorita signor signora sig dott dottor dottore ing avv maire
    mayor president presidente presidenta presidentin praesident prasident prasidentin ministre
    minister ministerin ministro ministra burgermeister burgermeisterin sindaco sindaca alcalde
    alcaldesa chancellor chancelier kanzler kanzlerin king queen prince princess roi reine konig
    konigin rey reina re regina pape pope papst papa general colonel capitaine captain oberst
    professeur professor professorin doctor doktor docteur juge judge richter richterin prefet
    prefete prefect senator senateur depute deputee directeur directrice director direktor
    direktorin leiterin leiter sprecher sprecherin chef chefin ingenieur architekt anwalt anwaltin
    burgemeester wethouder voorzitter directeur mevrouw meneer dhr trainer coach""".split()
)
# German nouns that stand right before another.
_MEASURES = frozenset(
    """prozent euro euros dollar franken ende anfang mitte million millionen milliarde milliarden
    tonnen meter metern kilometer kilometern liter kilo stadt gemeinde kanton region provinz
    dutzend uhr grad hektar quadratmeter kubikmeter stunden tage jahre wochen monate gramm seite
    platz artikel nummer familie gruppe art typ marke firma projekt verein bundesland kreis stuck
    bezirk fluss insel dorf ort flughafen hafen bahnhof universitat schule kilogramm zentimeter
    millimeter watt megawatt gigawatt kilowatt volt hertz""".split()
)
_DETERMINED = re.compile(
    r"(?<!\w)(?i:de[rsmn]|die|das|ein(?:e[nmrs]?)?|kein(?:e[nmrs]?)?|ihr(?:e[nmrs]?)?|"
    r"sein(?:e[nmrs]?)?|unser(?:e[nmrs]?)?|dies(?:e[nmrs]?)|jed(?:e[nmrs]?)|jen(?:e[nmrs])|zu[rm]|"
    r"im|am|vom|beim|ins|ans|allen?|vielen?|mehreren?|einigen?|manchen?|wenigen?|mehr|weniger|"
    r"beiden?|solchen?|welche[nrsm]?|genug|\ufffc+) (?:[a-zäöüß]{2,}(?:e|en|er|es|em) )?$"
)
_PLACE = re.compile(r"(?<!\w)(?:[Ii]n|[Nn]ach|[Aa]us|[Bb]ei|[Ll]aut|[Vv]on|[Ff]ür) $")
_PLACED = 2.0  # Zipf, of a noun that may stand after these without an article
_PERSON = ("er", "in", "ent", "or", "ist", "at", "ar", "iker", "chef", "rat", "anwalt", "arzt")
_PLURAL = ("ungen", "en", "heiten", "ern", "eln", "ung", "heit", "keit", "schaft")
_PARTICLES = (
    r"(?: (?:de|du|des|d'|von|van|der|den|zu|zur|del|della|di|da|dos|la|le|al|el|bin|y|ten))"
)
_LINK = re.compile(
    rf"(?:{_PARTICLES}{{0,3}}[ ]|{_PARTICLES}{{0,2}} d'|-|'|\. |{_PARTICLES}{{1,2}}[-'])"
)
_OPENS = re.compile(r"(?:^|[.!?…:;\n•]|\ufffc)[\s\"'«»“”„‹›()\[\]–-]*$")
_ABBREVIATED = re.compile(
    r"(?:\b[^\W\d_]|\b(?:St|Ste|Mr|Mrs|Ms|Dr|Sr|Sra|Jr|Prof|vs|Sta|Hr|Fr|Sig|Mme|Mgr))\.\s*$"
)
_SAME = {"st": "saint", "ste": "sainte", "sta": "santa"}
_BELONGS = re.compile(
    r"(?:iennes?|iens?|ians?|aises?|ais|oises?|ois|aines?|ains?|ans?|an[oa]s?|ani|ane|ese|esi|eses"
    r"|isch(?:e[nrsm]?)?|ers?|erinnen|erin|in[oa]s?|en[oa]s?|ense|enses|ez|ite|ites|ns?|se|er[ns]"
    r"|iers?|iern|ano|iana|iano|iani|iane|ianos|ianas|ense|nais|naise|nois|es|eens?|eense)$"
)
_ROOT = 5  # letters that an inhabitant shares with the place
_LONG = 6  # letters of a name that may be transcribed in another way
_TRANSCRIBED = (
    (re.compile(r"tsch|tch|ch"), "c"),
    (re.compile(r"sch|sh|sz"), "s"),
    (re.compile(r"kh|x"), "h"),
    (re.compile(r"zh"), "j"),
    (re.compile(r"ou|oe|ue"), "u"),
    (re.compile(r"ae"), "a"),
    (re.compile(r"ph"), "f"),
    (re.compile(r"[yj]"), "i"),
    (re.compile(r"w"), "v"),
    (re.compile(r"^z(?=el)"), "s"),
    (re.compile(r"(.)\1+"), r"\1"),
    (re.compile(r"i(?=[aeou])"), ""),
)
_CALM = 5.2  # Zipf, of a word that is no given name, be it before a family name


@dataclass(frozen=True, slots=True)
class Known:
    """The names that a passage may give: everything in it that a name can be compared with."""

    plain: frozenset[str]
    roots: frozenset[str]  # of words, less the ending of an inhabitant
    bare: frozenset[str]  # of words, less their last vowels
    transcribed: frozenset[str]
    groups: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Known:
        found = words(text)
        plain = set[str]()
        for word in found:
            plain |= _forms(word.text)
        groups = set[str]()
        for _, _, ids in equivalents.phrases(found, equivalents.keyed(found)):
            groups |= ids
        # names within longer ones: "Ukraine" in no list's "guerre en Ukraine"
        long = {word for word in plain if len(word) >= _LONG}
        return cls(
            frozenset(plain),
            frozenset(root for word in long if (root := _root(word))),
            frozenset(_bare(word) for word in plain if len(word) >= _ROOT),
            frozenset(_transcribed(word) for word in long),
            frozenset(groups),
        )

    def has(self, word: str) -> bool:
        """Whether one word of a name stands here."""
        forms = _forms(word)
        if forms & self.plain:
            return True
        plain = folded(word)
        if len(plain) < _LONG:
            return False
        if _transcribed(plain) in self.transcribed:
            return True
        root = _root(plain)
        return bool(root and (root in self.roots or root in self.bare)) or (
            _bare(plain) in self.roots
        )


def missing_names(
    text: str, language: str, known: Known, translated: bool
) -> Iterator[tuple[int, int]]:
    """Where the names of a tidy text are that a passage does not give, in order.

    :param translated: whether the passage is in another language.
    """
    found = words(text)
    keys = equivalents.keyed(found)
    named = _given_phrases(found, keys, known)
    capitals = [place for place, word in enumerate(found) if _has_capital(word.text)]
    chains = list(_chains(text, found, capitals))
    shouted = _is_shouted(text)
    for chain in chains:
        missing = [
            place
            for place, is_name in zip(
                chain, _are_names(text, found, chain, language, shouted, translated), strict=True
            )
            if named.get(place) is not True
            and not known.has(found[place].text)
            and (is_name or (named.get(place) is False and _may_be(text, found[place], language)))
        ]
        if missing:
            yield found[missing[0]].start, found[missing[-1]].end


def _given_phrases(found: Sequence[Word], keys: Sequence[str], known: Known) -> dict[int, bool]:
    """Of each word of a name that the lists have: whether the passage gives that name."""
    named = dict[int, bool]()
    for start, end, groups in equivalents.phrases(found, keys):
        if start in named or not _has_capital(found[start].text):
            continue
        given = bool(groups & known.groups)
        if not given and end - start > 1:
            given = all(known.has(word.text) for word in found[start:end] if len(word.text) > 3)
        for place in range(start, end):
            if given:
                named[place] = True
            elif end - start == 1:
                named.setdefault(place, False)
    return named


def _may_be(text: str, word: Word, language: str) -> bool:
    """Whether a word that the lists have may be that name here: not "Seine" and "Tage" in German,
    which are rivers elsewhere."""
    if language == "de" and _is_determined(text, word):
        return False
    return not is_telling(word.text.casefold(), language)


def _are_names(
    text: str,
    found: Sequence[Word],
    chain: Sequence[int],
    language: str,
    shouted: bool,
    translated: bool,
) -> list[bool]:
    """Of each word of a chain of capitals: whether it is part of a name."""
    alone = [_is_name(text, found[place], language, shouted, translated) for place in chain]
    names = list(alone)
    for at in range(len(chain) - 1):
        word, after = found[chain[at]], found[chain[at + 1]]
        plain = word.text.casefold()
        if folded(plain) in _TITLES or text[word.end : after.start] not in (" ", "-"):
            continue
        if language == "de":
            # A noun may stand before a name ("Bürgermeister Kehl"), hardly any after one.
            rare = zipf(plain, "de") < _PLACED and not plain.endswith(_PERSON)
            given = rare or not is_common(plain, "de")
            names[at] = names[at] or (alone[at + 1] and given)
            names[at + 1] = names[at + 1] or (alone[at] and folded(after.text) not in _MEASURES)
            continue
        if alone[at + 1] and zipf(plain, language) < _CALM:
            names[at] = True
        if names[at] and language != "en":  # where "Ostwick City Council" is no one's name
            names[at + 1] = True
    return names


def _is_name(text: str, word: Word, language: str, shouted: bool, translated: bool) -> bool:
    plain = word.text.casefold()
    if len(plain) < 2 or folded(plain) in _TITLES:
        return False
    if word.text[1:] != word.text[1:].lower() and not shouted:
        return True  # an acronym, or camel case
    if language == "de" and _is_determined(text, word) and is_seen(plain, language):
        return False
    if (
        language == "de"
        and zipf(plain, "de") < _PLACED
        and _PLACE.search(text, max(0, word.start - 6), word.start)
    ):
        return not plain.endswith(_PLURAL)
    if language == "de" or shouted or _opens(text, word.start):
        return not is_common(plain, language)
    if not translated:
        return zipf(plain, language) < FUNCTION
    return not is_institutional(plain, language)


def _is_determined(text: str, word: Word) -> bool:
    """Whether a German noun has an article or a number, as names seldom have."""
    return bool(_DETERMINED.search(text, max(0, word.start - 40), word.start))


def _opens(text: str, at: int) -> bool:
    """Whether a sentence begins at a place."""
    before = text[max(0, at - 12) : at]
    if at > 12 and not before.strip():
        return True
    found = _OPENS.search(before if at > 12 else text[:at])
    return bool(found) and not _ABBREVIATED.search(before)


def _chains(text: str, found: Sequence[Word], capitals: Sequence[int]) -> Iterator[list[int]]:
    """Words with capitals that follow each other, but for particles."""
    chain = list[int]()
    for place in capitals:
        if chain and not _LINK.fullmatch(text, found[chain[-1]].end, found[place].start):
            yield chain
            chain = []
        chain.append(place)
    if chain:
        yield chain


def _has_capital(word: str) -> bool:
    return word.lower() != word and not word.isdigit()


def _is_shouted(text: str) -> bool:
    """Whether a text is in capitals throughout, so that they say nothing."""
    letters = [letter for letter in text if letter.isalpha()]
    return len(letters) > 20 and sum(map(str.isupper, letters)) > 0.7 * len(letters)


@lru_cache(maxsize=20_000)
def _forms(word: str) -> frozenset[str]:
    plain = folded(word)
    plain = _SAME.get(plain, plain)
    forms = {plain}
    if len(plain) > 3 and plain.endswith("s"):
        forms.add(plain[:-1])
    return frozenset(forms)


@lru_cache(maxsize=20_000)
def _root(word: str) -> str:
    """What is left of an adjective or an inhabitant; nothing where there is no such ending."""
    found = _BELONGS.search(word)
    root = _bare(word[: found.start()]) if found else ""
    return root if len(root) >= _ROOT else ""


def _bare(word: str) -> str:
    return word.rstrip("aeiouy")


@lru_cache(maxsize=20_000)
def _transcribed(word: str) -> str:
    for pattern, letter in _TRANSCRIBED:
        word = pattern.sub(letter, word)
    return word
