"""Where the statements of a draft end."""

from __future__ import annotations

from bot.answering.writing.drafts import DraftParser


def test_a_german_date_ends_no_statement_wherever_the_stream_pauses() -> None:
    parser = DraftParser()
    pieces = ["Am Sonntag, 9.", " Juli, siegte das Ja [1]. Der 3.", " Anlauf gelang [2]."]
    drafts = [draft for piece in pieces for draft in parser.feed(piece)]
    drafts += parser.close()
    assert [(draft.text, draft.numbers) for draft in drafts] == [
        ("Am Sonntag, 9. Juli, siegte das Ja.", (1,)),
        ("Der 3. Anlauf gelang.", (2,)),
    ]
