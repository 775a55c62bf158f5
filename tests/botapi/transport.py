"""HTTP/1.1 between the bot and the methods, with its accidents."""

import json
import time
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from tests.loopback import LoopbackServer, hang_up

from . import faults
from .errors import ApiError, bad_request, too_many_requests
from .methods import call
from .params import decode_params
from .text import JsonDict
from .world import Call, World

_NO_ANSWER = 0
_PAGE = (
    "<html>\r\n<head><title>{code} Error</title></head>\r\n<body>\r\n<center><h1>{code} Error</h1>"
    "</center>\r\n<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n"
)


class Transport(LoopbackServer):
    """The bot's connections."""

    def __init__(self, world: World) -> None:
        self.world = world
        super().__init__(_Connection, world.changed)

    def close(self) -> None:
        """As for any server, and no poll waits for updates any longer."""
        self.world.updates.close()
        super().close()


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # so that an answer leaves in one piece
    server: Transport

    def do_POST(self) -> None:
        at = time.monotonic()
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:  # the bot died while it was writing: it asked for nothing
            self.close_connection = True
            return
        address = urlsplit(self.path)
        _, _, rest = address.path.partition("/bot")
        token, _, method = rest.partition("/")
        if not token or not method:
            self._answer(404, ApiError(404).as_json())
        elif token != self.server.world.token:
            self._answer(401, ApiError(401).as_json())
        else:
            try:
                kind = self.headers.get("Content-Type", "")
                params = decode_params(kind, address.query, body)
            except ValueError:
                self._answer(400, bad_request("can't parse the parameters").as_json())
            else:
                self._serve(method, params, at)

    do_GET = do_POST

    def _serve(self, method: str, params: JsonDict, at: float) -> None:
        world = self.server.world
        fault = world.faults.take(method, params.get("chat_id"))
        status, body = self._outcome(fault, method, params)
        world.record(Call(method, params, at, status))
        if isinstance(fault, faults.Slow):
            with world.changed:
                world.changed.wait_for(lambda: self.server.closing, fault.seconds)
        if status == _NO_ANSWER:
            self.close_connection = True
            hang_up(self.connection)
        else:
            self._answer(status, body)

    def _outcome(
        self, fault: faults.Kind | None, method: str, params: JsonDict
    ) -> tuple[int, JsonDict | str]:
        """The status and body to answer, once the call has had the effect the fault leaves it."""
        match fault:
            case faults.DropBefore():
                return _NO_ANSWER, ""
            case faults.Status(code):
                return code, _PAGE.format(code=code)
        try:
            match fault:
                case faults.RetryAfter(seconds):
                    raise too_many_requests(seconds)
                case faults.Forbidden(description):
                    raise ApiError(403, description)
                case faults.BadRequest(description):
                    raise bad_request(description)
                case faults.Migrate(chat_id):
                    raise ApiError(
                        400,
                        "group chat was upgraded to a supergroup chat",
                        migrate_to_chat_id=chat_id,
                    )
            answer: JsonDict = {"ok": True, "result": call(self.server.world, method, params)}
            status = 200
        except ApiError as error:
            status, answer = error.status, error.as_json()
        match fault:
            case faults.DropAfter():
                return _NO_ANSWER, ""
            case faults.Garbage():
                return 200, '{"ok":true,"result":'
        return status, answer

    def _answer(self, status: int, body: JsonDict | str) -> None:
        as_json = not isinstance(body, str)
        content = (json.dumps(body) if as_json else str(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if as_json else "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the calls are kept for the test to read."""
