"""From a question to an answer with citations. Knows nothing of Telegram."""
