"""In which language a text is written."""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING

from index.articles.article import UNKNOWN_LANGUAGE

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier  # type: ignore[import-untyped,unused-ignore]

LANGUAGES = ("fr", "en", "es", "de", "it", "pt", "nl", "ru", "ar")
_CODES = frozenset(  # ISO 639-1
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy "
    "da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu "
    "hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb "
    "lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om "
    "or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw "
    "ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu".split()
)
_LETTERS = 20  # fewer say too little
_CONFIDENCE = 0.8
_ENOUGH = 1000  # characters; more of the same text changes nothing
_loading = threading.Lock()


def detect(text: str) -> tuple[str, float]:
    """The likeliest of LANGUAGES for a text, however short, and its probability.

    A text without letters gets UNKNOWN_LANGUAGE and 0.0.
    """
    if not any(map(str.isalpha, text)):
        return UNKNOWN_LANGUAGE, 0.0
    with _loading:
        identifier = _identifier()
    language, probability = identifier.classify(text)
    return str(language), float(probability)


def language_of(text: str) -> str:
    """The language of an article's text; UNKNOWN_LANGUAGE when it is short or unlike all known."""
    text = text[:_ENOUGH]
    if sum(map(str.isalpha, text)) < _LETTERS:
        return UNKNOWN_LANGUAGE
    language, probability = detect(text)
    return language if probability >= _CONFIDENCE else UNKNOWN_LANGUAGE


def declared_language(tag: str | None) -> str | None:
    """The ISO 639-1 code of a language tag ("fr-FR" -> "fr"), or `None` when it is none."""
    code = (tag or "").strip().replace("_", "-").split("-")[0].lower()
    return code if code in _CODES else None


@cache
def _identifier() -> LanguageIdentifier:
    # Imported here: it brings in numpy, and reads a model of some megabytes.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LANGUAGES)
    return identifier
