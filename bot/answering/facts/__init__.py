"""Which facts of a statement do not stand in the passage it cites."""

from bot.answering.facts.check import has_figure, missing_facts
from bot.answering.facts.model import Fact, FactKind, Ground

__all__ = ["Fact", "FactKind", "Ground", "has_figure", "missing_facts"]
