"""Logging, configured by entry points alone. No secret gets into a log."""

from __future__ import annotations

import logging
from collections.abc import Sequence

# Their INFO lines are of no use to an admin; httpx writes the bot token in each of its own.
_QUIET = (
    "httpx", "httpcore", "openvino", "sentence_transformers", "transformers", "faiss", "alembic",
    "sqlalchemy", "aiosqlite", "openai", "anthropic", "mistralai", "google_genai", "ollama",
)  # fmt: skip


def configure_logging(level: str, secrets: Sequence[str] = ()) -> None:
    """Log to stderr from `level` on, every secret replaced by stars, in traces too."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Redacting(secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Its DEBUG lines hold whole updates, and so people's questions.
    logging.getLogger("telegram").setLevel(logging.INFO)


class _Redacting(logging.Formatter):
    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = [secret for secret in secrets if secret]

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text
