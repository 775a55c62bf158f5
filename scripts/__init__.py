"""Command lines over the packages `index` and `bot`."""
