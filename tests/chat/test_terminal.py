"""Replies in a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.markup import Block, Button, Reply, Span, message, paragraph
from bot.chat.terminal import as_text, numbered_buttons

_TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.characters(max_codepoint=0x9F))


@given(_TEXT, _TEXT, st.integers(20, 120))
def test_nothing_that_would_steer_a_terminal_gets_there(text: str, label: str, width: int) -> None:
    reply = Reply(
        (paragraph(text), Block((Span(text, bold=True),), quotation=True)),
        ((Button(label, url=f"https://a.example/{label}"),),),
    )
    controls = {c for c in as_text(reply, width) if unicodedata.category(c) == "Cc"}
    assert controls <= {"\n", "\t"}


@given(st.lists(st.text("abc€👍", min_size=1, max_size=15), min_size=1), st.integers(20, 120))
def test_lines_keep_to_the_width_and_no_word_is_lost(words: list[str], width: int) -> None:
    shown = as_text(message(" ".join(words)), width)
    assert shown.split() == words
    assert all(len(line) <= width for line in shown.split("\n"))


@pytest.mark.parametrize("text", ["\x1b[2J\x1b[31mrouge", "a\x07\x08b", "\x9b31m", "\x00"])
def test_escape_sequences_are_defused(text: str) -> None:
    shown = as_text(message(text))
    assert not set(shown) & set("\x1b\x07\x08\x9b\x00")


def test_a_reply_is_laid_out_for_reading() -> None:
    reply = Reply(
        (
            paragraph(Span("Combien ?", bold=True)),
            paragraph("Beaucoup [1]"),
            Block((Span("Cela "), Span("coûte", bold=True)), quotation=True, tight=True),
        ),
        (
            (Button("Lire [1]", url="https://a.example/"), Button("Lire [2]", action="read:x")),
            (Button("Plus de sources", action="more"),),
        ),
    )
    assert as_text(reply) == (
        "Combien ?\n\nBeaucoup [1]\n  │ Cela **coûte**\n\n"
        "  (1) Lire [1]: https://a.example/\n  (2) Lire [2]\n  (3) Plus de sources"
    )
    labels = [button.label for button in numbered_buttons(reply)]
    assert labels == ["Lire [1]", "Lire [2]", "Plus de sources"]
