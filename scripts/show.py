"""Print a stored article, so that anyone can check a citation.

    python scripts/show.py sample/tram/04-310-millions.html
    python scripts/show.py --json ID | jq -r '.body[120:180]'

Exit status: 0 shown, 2 an error, told in one line.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from index.articles.article import Article
from index.generations import open_store
from scripts.common import ERRORS, corpus_settings, describe, quiet_logging

SHOWN, ERROR = 0, 2


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    quiet_logging()
    try:
        settings = corpus_settings(arguments.articles)
        wanted = arguments.article_id.encode("utf-8", "replace").decode("utf-8")
        article = open_store(settings.index_dir).article(wanted)
    except ERRORS as error:
        print(f"show.py: {describe(error)}", file=sys.stderr)
        return ERROR
    if article is None:
        print(f"show.py: no article {wanted!r} in the index", file=sys.stderr)
        return ERROR
    if arguments.json:
        fields = asdict(article)
        fields["published"] = article.published.isoformat() if article.published else None
        print(json.dumps(fields, ensure_ascii=False, indent=2))
    else:
        print(_as_text(article))
    return SHOWN


def _as_text(article: Article) -> str:
    about = [article.source, article.author, article.published, article.language, article.url]
    line = " · ".join(str(item) for item in about if item)
    return f"{article.title}\n{line}\n\n{article.body}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("article_id", help="as ask.py --json gives it")
    parser.add_argument("--json", action="store_true", help="every field, as JSON")
    parser.add_argument(
        "--articles", type=Path, metavar="DIR", help="the folder that ask.py was given"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
