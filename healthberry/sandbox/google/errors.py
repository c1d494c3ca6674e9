"""Google's usual shape of refusals."""

from typing import Any

from flask import Response, jsonify

NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
}
SENTENCES = {
    401: "Request had invalid authentication credentials.",
    403: "The caller does not have permission",
    404: "Requested entity was not found.",
    429: "Quota exceeded for quota metric 'Requests' and limit 'Requests per minute'.",
    500: "Internal error encountered.",
}


def refused(status: int, message: str = "", **details: Any) -> Response:
    """Answer with a status outside 2xx; `details` is the one element of `details`, where something is given."""
    error: dict[str, Any] = {"code": status, "message": message or SENTENCES[status], "status": NAMES[status]}
    if details:
        error["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", **details}]
    answer = jsonify(error=error)
    answer.status_code = status
    return answer
