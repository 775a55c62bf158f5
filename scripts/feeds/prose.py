"""The words of an entry: HTML to paragraphs, and text without what cannot be written."""

from __future__ import annotations

import re
import unicodedata

from lxml import etree

_UNSEEN = frozenset(
    "script style template noscript iframe object embed svg math head title button select "
    "textarea audio video canvas map".split()
)
_BLOCKS = frozenset(
    "address article aside blockquote body center dd details div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hr html main nav ol p pre section summary "
    "table ul".split()
)
# Marks of structure, put between texts that are free of them.
_LINE, _BREAK, _PARAGRAPH, _CELL = "\x01", "\x02", "\x03", "\t"
_BREAKS = re.compile(f"{_BREAK}(?:[ {_LINE}]*{_BREAK})+")
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_UNWRITABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")


def clean(text: str) -> str:
    """NFC, every line end a `\\n`, no control character but tabs, no half of a surrogate pair.

    Such characters have no place in a text file; nothing that can be read is altered.
    """
    return unicodedata.normalize("NFC", _UNWRITABLE.sub("", _LINE_ENDS.sub("\n", text)))


def on_one_line(text: str) -> str:
    """The text, cleaned, any blank space in it a single space."""
    return " ".join(clean(text).split())


def text_of_plain(source: str) -> str:
    """Paragraphs of a plain text, a blank line between them; its line breaks run on."""
    paragraphs = (on_one_line(part) for part in re.split(r"\n[ \t]*\n", clean(source)))
    return "\n\n".join(filter(None, paragraphs))


def text_of_html(source: str) -> str:
    """The words of some HTML: paragraphs, a blank line between them; `<br>`, items and rows
    have a line each.

    Items begin with "- ", cells are separated by tabs, images and scripts leave nothing.
    """
    parser = etree.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True
    )
    root = etree.fromstring(f"<body>{clean(source)}</body>".encode(), parser)
    return "" if root is None else _laid_out("".join(_pieces(root)))


def _pieces(root: etree._Element) -> list[str]:
    """The texts of a tree in order, with marks between them."""
    pieces: list[str] = []
    items = cells = verbatim = 0  # how many such elements are open
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        tag = element.tag if isinstance(element.tag, str) else ""
        opening = event == "start"
        step = 1 if opening else -1
        if tag in ("td", "th"):
            cells += step
            pieces.append(_CELL)
        elif tag == "br":
            pieces.append((" " if cells else _BREAK) if opening else "")
        elif tag == "tr":
            pieces.append(" " if cells else _LINE)
        elif tag == "li":
            items += step
            pieces.append(f"{_LINE}- " if opening else _LINE)
        elif tag in _BLOCKS:
            pieces.append(" " if cells else _LINE if items else _PARAGRAPH)
        verbatim += step * (tag == "pre")
        if opening and tag in _UNSEEN:
            walker.skip_subtree()
        else:
            pieces.append(_run((element.text if opening else element.tail) or "", verbatim > 0))
    return pieces


def _run(text: str, verbatim: bool) -> str:
    text = clean(text)
    return text.replace("\n", _BREAK) if verbatim else re.sub(r"[ \t\n]+", " ", text)


def _laid_out(text: str) -> str:
    """The text with line ends for marks; two breaks in a row end a paragraph."""
    paragraphs = map(_lines, _BREAKS.sub(_PARAGRAPH, text).split(_PARAGRAPH))
    return unicodedata.normalize("NFC", "\n\n".join(filter(None, paragraphs)))


def _lines(paragraph: str) -> str:
    lines: list[str] = []
    for line in re.split(f"[{_LINE}{_BREAK}]", paragraph):
        line = re.sub(r" *\t[ \t]*", "\t", re.sub(" {2,}", " ", line)).strip()
        if line and lines and lines[-1] == "-":
            lines[-1] = f"- {line}"  # the item begins with a paragraph of its own
        elif line:
            lines.append(line)
    return "\n".join(line for line in lines if line != "-")
