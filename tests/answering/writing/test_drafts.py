"""Where the sentences of a draft, and of a German passage, end."""

from __future__ import annotations

from bot.answering.writing.drafts import joined_at_ordinals
from index.sentences import sentence_spans


def test_a_date_with_an_ordinal_ends_no_sentence() -> None:
    text = "Am Sonntag, 9. Juli, siegte das Ja. Der 3. Anlauf gelang. Es blieb bei 2,5."
    spans = joined_at_ordinals(sentence_spans(text), lambda start, end: text[start:end])
    assert [text[start:end] for start, end in spans] == [
        "Am Sonntag, 9. Juli, siegte das Ja.",
        "Der 3. Anlauf gelang.",
        "Es blieb bei 2,5.",
    ]
