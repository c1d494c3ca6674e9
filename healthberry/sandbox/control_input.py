"""What the control API is told, checked."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from . import handles
from .config import BadSetting
from .site import Site
from .state import here
from .telling import Unusable

LONGEST_PLACE = 300


def body() -> dict[str, Any]:
    """Return the request's JSON object.

    Raises: Unusable.
    """
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise Unusable("The body must be a JSON object.")
    return body


def site(value: object) -> Site:
    """Return the site that is called so.

    Raises: Unusable.
    """
    sites = here().sites
    if not isinstance(value, str) or value not in sites:
        raise Unusable(f"channel must be one of {', '.join(sites)}.")
    return sites[value]


def place(site: Site, body: Mapping[str, Any]) -> str:
    """Return the code or handle by which a site knows the organisation; a known one's code will do for its handle.

    Raises: Unusable.
    """
    code = _words(body, "ods_code")
    if site.knows_by == "ods_code":
        if not code:
            raise Unusable(f"ods_code is missing: {site.kind} knows an organisation by it.")
        return code
    handle = _words(body, "handle") or (handles.of(here().store, site.kind, code) if code else None)
    if not handle:
        known = f"; none is known for {code}" if code else ""
        raise Unusable(f"Give handle: {site.kind} knows an organisation by it{known}.")
    return handle


def refuse(blueprint: Blueprint) -> None:
    """Let a blueprint answer what cannot be done with 400 and a sentence."""

    def unusable(problem: Exception) -> ResponseReturnValue:
        return jsonify(error=str(problem)), 400

    blueprint.register_error_handler(Unusable, unusable)
    blueprint.register_error_handler(BadSetting, unusable)


def _words(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_PLACE:
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
