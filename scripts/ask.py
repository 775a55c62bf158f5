"""Ask the corpus one question.

    python scripts/ask.py "Que coûtera la ligne D du tram ?"
    python scripts/ask.py --json "How many turbines are planned?" | jq .statements
    python scripts/ask.py --articles ~/archives/2024 "Qui a signé l'accord ?"

Exit status: 0 answered, 3 the corpus holds no answer, 2 an error, told in one line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bot.answerer import open_answerer
from bot.answering.answer import Answer, ArticleReference
from bot.chat.reply import answer_reply
from bot.chat.terminal import as_text
from bot.settings import Settings
from scripts.common import ERRORS, corpus_settings, describe, quiet_logging

ANSWERED, ERROR, ABSTAINED = 0, 2, 3


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    quiet_logging()
    started = time.monotonic()
    if not arguments.question.strip():
        print("ask.py: the question is empty: give one, in quotation marks", file=sys.stderr)
        return ERROR
    try:
        settings = corpus_settings(arguments.articles)
        answer = asyncio.run(_answer(settings, arguments.question))
    except ERRORS as error:
        print(f"ask.py: {describe(error)}", file=sys.stderr)
        return ERROR
    if arguments.json:
        print(json.dumps(as_json(answer, time.monotonic() - started), ensure_ascii=False, indent=2))
    else:
        print(as_text(answer_reply(answer)))
    return ABSTAINED if answer.abstained else ANSWERED


async def _answer(settings: Settings, question: str) -> Answer:
    answerer = open_answerer(settings)
    return await answerer.answer(question, settings.ui_language)


def as_json(answer: Answer, seconds: float) -> dict[str, Any]:
    """The answer as --json prints it."""
    fields: dict[str, Any] = {
        "question": answer.question,
        "language": answer.question_language,
        "abstained": answer.abstained,
        "seconds": round(seconds, 3),
        "statements": [
            {"text": statement.text, "citations": list(statement.citations)}
            for statement in answer.statements
        ],
        "citations": [
            {
                "number": citation.number,
                **_reference(citation.article),
                "copies": [_reference(copy) for copy in citation.evidence.copies],
                "start": citation.start,
                "end": citation.end,
                "quote": citation.quote,
            }
            for citation in answer.citations
        ],
    }
    if answer.abstained:
        fields["nearest"] = [_reference(article) for article in answer.nearest]
    return fields


def _reference(article: ArticleReference) -> dict[str, Any]:
    fields = asdict(article)
    fields["article_id"] = fields.pop("id")
    fields["published"] = article.published.isoformat() if article.published else None
    return fields


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("question", help="in any language, in quotation marks")
    parser.add_argument("--json", action="store_true", help="the answer with its offsets, as JSON")
    parser.add_argument(
        "--articles",
        type=Path,
        metavar="DIR",
        help="ask the articles of this folder instead; indexed on first use and when they change",
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
