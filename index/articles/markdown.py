"""Articles in Markdown: front matter, and the words without their marks."""

from __future__ import annotations

import html
import re
from functools import cache
from typing import TYPE_CHECKING

from index.articles.draft import Draft
from index.articles.text import decode

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

_UNSEEN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style|template)\b.*?(?:</\1\s*>|\Z)", re.S | re.I)
_BREAK = re.compile(r"<br\s*/?>", re.I)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<[?!][^<>]*>")


def read(data: bytes) -> Draft:
    """The title is the front matter's, or else the first heading of the first level."""
    # Imported here: front matter brings in the YAML library.
    from index.articles.front_matter import split_front_matter, with_front_matter

    fields, source = split_front_matter(
        decode(data).replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    )
    text, title = to_plain_text(source)
    return with_front_matter(fields, text, title)


def to_plain_text(source: str) -> tuple[str, str | None]:
    """The text a reader sees, blocks separated by a blank line, and its first `# heading`.

    Lines broken in the source run on, as Markdown has it; list items and table rows have a
    line each, bullets and numbers kept; images are left out.
    """
    # Imported here: a command that reads no Markdown should not pay for the parser.
    from markdown_it.tree import SyntaxTreeNode

    root = SyntaxTreeNode(_parser().parse(source))
    title = next((_inline(node) for node in root.children if node.tag == "h1"), None)
    return "\n\n".join(filter(None, map(_block, root.children))), title


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def _block(node: SyntaxTreeNode) -> str:
    match node.type:
        case "fence" | "code_block":
            return node.content.strip("\n")
        case "html_block":
            return _without_tags(node.content).strip()
        case "hr":
            return ""
        case "bullet_list" | "ordered_list":
            return "\n".join(filter(None, map(_item, node.children)))
        case "table":
            return "\n".join(_row(row) for part in node.children for row in part.children)
        case "paragraph" | "heading":
            return _inline(node)
        case _:
            return "\n\n".join(filter(None, map(_block, node.children)))


def _item(node: SyntaxTreeNode) -> str:
    text = "\n".join(filter(None, map(_block, node.children)))
    mark = f"{node.info}{node.markup}" if node.info else "-"
    return f"{mark} {text}" if text else ""


def _row(row: SyntaxTreeNode) -> str:
    return "\t".join(_inline(cell) for cell in row.children).strip()


def _inline(node: SyntaxTreeNode) -> str:
    match node.type:
        case "text" | "code_inline":
            return node.content
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "html_inline":
            return _without_tags(node.content)
        case "image":
            return ""
        case _:
            text = "".join(map(_inline, node.children))
            return text.strip() if node.type in ("paragraph", "heading", "th", "td") else text


def _without_tags(source: str) -> str:
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", _UNSEEN.sub("", source))))
