"""From a question to the topic that it is about."""

from __future__ import annotations

import re

from bot.answering.filters import split_filter

# Words that open a question, and are of no topic.
_WORDS = (
    r"qu['’]est-ce (?:que|qui|qu['’])|est-ce (?:que|qu['’])|c['’]est quoi|que se passe-t-il"
    r"|y a-t-il|où en (?:est|sont)|pourquoi|comment|quand|combien(?: de| d['’])?|où|qui|quoi"
    r"|quels?|quelles?|que|qu['’]"
    r"|(?:what|who|where|when|how|why)['’]s|how(?: many| much| long| far| often)?|what|when|where"
    r"|which|who|whom|whose|why"
    r"|warum|wieso|weshalb|wann|wer|wen|wem|wessen|wie(?: viele?| lange| oft)?|welche[mnrs]?"
    r"|por qué|qué|quién(?:es)?|cuándo|cuánt[ao]s?|cómo|cuál(?:es)?|dónde"
    r"|cos['’]è|dov['’]è|com['’]è|che cosa|qual è|quali|quale|quando|quant[aeio]|perché"
)
# These may begin a topic as well, as in Will Smith.
_PERHAPS = (
    r"is|are|was|were|did|does|do|has|have|can|will(?= (?:the|an?|there|this|that|it|they|we|you) )"
    r"|wo|ist|sind|hat|gibt es|chi|es"
)
# What may stand before such a word, and belongs to it: "à quelle heure", "und warum".
_BEFORE = (
    r"d['’]|(?:à|de|en|dans|pour|par|avec|sur|depuis|vers|chez|contre|at|by|for|from|in|of|on|since"
    r"|to|with|an|auf|aus|bei|bis|für|mit|nach|seit|um|von|vor|zu|a|con|desde|hasta|para|por|da|di"
    r"|per|su|et|mais|alors|and|but|so|und|aber|y|pero|e|ma) "
)
# What may stand after it; with a capital it is a name.
_AFTER = (
    r"est-ce qu(?:e|['’])|est|sont|était|étaient|sera|seront|is|are|was|were|did|does|do|will|has"
    r"|have|ist|sind|war|waren|es|son|era|eran|está|están|è|sono"
)
_ENDS = r"(?:(?<=['’])|(?![\w'’-]))"  # of a word
_ASKING = re.compile(
    rf"(?:(?:{_BEFORE})?(?:{_WORDS}){_ENDS}(?: (?-i:{_AFTER}){_ENDS})?"
    rf"|(?:{_PERHAPS})(?= (?-i:[a-zà-ÿ])[^?]*\?))\s*",
    re.IGNORECASE,
)
_SIGNS = " ?!.…,;:¿¡\u00a0\u202f"


def topic_of(question: str) -> str:
    """A question without the words that ask: "Que coûtera la ligne D ?" -> "coûtera la ligne D".

    What is left is as it was written; a question of such words alone is its own topic.
    """
    text, _ = split_filter(" ".join(question.split()))
    asked = text.lstrip(_SIGNS)
    opening = _ASKING.match(asked)
    if opening and not _has_name(opening.group(), text):
        asked = asked[opening.end() :]
    topic = asked.strip(_SIGNS)
    return topic if any(map(str.isalnum, topic)) else text


def _has_name(opening: str, text: str) -> bool:
    """Whether what seems to ask is in capitals, and the rest is not: WHO."""
    return not text.isupper() and any(len(w) > 1 and w.isupper() for w in opening.split())
