"""The corpus and how it is searched. Knows nothing of Telegram or of language models."""
