"""Pointers to other articles: "Lire aussi…", "Read more…", "Prochain épisode…"."""

from __future__ import annotations

import re

_LONGEST = 300
_QUOTES = "«“\"‘'„"
_DELIMITERS = ":|–—-•>▸►→.…"

# A verb and an adverb; what follows decides, for « Lire aussi vite que possible » is prose.
_CUES = re.compile(
    r"(?:(?:à )?(?:lire|relire|voir|revoir|écouter|découvrir|regarder)|lisez|voyez|écoutez) "
    r"(?:aussi|également|ailleurs|encore|en plus|sur le même (?:sujet|thème)|à ce sujet|ci-dessous)"
    r"|a lire (?:aussi|également)|à (?:lire|relire|voir|écouter|découvrir)|(?:lire|voir)(?=\s?:)"
    r"|pour (?:aller plus loin|en savoir plus|approfondir)|sur le même (?:sujet|thème)"
    r"|prochain épisode|épisode (?:précédent|suivant)|more on this(?: story)?|next episode"
    r"|(?:read|see|watch|listen|learn) (?:more|also|next|too)|(?:read|related|watch|listen)(?=\s?:)"
    r"|(?:lesen|sehen|hören) sie (?:auch|dazu|hier|mehr)|lies auch|siehe auch|auch interessant"
    r"|mehr (?:zum thema|dazu)|(?:lea|lee|leer|ver|vea|mira|escuch[ae]) (?:también|además|más)"
    r"|te puede interesar|más información|(?:leggi|vedi|guarda|ascolta) (?:anche|pure|di più)"
    r"|(?:leia|veja) (?:também|mais)|lees (?:ook|verder|meer)|читайте (?:также|далее|ещё)"
    r"|см\. также|اقرأ (?:أيضا|المزيد)|شاهد أيضا",
    re.I,
)
_PIECE = (
    r"(?:(?:grand|nouvel?|dernier|long|petit|autre)e?s? )?"
    r"(?:entretien|interview|article|reportage|enquête|analyse|décryptage|éditorial|édito|"
    r"chronique|portrait|récit|critique|tribune|billet|dossier|compte rendu|papier|direct|live|"
    r"podcast|vidéo|diaporama|infographie|suite|point de vue|témoignage|épisode|série|carte|"
    r"sélection|édition|page|conseil|explication|précédent)s?\b"
)
_THE = (
    r"(?:notre|nos|le|la|les|l'|un|une|l'ensemble de (?:nos|notre)|"
    r"(?:toute?s?|tous) (?:nos|notre|l'|les)) ?"
)
# "Lire l'entretien…", "Voir notre diaporama", "Lire la suite": a verb, and a piece of journalism.
_PIECES = re.compile(
    r"(?:(?:à )?(?:lire|relire|voir|revoir|écouter|découvrir)|(?:re)?lisez|voyez|retrouvez|"
    rf"découvrez|écoutez)(?: aussi| également| ici)?\s?:? {_THE}{_PIECE}"
    r"|read (?:our|the) (?:full|whole|rest|interview|report|story|investigation|review|profile)\b"
    r"|(?:continue|keep) reading\b|read more (?:about|on|from|in)\b|sigue leyendo|weiterlesen"
    r"|see (?:our|the) (?:full|gallery|video)\b|you may (?:also )?(?:like|be interested)"
    r"|(?:what|where) to read next|continua a leggere|potrebbe interessarti|articoli correlati"
    r"|noticias relacionadas|(?:tous )?nos (?:autres )?articles (?:sur|à)\b",
    re.I,
)


def is_cross_reference(line: str) -> bool:
    """Whether a block on one line points to another article."""
    if len(line) > _LONGEST:
        return False
    if pieces := _PIECES.match(line):
        return _points(line, line[pieces.end() :])
    cue = _CUES.match(line)
    if not cue or line[cue.end() :][:1].isalnum():
        return False
    rest = line[cue.end() :].lstrip()
    if not rest or rest[0] in _DELIMITERS:
        return True
    if re.match(rf"(?:dans (?:ce|notre|nos)|{_THE}{_PIECE})", rest, re.I):
        return _points(line, rest)
    # A title: it begins with a capital (or in a script that has none) and has no full stop.
    titled = (
        rest[0] in _QUOTES
        or rest[0].isdigit()
        or rest[0].lower() == rest[0].upper()
        or rest[0].isupper()
    )
    return titled and not line.endswith(".")


def _points(line: str, rest: str) -> bool:
    """A title after a colon, or no full sentence: « Lire la suite, c'est… » is prose."""
    return (
        bool(re.search(r" ?: ?[«“\"A-ZÀ-Ý]", rest))
        or not line.endswith(".")
        or (len(line) <= 90 and "," not in rest)
    )
