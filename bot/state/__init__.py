"""What the bot must not forget: chats, subscriptions, what was matched, the outbox."""
