"""A language model's server on loopback: OpenAI's chat completions, well or badly behaved."""

from .recording import Request
from .replies import (
    Behaviour,
    Reply,
    breaks_off,
    empty,
    endless,
    ends_early,
    fails,
    fails_midway,
    garbage,
    holds,
    html_error,
    says,
    slow,
    speaks,
    stalls,
    too_long,
    trails_off,
)
from .server import LanguageModelServer

__all__ = [
    "Behaviour",
    "LanguageModelServer",
    "Reply",
    "Request",
    "breaks_off",
    "empty",
    "endless",
    "ends_early",
    "fails",
    "fails_midway",
    "garbage",
    "holds",
    "html_error",
    "says",
    "slow",
    "speaks",
    "stalls",
    "too_long",
    "trails_off",
]
