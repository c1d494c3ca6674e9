"""Calls to Meta's Graph API, which serves Facebook and Instagram: version, tokens, proofs, codes, usage, pages.

Source: developers.facebook.com, "Graph API" and "Rate limits" (2026). The token goes in a header, which keeps it out
of addresses (from memory; the parameter `access_token` is the documented way). What codes mean: graph_errors.py.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx

from healthberry.connectors import graph_errors
from healthberry.connectors.errors import RateLimited, TooMuch, Unavailable, UnexpectedAnswer
from healthberry.connectors.http import Http, Params
from healthberry.connectors.http_answers import Answer
from healthberry.connectors.reading import mapping, number, sequence
from healthberry.connectors.text import line

VERSION: Final = "v26.0"  # Source: changelog of 29 July 2026
LAST_WITH_RATINGS: Final = "v21.0"  # Source: Recommendation is deprecated from v22.0; v21.0 ends on 21 January 2027
_SLOW_PERCENT: Final = 75.0
_STOP_PERCENT: Final = 95.0
_LONGEST_REST: Final = 900.0  # seconds, where the headers name no time
_LONGEST_TOKEN: Final = 2_000


@dataclass(frozen=True)
class Heard:
    """What was answered, and for how many seconds reading should rest after it."""

    body: Mapping[str, Any]
    rest_seconds: float = 0.0


class Graph:
    """The API as one app uses it; `place` names it in sentences: "Facebook" or "Instagram"."""

    def __init__(
        self,
        base_url: str,
        place: str,
        app_id: str | None,
        app_secret: str | None,
        *,
        transport: httpx.BaseTransport | None = None,
        read_seconds: float | None = None,
    ) -> None:
        self._http = Http(base_url, place, {}, transport=transport, read_seconds=read_seconds)
        self.place = place
        self.app_id, self.app_secret = app_id or "", app_secret or ""

    def hear(self, token: str, template: str, params: Params = (), *, version: str = VERSION, **path: str) -> Heard:
        """Read `template` ("/{id}/comments") with its usage. Raises: Temporary, Permanent."""
        answer = self._ask("GET", token, f"/{version}{template}", params, **path)
        return Heard(self._body(answer), rest_seconds(answer.headers))

    def read(self, token: str, template: str, params: Params = (), **path: str) -> Mapping[str, Any]:
        """Read `template`. Raises: Temporary, Permanent."""
        return self.hear(token, template, params, **path).body

    def write(
        self, token: str, template: str, *, form: Mapping[str, str] | None = None, given: Any = None, **path: str
    ) -> Mapping[str, Any]:
        """Send a form or, as `given`, JSON. Raises: Unavailable when nobody knows; Temporary, Permanent."""
        answer = self._ask("POST", token, f"/{VERSION}{template}", (), form=form, json=given, **path)
        return self._body(answer)

    def delete(self, token: str, template: str, **path: str) -> None:
        """Delete `template`. Raises: Temporary, Permanent."""
        self._body(self._ask("DELETE", token, f"/{VERSION}{template}", (), **path))

    def said(self, template: str, params: Params) -> Mapping[str, Any]:
        """Read what needs no token but the parameters. Raises: Temporary, Permanent."""
        return self._body(self._http.ask("GET", f"/{VERSION}{template}", headers={}, params=params))

    def _ask(
        self,
        method: str,
        token: str,
        template: str,
        params: Params,
        *,
        form: Any = None,
        json: Any = None,
        **path: str,
    ) -> Answer:
        proven = [*params, *([("appsecret_proof", proof(self.app_secret, token))] if self.app_secret else [])]
        headers = {"Authorization": f"Bearer {token}"}
        return self._http.ask(method, template, headers=headers, params=proven, form=form, json=json, **path)

    def _body(self, answer: Answer) -> Mapping[str, Any]:
        fine = 200 <= answer.status < 300
        if answer.is_html:
            raise Unavailable(f"{self.place} sent a page for people instead of data.")
        try:
            body = answer.json()
        except Unavailable:
            if fine:
                raise
            body = None
        if (said := graph_errors.said_by(body)) is not None:
            raise self._refusal(said, answer)
        if not fine:
            raise self._http.refusal(answer)
        if not isinstance(body, dict):
            raise UnexpectedAnswer(f"{self.place} gave an answer that is no object.")
        return body

    def _refusal(self, said: graph_errors.Said, answer: Answer) -> Exception:
        if said.asks_for_less:
            return TooMuch(f"{self.place} wants to be asked for less at once.")
        error = graph_errors.refusal(said, answer, self._http.refusal(answer), self.place)
        if isinstance(error, RateLimited) and error.retry_after is None:
            error.retry_after = rest_seconds(answer.headers) or None
        return error


def proof(secret: str, token: str) -> str:
    """Return the `appsecret_proof` of a token: obligatory where the app requires it, welcome everywhere."""
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def rest_seconds(headers: Mapping[str, str]) -> float:
    """Return for how long reading should rest: from 75 % of what is allowed ever longer, at 95 % as long as it takes.

    Both headers come only after enough calls. Where a use case names the minutes to regain access, these count.
    """
    used, minutes = 0.0, 0.0
    for name in ("x-app-usage", "x-page-usage", "x-business-use-case-usage"):
        for usage in _usages(headers.get(name, "")):
            shares = [number(usage.get(key)) or 0.0 for key in ("call_count", "total_time", "total_cputime")]
            used = max(used, *shares)
            minutes = max(minutes, number(usage.get("estimated_time_to_regain_access")) or 0.0)
    if minutes:
        return minutes * 60
    share = min(max(used - _SLOW_PERCENT, 0.0) / (_STOP_PERCENT - _SLOW_PERCENT), 1.0)
    return share * _LONGEST_REST


def _usages(header: str) -> list[Mapping[str, Any]]:
    try:
        given = json.loads(header) if header else {}
    except (ValueError, RecursionError):
        return []
    lists = [sequence(value) for value in mapping(given).values()]
    return [mapping(given), *(mapping(one) for found in lists for one in found)]


def after(body: Any) -> str:
    """Return the cursor of the next page of a list, "" at its end.

    A short or an empty page is not the end; that `next` is missing is.
    """
    paging = mapping(mapping(body).get("paging"))
    onward = line(paging.get("next"), 8_000)
    if not onward:
        return ""
    cursor = line(mapping(paging.get("cursors")).get("after"), _LONGEST_TOKEN)
    try:
        asked = parse_qs(urlsplit(onward).query).get("after", [""])[0]
    except ValueError:
        asked = ""
    return cursor or asked


def unix(at: datetime) -> str:
    """Return a time as the lists take it in `since`: whole seconds."""
    return str(int(at.astimezone(UTC).timestamp()))


def at_seconds(value: Any) -> datetime | None:
    """Return the time of a delivery, seconds or milliseconds since 1970; None where it is none."""
    seconds = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if seconds is None or not 0 < seconds < 1e14:
        return None
    return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
