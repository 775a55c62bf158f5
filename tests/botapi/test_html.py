"""Telegram's HTML parse mode, good and bad."""

import html as standard

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from . import Entity, ParseError, parse_html
from .text import utf16_length


@pytest.mark.parametrize(
    ("markup", "text", "entities"),
    [
        ("", "", []),
        ("<b>a</b>", "a", [Entity("bold", 0, 1)]),
        ("<STRONG>a</Strong>", "a", [Entity("bold", 0, 1)]),
        ("<i>a</i><em>b</em>", "ab", [Entity("italic", 0, 2)]),
        ("<u>a</u> <ins>b</ins>", "a b", [Entity("underline", 0, 1), Entity("underline", 2, 1)]),
        ("<s>a</s><strike>b</strike><del>c</del>", "abc", [Entity("strikethrough", 0, 3)]),
        ("<tg-spoiler>a</tg-spoiler>", "a", [Entity("spoiler", 0, 1)]),
        ('<span class="tg-spoiler">a</span>', "a", [Entity("spoiler", 0, 1)]),
        ("<b>a<i>b</i></b>", "ab", [Entity("bold", 0, 2), Entity("italic", 1, 1)]),
        ("<i><b>a</b></i>", "a", [Entity("bold", 0, 1), Entity("italic", 0, 1)]),
        ("😀<b>🇫🇷</b>é", "😀🇫🇷é", [Entity("bold", 2, 4)]),
        ("<b></b>a", "a", []),
        ("<b>a</>", "a", [Entity("bold", 0, 1)]),
        ("<b >a</b >", "a", [Entity("bold", 0, 1)]),
        ("<b class='x'>a</b>", "a", [Entity("bold", 0, 1)]),
        ("a > b", "a > b", []),
        ("&lt;&gt;&amp;&quot;", '<>&"', []),
        ("&lt&amp;lt;", "<&lt;", []),
        ("&laquo;a&nbsp;&apos;&copy;", "&laquo;a&nbsp;&apos;&copy;", []),
        ("&#233;&#xe9;&#x1F600;<b>a</b>", "éé😀a", [Entity("bold", 4, 1)]),
        ("&#0;&#12345678;&;&", "&#0;&#12345678;&;&", []),
        ("<code>a &lt; b</code>", "a < b", [Entity("code", 0, 5)]),
        ("<pre>a</pre>", "a", [Entity("pre", 0, 1)]),
        (
            '<pre><code class="language-python">a</code></pre>',
            "a",
            [Entity("pre", 0, 1, language="python")],
        ),
        ("<pre><code>a</code></pre>", "a", [Entity("pre", 0, 1)]),
        ('<pre>a <code class="language-c">b</code></pre>', "a b", [Entity("pre", 0, 3)]),
        ("<code><b>a</b></code>", "a", [Entity("code", 0, 1)]),
        (
            "<b>a<code>b</code>c</b>",
            "abc",
            [Entity("bold", 0, 1), Entity("code", 1, 1), Entity("bold", 2, 1)],
        ),
        ("<blockquote>a</blockquote>", "a", [Entity("blockquote", 0, 1)]),
        (
            "<blockquote expandable>a <b>b</b></blockquote>",
            "a b",
            [Entity("expandable_blockquote", 0, 3), Entity("bold", 2, 1)],
        ),
        (
            '<tg-emoji emoji-id="5368324170671202286">👍</tg-emoji>',
            "👍",
            [Entity("custom_emoji", 0, 2, custom_emoji_id="5368324170671202286")],
        ),
        (
            '<a href="https://A.example?x=1&amp;y=&quot;">a</a>',
            "a",
            [Entity("text_link", 0, 1, url='https://a.example/?x=1&y="')],
        ),
        ("<a href='a.example/é'>a</a>", "a", [Entity("text_link", 0, 1, url="http://a.example/é")]),
        ("<a>a.example</a>", "a.example", [Entity("text_link", 0, 9, url="http://a.example/")]),
        (
            "<a href='tg://resolve?domain=x'>a</a>",
            "a",
            [Entity("text_link", 0, 1, url="tg://resolve?domain=x")],
        ),
        ("<a href='javascript:alert(1)'>a</a>", "a", []),
        ("<a href='http://localhost/'>a</a>", "a", []),
        (" \n <b>a</b> \n", "a", [Entity("bold", 0, 1)]),
        ("\n<b> a </b>\n", " a", [Entity("bold", 0, 2)]),
        ("a<b> </b>", "a", []),
        ("\u00a0a\u00a0", "\u00a0a\u00a0", []),
        ("a\tb\r\nc\u202e<b>d</b>", "a b\ncd", [Entity("bold", 5, 1)]),
    ],
)
def test_good_markup(markup: str, text: str, entities: list[Entity]) -> None:
    assert parse_html(markup) == (text, entities)


@pytest.mark.parametrize(
    ("markup", "reason"),
    [
        ("é<b", "Unclosed start tag at byte offset 2"),
        ("<p>a</p>", 'Unsupported start tag "p" at byte offset 0'),
        ("a<br>", 'Unsupported start tag "br" at byte offset 1'),
        ("1 < 2 > 0", 'Unsupported start tag "" at byte offset 2'),
        ("1 <2", "Unclosed start tag at byte offset 2"),
        ("<!-- a -->", 'Unsupported start tag "!--" at byte offset 0'),
        ("</b>", "Unexpected end tag at byte offset 0"),
        ("<b>a</b", "Unclosed end tag at byte offset 4"),
        ("<b>a</b c>", "Unclosed end tag at byte offset 4"),
        ("<b>a", "Can't find end tag corresponding to start tag b"),
        (
            "<b><i>a</b></i>",
            'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"',
        ),
        ("<b>a</strong>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</strong>"'),
        ("<a href>a</a>", 'Expected equal sign in declaration of an attribute of the tag "a" at '),
        ("<b expandable>a</b>", "Expected equal sign in declaration of an attribute of the tag"),
        ("<b =x>a</b>", 'Empty attribute name in the tag "b" at byte offset 0'),
        ("<a href=", 'Unclosed start tag "a" at byte offset 0'),
        ("<a ", "Unclosed start tag at byte offset 0"),
        ("<a href='a.example>a</a>", "Unclosed start tag at byte offset 0"),
        ("<a href='a.example'", "Unclosed start tag at byte offset 0"),
        ("<a href=http://a.example>a</a>", "Unexpected end of name token at byte offset 8"),
        ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<tg-emoji>a</tg-emoji>", "Invalid custom emoji identifier specified"),
        (
            "<blockquote>a<blockquote>b</blockquote></blockquote>",
            "Nested blockquote at byte offset 13",
        ),
        ("&#xD83D;", "Text contains invalid Unicode characters after decoding HTML entities"),
    ],
)
def test_bad_markup(markup: str, reason: str) -> None:
    with pytest.raises(ParseError) as refused:
        parse_html(markup)
    assert str(refused.value).startswith(f"can't parse entities: {reason}")


@settings(deadline=None)
@given(st.text())
def test_escaped_text_is_plain_text(words: str) -> None:
    escaped = standard.escape(words, quote=False)
    assert parse_html(escaped) == parse_html(escaped.replace("&lt;", "&#60;"))
    assert parse_html(escaped)[1] == []


@settings(deadline=None)
@given(st.text(alphabet="<>/abi \n&;#x\"'=é😀", max_size=40))
def test_any_markup_parses_or_is_refused(markup: str) -> None:
    try:
        text, entities = parse_html(markup)
    except ParseError:
        return
    for entity in entities:
        assert 0 <= entity.offset < entity.end <= utf16_length(text)
