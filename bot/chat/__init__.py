"""The conversation, and how it is shown: in Telegram and in a terminal."""
