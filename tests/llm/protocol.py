"""The JSON of OpenAI's chat completions, as the API reference gives it."""

from collections.abc import Iterable

from .recording import JsonDict, Request

_ID = "chatcmpl-test"
_CREATED = 1_750_000_000  # seconds since 1970


def error_body(message: str, kind: str, code: str | int | None = None) -> JsonDict:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def refusal_of(body: object) -> str | None:
    """Why a request is no request for a completion, or None."""
    if not isinstance(body, dict) or not isinstance(body.get("model"), str):
        return "you must provide a model parameter"
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return "Invalid 'messages': expected an array with at least one item."
    for place, message in enumerate(messages):
        if not isinstance(message, dict) or "role" not in message or "content" not in message:
            return f"Invalid 'messages[{place}]': expected an object with a role and a content."
    return None


def completion(request: Request, text: str, finish: str | None) -> JsonDict:
    """The whole answer to a request without stream."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text, "refusal": None},
        "logprobs": None,
        "finish_reason": finish,
    }
    return {**_envelope(request, "chat.completion", [choice]), "usage": _usage(request, text)}


def opening(request: Request) -> JsonDict:
    """The first event: who speaks."""
    return _chunk(request, {"role": "assistant", "content": "", "refusal": None}, None)


def delta(request: Request, piece: str) -> JsonDict:
    """The event of one piece."""
    return _chunk(request, {"content": piece}, None)


def closing(request: Request, text: str, finish: str) -> list[JsonDict]:
    """The events after the last piece; [DONE] follows."""
    end = _chunk(request, {}, finish)
    if not request.with_usage:
        return [end]
    usage = {**_envelope(request, "chat.completion.chunk", []), "usage": _usage(request, text)}
    return [end, usage]


def models(names: Iterable[str]) -> JsonDict:
    owned = {"object": "model", "created": _CREATED, "owned_by": "depeche"}
    return {"object": "list", "data": [{"id": name, **owned} for name in names]}


def _chunk(request: Request, words: JsonDict, finish: str | None) -> JsonDict:
    choice = {"index": 0, "delta": words, "logprobs": None, "finish_reason": finish}
    chunk = _envelope(request, "chat.completion.chunk", [choice])
    return {**chunk, "usage": None} if request.with_usage else chunk


def _envelope(request: Request, kind: str, choices: list[JsonDict]) -> JsonDict:
    return {
        "id": _ID,
        "object": kind,
        "created": _CREATED,
        "model": request.model,
        "system_fingerprint": None,
        "choices": choices,
    }


def _usage(request: Request, text: str) -> JsonDict:
    """Words stand for tokens."""
    read, written = len(request.text.split()), len(text.split())
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
    }
