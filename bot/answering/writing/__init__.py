"""Answers written by a language model, every statement checked before anyone sees it."""
