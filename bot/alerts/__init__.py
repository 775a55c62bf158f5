"""Topics that chats follow, and what they are told of them. Knows nothing of Telegram."""
