"""Which addresses Telegram accepts in links and buttons."""

import re
from urllib.parse import urlsplit

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_OWN_SCHEME = re.compile(r"(tg|ton|tonsite):(?://)?(?=\w)", re.IGNORECASE)
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\"<>\\^`{|}]")


def check_url(url: str) -> str:
    """The address as Telegram keeps it: http:// added where no scheme is, "/" after a bare host.

    Raises ValueError, in Telegram's words, for an address it would refuse.
    """
    if own := _OWN_SCHEME.match(url):
        return f"{own[1].lower()}://{url[own.end() :]}"
    scheme = _SCHEME.match(url)
    if scheme and scheme[1].lower() not in ("http", "https"):
        raise ValueError("Unsupported URL protocol")
    try:
        parts = urlsplit(url if scheme else f"http://{url}")
        port = parts.port
    except ValueError as error:
        raise ValueError("Wrong port number specified in the URL") from error
    host = parts.hostname or ""
    if "." not in host.strip(".") or _FORBIDDEN.search(host) or port == 0:
        raise ValueError("Wrong HTTP URL")
    if any(character in " \n\t" for character in url):
        raise ValueError("Wrong HTTP URL")
    where = f"{parts.username}@{host}" if parts.username else host
    where = f"{where}:{port}" if port else where
    rest = url[url.index(parts.netloc) + len(parts.netloc) :]
    rest = rest if rest.startswith("/") else f"/{rest}"
    return f"{parts.scheme}://{where}{rest}"
