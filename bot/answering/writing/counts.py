"""What became of the answers asked of a language model, since the start."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counts:
    """Counted in memory, for the log and for admins."""

    requests: int = 0  # sent to the provider, rewritings included
    written: int = 0  # answers shown as the model wrote them
    shared: int = 0  # questions answered by what another one had paid for
    kept: int = 0  # statements that held
    refused: int = 0  # the model said that the passages hold no answer
    stopped: int = 0  # by the reader
    dropped: Counter[str] = field(default_factory=Counter)  # statements, by flaw
    failures: Counter[str] = field(default_factory=Counter)  # requests, by failure
    quoted: int = 0  # answers quoted in place of written ones
