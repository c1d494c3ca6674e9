"""Organisations known by their ODS code: how a code is written, what it is called, and where it is not listed."""

import json
import re
from collections.abc import Sequence
from urllib.parse import quote

from .store import Row, Store

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{1,11}( [A-Za-z0-9&/ -]{1,40})?")


def code_key(place: str) -> str:
    """Return a code in capitals; a service's name after the code stays."""
    code, space, service = place.strip().partition(" ")
    return code.upper() + space + service


def service_name(store: Store, code: str) -> str:
    """Return a service's name: the one given through the control API, or one made of its code."""
    known = store.value("SELECT name FROM organisations WHERE ods_code = ?", code.split(" ", 1)[0])
    code, _, department = code.partition(" ")
    name = known or f"Health service {code}"
    return f"{name}, {department}" if department else name


def is_listed(store: Store, channel: str, code: str) -> bool:
    """Say whether a channel has the organisation of a code at all; it has all but those that control took off."""
    sql = "SELECT 1 FROM unlisted WHERE channel = ? AND ods_code = ?"
    return store.row(sql, channel, code.split(" ", 1)[0]) is None


def asked_for(store: Store, channels: Sequence[str], low: str = "", since: int = -1) -> list[Row]:
    """Return who was asked for at some channels: those whose name begins with `low`, after `since` (milliseconds)."""
    sql = """SELECT channel, place, asked_at FROM places WHERE channel IN (SELECT value FROM json_each(?))
             AND place >= ? AND place < ? AND asked_at > ? ORDER BY asked_at DESC, place"""
    return store.rows(sql, json.dumps(list(channels)), low, low + "\uffff", since)


def quoted(code: str) -> str:
    """Write a code as a part of a path."""
    return quote(code, safe="")
