"""From a question to the topic that it is about."""

from __future__ import annotations

import re

from bot.answering.filters import split_filter

# Words that open a question and are of no topic.
_ASKING = re.compile(
    r"(?:est-ce que?|qu['’]est-ce que?|c['’]est quoi|pourquoi|comment|quand|combien|où|qui|que"
    r"|quoi|quels?|quelles?|à|de|en|dans|pour|avec|sur|did|does|do|is|are|was|were|will|how"
    r"|many|much|what|when|where|which|who|whom|whose|why|warum|wann|wer|wie|wo|was|welche[rs]?"
    r"|viele?|cuándo|cuánto|cuántas?|cuántos|cómo|cuál|dónde|qué|quién|por|quando|quanto|quanti"
    r"|quante|come|dove|perché|chi|cosa|quale|['’]|a-t-(?:il|elle|on)|-|\s|[¿?!])+",
    re.IGNORECASE,
)


def topic_of(question: str) -> str:
    """A question without the words that ask: "Que coûtera la ligne D ?" -> "coûtera la ligne D"."""
    text, _ = split_filter(" ".join(question.split()))
    opening = _ASKING.match(text)
    topic = text[opening.end() :] if opening else text
    topic = topic.strip(" ?!.…\u00a0\u202f")
    return topic if any(map(str.isalnum, topic)) else text
