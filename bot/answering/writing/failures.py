"""What can go wrong with a language model, whatever package speaks to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum


class Failure(StrEnum):
    """Why a language model gave no answer."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    RATE_LIMITED = "rate limited"
    KEY = "key refused"
    UNKNOWN_MODEL = "unknown model"
    CONTEXT = "context too long"
    SERVER = "server error"  # or an answer that is not of the protocol
    RESTING = "resting"  # it failed too often of late to be asked
    EMPTY = "empty"
    FORMAT = "not in the asked format"
    LANGUAGE = "another language"
    UNSUPPORTED = "not supported"  # by the passages it was given


# As OpenAI, Anthropic, Mistral, Google, vLLM, llama.cpp and Ollama word it, by 400 or 413.
_TOO_LONG = re.compile(
    r"context[ _-]?(?:length|window|size)|maximum context|too (?:long|many tokens|large)"
    r"|exceeds? .{0,40}(?:context|token)|token (?:count|limit)",
    re.IGNORECASE,
)
_NAMED = {  # by class: where no status came, or before one is looked at
    "timeout": Failure.TIMEOUT,
    "connect": Failure.UNREACHABLE,
    "networkerror": Failure.UNREACHABLE,
    "protocolerror": Failure.UNREACHABLE,
    "readerror": Failure.UNREACHABLE,
}
_STATUS = {
    401: Failure.KEY,
    403: Failure.KEY,
    404: Failure.UNKNOWN_MODEL,
    408: Failure.TIMEOUT,
    413: Failure.CONTEXT,
    429: Failure.RATE_LIMITED,
}


def failure_of(error: BaseException) -> Failure:
    """What an error of a provider's package means."""
    for cause in _causes(error):
        status = _status(cause)
        if status is not None:
            if status == 400 and _TOO_LONG.search(str(cause)):
                return Failure.CONTEXT
            if status == 400 and "api key" in str(cause).lower():  # Google's way
                return Failure.KEY
            return _STATUS.get(status, Failure.SERVER)
        name = type(cause).__name__.lower()
        for part, failure in _NAMED.items():
            if part in name:
                return failure
    # A server that streams may say so after it has begun, without a status.
    return Failure.CONTEXT if _TOO_LONG.search(str(error)) else Failure.SERVER


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def _status(error: BaseException) -> int | None:
    """The HTTP status that an error carries, by any of the names it goes by."""
    for holder in (error, getattr(error, "response", None)):
        for name in ("status_code", "code"):
            status = getattr(holder, name, None)
            if isinstance(status, int) and 400 <= status < 600:
                return status
    return None
