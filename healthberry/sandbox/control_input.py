"""What the control API is told, checked."""

from datetime import UTC, datetime
from typing import Any

from flask import request

from . import faults, handles
from .publish import Unusable
from .state import here


def body() -> dict[str, Any]:
    """Return the request's JSON object.

    Raises: Unusable.
    """
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise Unusable("The body must be a JSON object.")
    return body


def channel(value: object) -> str:
    """Return a channel's name.

    Raises: Unusable.
    """
    if value not in faults.CHANNELS:
        raise Unusable(f"channel must be one of {', '.join(faults.CHANNELS)}.")
    return str(value)


def place(channel: str, body: dict[str, Any]) -> str:
    """Return the code or handle by which a channel knows the organisation; for X a known organisation's code will do.

    Raises: Unusable.
    """
    code = _words(body, "ods_code")
    if channel != "x":
        if not code:
            raise Unusable(f"ods_code is missing: {channel} knows an organisation by it.")
        return code
    handle = _words(body, "handle") or (handles.of(here().store, code) if code else None)
    if not handle:
        known = f"; none is known for {code}" if code else ""
        raise Unusable(f"Give handle: x knows an organisation by it{known}.")
    return handle


def _words(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > 60:
        return None
    return value.strip()


def whole(body: dict[str, Any], name: str) -> int | None:
    """Return a whole number, or None when it is absent.

    Raises: Unusable.
    """
    value = body.get(name)
    if value in (None, ""):
        return None
    if not str(value).isdigit():
        raise Unusable(f"{name} must be a whole number.")
    return int(str(value))


def seconds(value: object) -> float:
    """Return a length of time in seconds.

    Raises: Unusable.
    """
    if not isinstance(value, int | float) or not 0 <= value <= 1e7:
        raise Unusable("Seconds must be a number from 0.")
    return float(value)


def moment(value: object) -> int | None:
    """Return a time as UTC milliseconds, or None when it is absent.

    Raises: Unusable.
    """
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise Unusable("posted_at must be a time like 2026-02-01T10:00:00Z.") from None
    return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)
