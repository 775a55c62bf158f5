"""A refusal, as the Bot API words it."""

from .text import JsonDict


class ApiError(Exception):
    """Answers the call with `status` and "<reason of the status>: description"."""

    _REASONS = {
        400: "Bad Request",
        401: "Unauthorized",
        403: "Forbidden",
        404: "Not Found",
        409: "Conflict",
        429: "Too Many Requests",
    }

    def __init__(self, status: int, description: str = "", **parameters: int) -> None:
        reason = self._REASONS[status]
        self.status = status
        self.description = f"{reason}: {description}" if description else reason
        self.parameters = parameters
        super().__init__(self.description)

    def as_json(self) -> JsonDict:
        body: JsonDict = {
            "ok": False,
            "error_code": self.status,
            "description": self.description,
        }
        return {**body, "parameters": self.parameters} if self.parameters else body


def bad_request(description: str) -> ApiError:
    return ApiError(400, description)


def too_many_requests(seconds: int) -> ApiError:
    return ApiError(429, f"retry after {seconds}", retry_after=seconds)
