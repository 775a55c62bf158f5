"""Whether words deny something, in the languages that answers are most often written in."""

from __future__ import annotations

import re

_DENYING = re.compile(
    r"\b(?:ne|n['’](?=\w)|pas|non|sans|aucune?s?|jamais|rien|personne|ni|nul(?:le)?"
    r"|not|no|never|without|none|nothing|nobody|neither|nor|cannot|\w+n['’]t"
    r"|nunca|jamás|sin|nada|nadie|ning[uú]n[oa]?s?|tampoco"
    r"|nicht|keine?[nmrs]?|nie|niemals|ohne|nichts|niemand|weder"
    r"|mai|senza|nessun[oa]?|niente|nulla|né"
    r"|não|sem|nunca|nenhuma?|niet|geen|nooit|zonder|niets)\b",
    re.IGNORECASE,
)
# "pas moins de", "non seulement", "not only": they deny nothing.
_IDIOMS = re.compile(
    r"\b(?:non[ -]seulement|not only|no s[oó]lo|nicht nur|non solo|n['’]\S+ que|ne \S+ que"
    r"|pas moins de|no less than|no later than|sans doute|sans précédent|personnes?(?= \w)"
    r"|(?:une|la|cette|chaque|par) personne|non loin|mai(?= \d)|\d+ mai|no\.? \d+|d['’]ailleurs)\b",
    re.IGNORECASE,
)


def denies(text: str) -> bool:
    """Whether a text holds a word that denies: "ne … pas", "without", "kein"."""
    return _DENYING.search(_IDIOMS.sub(" ", text)) is not None
