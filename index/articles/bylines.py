"""Who signed an article and when it came out, from lines such as "Par Anne Klein"."""

from __future__ import annotations

import re
from datetime import date

from index.articles.dates import find_date, without_dates

AGENCIES = frozenset(
    "AFP AP EPA EFE DPA ANSA PA TASS APA ATS DR SIPA ABACA MAXPPP BELGA REUTERS KEYSTONE IMAGO "
    "ZUMA BESTIMAGE STARFACE XINHUA LAPRESSE GETTY SHUTTERSTOCK ISTOCK ALAMY UNSPLASH "
    "PEXELS".split()
)
_PARTICLES = frozenset(
    "de du des la le les l' d' et en von van der den zu und di da del della e y and of for pour "
    "via avec with mit con par by the".split()
)
_BY = re.compile(
    r"(?:Par|PAR|By|BY|Von|VON|Por|POR|Di|DI|(?:Texte|Reportage|Words|Text|Story)(?: :|:| by|"
    r" par)?|(?:Propos r|R|r)ecueillis? par|Interview by)\s+(?=\S)"
)
# What may follow the names: an office, a place, a date, a reading time.
_AFTER_NAMES = re.compile(
    r"\s*[,(|–—•·]|\s-\s|\s(?:à|avec|with|in|pour|[Pp]ublié|[Pp]ublished|[Mm]is)\s|\sle\s\d"
)
_PUBLISHED = re.compile(
    r"(?:article\s+)?(?:publiée?|mise? (?:à jour|en ligne)|modifiée?|postée?|actualisée?|créée?|"
    r"paru|(?:first |last )?(?:published|updated|modified)|posted|publicado|actualizado|"
    r"veröffentlicht|aktualisiert|stand|pubblicato|aggiornato|gepubliceerd|опубликовано)\b",
    re.I,
)
_UPDATED = re.compile(r"mis|modif|actual|last|updated|aktualis|aggiorn", re.I)
_AGO = re.compile(r"\bil y a \d|\b\d+ \w+ ago\b|\bvor \d", re.I)
_TIME_OF_DAY = re.compile(r"\d{1,2}\s?[h:]\s?\d{2}")
_ENGLISH = re.compile(r"published|updated|posted|modified", re.I)
_LONGEST = 140


def author_in(line: str) -> str | None:
    """The names in a line that is a byline: "Par Anne Klein, à Kiev" -> "Anne Klein"."""
    cue = _BY.match(line)
    if not cue or len(line) > _LONGEST or _ends_as_prose(line):
        return None
    rest = line[cue.end() :]
    end = _AFTER_NAMES.search(rest)
    names = rest[: end.start()] if end else rest
    names = names.strip(" .:")
    alone = names.upper() in AGENCIES
    return names if alone or is_name_phrase(names, at_least=2) else None


def published_in(line: str) -> tuple[date, bool] | None:
    """The date of a line that says when an article came out, and whether it was an update."""
    if not is_date_line(line):
        return None
    # Only English is read in two orders.
    found = find_date(line, day_first=not _ENGLISH.match(line))
    return (found, bool(_UPDATED.match(line))) if found else None


def is_date_line(line: str) -> bool:
    """ "Publié le 3 mai 2024 à 18h02", "Published 3 May 2024", and little more."""
    cue = _PUBLISHED.match(line)
    if not cue or len(line) > _LONGEST:
        return False
    rest = line[cue.end() :]
    dated = find_date(rest) or find_date(rest, day_first=True)
    if not (dated or _AGO.search(rest) or _TIME_OF_DAY.search(rest)):
        return False
    other = _PUBLISHED.sub(" ", without_dates(_AGO.sub(" ", rest)))
    return sum(character.isalpha() for character in other) <= 40 and not _ends_as_prose(line, 25)


def is_bare_date(line: str) -> bool:
    """A full date and nothing else: "Vendredi 3 mai 2024 à 10 h 15"."""
    other = re.sub(
        r"\b(?:le|à|at|on|the|am|um|uhr|el|il|alle)\b", " ", without_dates(line), flags=re.I
    )
    return find_date(line, day_first=True) is not None and not any(map(str.isalnum, other))


def is_name_phrase(text: str, *, at_least: int = 1, at_most: int = 10) -> bool:
    """Whether the text is made of capitalised words only, particles ("de", "et", "via") apart."""
    words = re.findall(r"[^\s/,&|•·()«»“”\"–—-]+", re.sub(r"\b([dlDL]')", r"\1 ", text))
    names = [word for word in words if word.lower() not in _PARTICLES]
    capitalised = all(word[0].isupper() or word[0].isdigit() for word in names)
    return at_least <= len(names) <= at_most and capitalised and names[0][0].isupper()


def _ends_as_prose(line: str, shortest: int = 60) -> bool:
    return len(line) > shortest and line.endswith(".")
