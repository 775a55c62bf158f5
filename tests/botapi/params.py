"""The parameters of a call, however they were encoded."""

import json
from email.message import Message
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qsl

from .text import JsonDict

# Strings as they stand; every other parameter of a form is JSON where it reads as JSON.
_STRINGS = frozenset(
    {
        "action",
        "callback_query_id",
        "caption",
        "description",
        "inline_message_id",
        "language_code",
        "name",
        "parse_mode",
        "short_description",
        "text",
        "url",
    }
)


def decode_params(content_type: str, query: str, body: bytes) -> JsonDict:
    """Query string and body together; numbers, booleans and objects decoded, files as bytes.

    Raises ValueError for a body that is not what its content type says.
    """
    fields: JsonDict = dict(parse_qsl(query, keep_blank_values=True))
    if content_type.startswith("application/json"):
        sent = json.loads(body) if body else {}
        if not isinstance(sent, dict):
            raise ValueError("the body is not a JSON object")
        fields |= sent
    elif content_type.startswith("multipart/form-data"):
        fields |= _multipart(content_type, body)
    else:
        fields |= parse_qsl(body.decode(), keep_blank_values=True)
    return {name: _value(name, value) for name, value in fields.items()}


def _value(name: str, value: Any) -> Any:
    if name in _STRINGS or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _multipart(content_type: str, body: bytes) -> dict[str, str | bytes]:
    header = f"Content-Type: {content_type}\r\n\r\n".encode()
    fields: dict[str, str | bytes] = {}
    for part in BytesParser().parsebytes(header + body).walk():
        name = part.get_param("name", header="content-disposition")
        if not part.is_multipart() and isinstance(name, str):
            content = _content(part)
            fields[name] = content if part.get_filename() else content.decode()
    return fields


def _content(part: "Message[str, str]") -> bytes:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes), "a part that holds no parts decodes to bytes"
    return content
