"""What the server may do with a request. Each is used for streams and for whole answers."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from threading import Event
from typing import Literal

from .protocol import error_body
from .recording import JsonDict, Request


class Ending(Enum):
    """What follows the last piece of an answer."""

    STOP = "stop"
    LENGTH = "length"
    SILENCE = "nothing, until the client hangs up or the server closes"
    HANG_UP = "the connection closes without the end of the answer"
    ERROR = "an error in the stream"
    NO_END = "nothing that says so, and the connection stays"
    AGAIN = "the first piece, and so on until the client hangs up"


@dataclass(frozen=True, slots=True)
class Answer:
    """Words of the model. Nothing is written for `before` seconds and until `start` is set.

    `pause` seconds lie between two pieces, and the last one waits for `until`.
    """

    pieces: tuple[str, ...]
    ending: Ending = Ending.STOP
    before: float = 0.0
    start: Event | None = None
    pause: float = 0.0
    until: Event | None = None
    error: JsonDict = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """A status and the error as JSON; `{model}` and `{key}` are the request's."""

    status: int
    body: JsonDict
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """The status with a page of HTML."""

    status: int


@dataclass(frozen=True, slots=True)
class Garbage:
    """200 and a body, or an event of the stream, that the protocol does not know."""

    content: str


Behaviour = Answer | Failure | Page | Garbage
Reply = Behaviour | Callable[[Request], Behaviour]


def says(
    text: str,
    pieces: Sequence[str] | None = None,
    pause: float = 0.0,
    until: Event | None = None,
) -> Answer:
    """The text, streamed in words or in these pieces; the last piece waits for `until`."""
    if pieces is not None and "".join(pieces) != text:
        raise ValueError("the pieces are not the text")
    return Answer(_words(text) if pieces is None else tuple(pieces), pause=pause, until=until)


def slow(text: str, before: float) -> Answer:
    """The text, after `before` seconds without a byte."""
    return Answer(_words(text), before=before)


def holds(event: Event, text: str = "Voilà.") -> Answer:
    """The text, without a byte until the event is set."""
    return Answer(_words(text), start=event)


def stalls(text: str) -> Answer:
    """The text, then nothing until the client hangs up or the server closes."""
    return Answer(_words(text), Ending.SILENCE)


def breaks_off(text: str) -> Answer:
    """The text, then the connection closes in the middle of the answer."""
    return Answer(_words(text), Ending.HANG_UP)


def trails_off(text: str) -> Answer:
    """The text, then nothing but an orderly end of HTTP: no finish_reason and no [DONE]."""
    return Answer(_words(text), Ending.NO_END)


def ends_early(text: str) -> Answer:
    """The text, which the bound on tokens has cut."""
    return Answer(_words(text), Ending.LENGTH)


def empty() -> Answer:
    """A well-formed answer without a word."""
    return Answer(())


def endless(sentence: str, pause: float = 0.001) -> Answer:
    """The sentence again and again until the client hangs up; without stream, never a byte.

    `pause` seconds lie between two sentences: a stream at full speed starves the client's loop.
    """
    return Answer((sentence,), Ending.AGAIN, pause=pause)


def fails_midway(text: str, message: str = "EngineCore encountered an issue.") -> Answer:
    """The text, then an error in the stream as vLLM sends it; without stream, 500."""
    error = error_body(message, "InternalServerError", code=500)
    return Answer(_words(text), Ending.ERROR, error=error)


def speaks(answer: Callable[[Request], str]) -> Callable[[Request], Behaviour]:
    """The text computed from the request."""
    return lambda request: says(answer(request))


def fails(
    status: int,
    message: str | None = None,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Failure:
    """The status with the error OpenAI sends, or another one with the same status.

    `fails(429, code="insufficient_quota")` is the spent quota; `{"Retry-After": "1"}` is a header.
    """
    words, kind, usual = _USUAL.get((status, code), _USUAL.get((status, None), _ANY))
    body = error_body(message or words, kind, code=code or usual)
    return Failure(status, body, headers or {})


def html_error(status: int) -> Page:
    """The page of a proxy. With 200, that of a network that wants a log-in first."""
    return Page(status)


def garbage(content: str = '{"id": "chatcmpl-1", "choi') -> Garbage:
    """200 with this instead of the answer, as the body or as an event: by default broken JSON."""
    return Garbage(content)


def too_long(by: Literal["openai", "llama.cpp", "vllm"] = "openai") -> Failure:
    """400, in each server's words: the messages exceed the context."""
    return Failure(400, _TOO_LONG[by])


def _words(text: str) -> tuple[str, ...]:
    """The text in words, each with the white space before it, as tokens come."""
    return tuple(re.findall(r"\s*\S+|\s+$", text))


_INVALID = "invalid_request_error"
_ANY = ("Something went wrong.", "api_error", None)
# By status and code; without a code, the most usual error of the status.
_USUAL: dict[tuple[int, str | None], tuple[str, str, str | None]] = {
    (400, None): ("We could not parse the JSON body of your request.", _INVALID, None),
    (400, "context_length_exceeded"): (
        "This model's maximum context length is 4097 tokens. However, your messages resulted in "
        "5012 tokens. Please reduce the length of the messages.",
        _INVALID,
        None,
    ),
    (401, None): (
        "Incorrect API key provided: {key}. You can find your API key at "
        "https://platform.openai.com/account/api-keys.",
        _INVALID,
        "invalid_api_key",
    ),
    (403, None): (
        "Country, region, or territory not supported",
        "request_forbidden",
        "unsupported_country_region_territory",
    ),
    (404, None): (
        "The model `{model}` does not exist or you do not have access to it.",
        _INVALID,
        "model_not_found",
    ),
    (429, None): (
        "Rate limit reached for {model} in organization org-test on requests per min (RPM): "
        "Limit 3, Used 3, Requested 1. Please try again in 20s.",
        "requests",
        "rate_limit_exceeded",
    ),
    (429, "insufficient_quota"): (
        "You exceeded your current quota, please check your plan and billing details.",
        "insufficient_quota",
        None,
    ),
    (500, None): (
        "The server had an error while processing your request. Sorry about that!",
        "server_error",
        None,
    ),
    (503, None): (
        "That model is currently overloaded with other requests. You can retry your request.",
        "server_error",
        None,
    ),
}
_TOO_LONG: dict[str, JsonDict] = {
    "openai": fails(400, code="context_length_exceeded").body,
    "llama.cpp": {
        "error": {
            "code": 400,
            "message": "request (5012 tokens) exceeds the available context size (4096 tokens), "
            "try increasing it",
            "type": "exceed_context_size_error",
            "n_prompt_tokens": 5012,
            "n_ctx": 4096,
        }
    },
    "vllm": error_body(
        "This model's maximum context length is 4096 tokens. However, you requested 5268 tokens "
        "(5012 in the messages, 256 in the completion). Please reduce the length of the messages "
        "or completion.",
        "BadRequestError",
        code=400,
    ),
}
