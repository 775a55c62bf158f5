"""How much a word says: inverse document frequency that holds on a corpus of any size.

On five passages every word is as rare as any other, so the corpus's own counts are blended
with how often the word occurs in the language at large (wordfreq), as if that many passages
of general text had been read before.
"""

from __future__ import annotations

import math
from functools import lru_cache

# Weight of general text, in passages: some thousand of them give a language's rare words their
# weight, and a corpus of a hundred thousand outweighs them.
PRIOR_PASSAGES = 1000
_WORDS_IN_A_PASSAGE = 120


def inverse_document_frequency(
    word: str, language: str, document_frequency: int, passages: int
) -> float:
    """Positive; larger for rarer words.

    :param document_frequency: how many of the corpus's `passages` hold the word; an index of
        words that was changed may count some that are gone.

    The form is BM25's (Robertson & Zaragoza 2009, eq. 3.3), with pseudo-counts.
    """
    expected = 1 - math.exp(-_frequency(word, language) * _WORDS_IN_A_PASSAGE)
    holding = min(document_frequency, passages) + PRIOR_PASSAGES * expected
    return math.log(1 + (passages + PRIOR_PASSAGES - holding + 0.5) / (holding + 0.5))


@lru_cache(maxsize=50_000)
def _frequency(word: str, language: str) -> float:
    """Share of the words of running text that are this one; 0 where nothing is known."""
    import wordfreq  # here, because it is seldom needed at import and takes 0.2 s

    try:
        return wordfreq.word_frequency(word, language, wordlist="small")
    # No list for this language, or one that needs a tokenizer of its own (Chinese, Japanese).
    except (LookupError, ImportError):
        return 0.0
