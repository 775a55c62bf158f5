"""Questions that need the conversation to be understood, made to stand alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.answering.filters import split_filter


@dataclass(frozen=True, slots=True)
class Turn:
    """A question of a conversation with its answer."""

    question: str  # as it stands alone
    answer: str  # in words; empty where there was none


LONGEST_ALONE = 500  # characters of a question that stands alone

# A question that begins so goes on from one before it.
_GOES_ON = re.compile(
    r"(?:et|mais|alors|sinon|and|but|so|what about|how about|y|pero|entonces|und|aber|wie steht es"
    r"|e|ed|ma|allora|mas|en|maar|da quando|depuis quand|since when|seit wann|desde cuándo)\b(?!\s*"
    r"(?:a\b|est-ce|where|what is the|how many|how much)\b)",
    re.IGNORECASE,
)
# Words that stand for something said before.
_STANDS_FOR = frozenset(
    # French
    "il elle ils elles cela ça celui-ci celle-ci ceux-ci celles-ci celui-là celle-là lui leur "
    "eux y celui celle ceux celles "
    # English
    "he she they it this that these those him her them his its their one ones "
    # Spanish
    "él ella ellos ellas ello eso esto aquello lo le les "
    # German
    "er sie es dies das dieser diese dieses ihm ihn ihnen dessen deren dazu davon darüber dafür "
    # Italian
    "lui lei loro ciò questo questa quello quella ne "
    # Portuguese, Dutch
    "ele ela eles elas isso isto aquilo hij zij ze het dit dat hen hun".split()
)
# Words of questions that name nothing.
_NO_SUBJECT = frozenset(
    "qui que quoi qu quel quelle quels quelles quand où comment combien pourquoi est ce a t il "
    "elle ils elles on y en de du des d le la les l un une et ou à au aux dans par pour avec "
    "sur cela ça fait faire dit était sont ont été être avoir après avant depuis alors donc "
    "exactement précisément aussi "
    "plus encore "
    "who what which when where how why much many is are was were did do does the a an of in on at "
    "to for by with and or that this it they he she them have has had be been then exactly also "
    "more else about after before since "
    "quién qué cuál cuándo dónde cómo cuánto cuánta cuántos cuántas por es son fue era han ha el "
    "los las un una en con para y o se lo después antes entonces también más "
    "wer was wann wo wie warum wieso wieviel viele ist sind war waren hat haben der die das den "
    "dem ein eine und oder in im am zu für mit von nach vor seit dann genau auch mehr noch "
    "chi che cosa quale quando dove come quanto quanta quanti quante perché è sono era ha hanno il "
    "lo gli uno una di da per con e o si dopo prima poi anche più ancora "
    "quem o os as um uma quando onde como por quê wie wat wanneer waar hoe waarom".split()
)
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_ELIDED = re.compile(r"\b(?:qu|d|l|j|n|s|c|m|t)['’]", re.IGNORECASE)
# "Qui l'a décidé ?"
_OBJECT = re.compile(r"\b[lL]['’](?:a|as|ai|ont|avait|avaient|avez|aura)\b")
_YEAR = re.compile(r"\b(?:1[0-9]|20)\d\d\b")
# Words that are of a time by themselves: a question of them alone lacks its subject.
_OF_TIME = frozenset(
    "an année année-là mois jour semaine hier demain aujourd hui year month week day yesterday "
    "today tomorrow año mes día semana ayer hoy jahr monat woche tag gestern heute anno mese "
    "giorno settimana ieri oggi janvier février mars avril mai juin juillet août septembre "
    "octobre novembre décembre january february march april may june july august september "
    "october november december".split()
)
_FEW = 3  # words that name something: fewer and a pronoun need what was said


def needs_subject(question: str) -> bool:
    """Whether the words of a question clearly lack what it is about."""
    text, _ = split_filter(question)
    words = [w.lower() for w in _WORD.findall(_ELIDED.sub(" ", text))]
    if not words:
        return False
    naming = [w for w in words if w not in _NO_SUBJECT and w not in _STANDS_FOR]
    naming = [w for w in naming if w not in _OF_TIME and not w.isdecimal()]
    if not naming:
        return True
    if _GOES_ON.match(text):
        return len(naming) <= _FEW
    refers = bool(_OBJECT.search(text)) or any(
        w in _STANDS_FOR and not _is_dummy(w, words) for w in words
    )
    return refers and len(naming) < _FEW and not _names_something(text)


def carried_over(question: str, turns: Sequence[Turn]) -> str:
    """The question with the subject of the one before it, without a language model.

    "Et en 2018 ?" after "Quel était le budget de Valorgue en 2017 ?" becomes "Quel était le
    budget de Valorgue en 2018 ?"; where no part takes another's place, the question is followed
    by the one that it goes on from: "Pourquoi ? (Qui a fermé le barrage ?)".
    """
    if not turns or not needs_subject(question):
        return question
    before, _ = split_filter(turns[-1].question)
    years, asked = _YEAR.findall(question), _YEAR.findall(before)
    if len(years) == 1 and len(asked) == 1 and _only_names_a_time(question):
        alone = before.replace(asked[0], years[0])
    else:
        alone = f"{question} ({before})"
    return alone if len(alone) <= LONGEST_ALONE else question


def _only_names_a_time(question: str) -> bool:
    words = [w.lower() for w in _WORD.findall(_ELIDED.sub(" ", question))]
    return all(
        w in _NO_SUBJECT or w in _OF_TIME or w.isdecimal() or w in _STANDS_FOR for w in words
    )


def _names_something(text: str) -> bool:
    """Whether a word within the question begins with a capital."""
    return bool(re.search(r"(?<=[\w,] )[^\W\d_][^\W\d_]*", text)) and any(
        word[:1].isupper() for word in text.split()[1:]
    )


def _is_dummy(word: str, words: Sequence[str]) -> bool:
    """ "il" of "y a-t-il", "it" of "is it true", "y" of "il y a": they stand for nothing."""
    joined = f" {' '.join(words)} "
    patterns = (" y a ", " il y a ", " a-t-il ", " y a-t-il ", " est-il ", " faut-il ", " is it ")
    if word in ("il", "y", "it", "es") and any(pattern in joined for pattern in patterns):
        return True
    # Articles and relative pronouns of the same form.
    return word in ("la", "le", "les", "lo", "das", "that", "die", "der", "en", "ne", "y", "leur")
