"""The current exports of the Organisation Data Service, fetched and split into rows.

Source: ODS Data Search and Export, "Automate/Schedule the Download of Report Packages". A GET of
`/api/getReport?report=NAME` answers one report as CSV without a header (the layout of the earlier files), or as a JSON
object from report name to CSV. No key is needed; an unknown report answers 400 with `{"error": …}`. The data are under
the Open Government Licence v3.0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import httpx

from healthberry.register.ods import REPORTS, OdsRow, ods_rows
from healthberry.register.sources import parse

BASE_URL: Final = "https://www.odsdatasearchandexport.nhs.uk/api"
MAX_BYTES: Final = 60_000_000
_SUCCESSION: Final = "succ"


class RefreshFailed(Exception):
    """The exports could not be fetched, or are not what they should be; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Succession:
    """One line of the succession report: who followed whom, and since when."""

    predecessor: str
    successor: str
    since: date


@dataclass(frozen=True, slots=True)
class Exports:
    """All reports of one day: rows by report name, and the successions."""

    rows: dict[str, list[OdsRow]]
    successions: list[Succession]


def fetch(client: httpx.Client, base_url: str = BASE_URL, *, max_bytes: int = MAX_BYTES) -> Exports:
    """Fetch every report that the register is refreshed from; about 15 requests and 20 MB.

    Raises: RefreshFailed when one of them does not arrive whole, is over `max_bytes` or holds no rows.
    """
    rows = {report: ods_rows(_lines(client, base_url, report, max_bytes)) for report in REPORTS}
    for report, found in rows.items():
        if not found:
            raise RefreshFailed(f"the report {report!r} holds no organisations")
    return Exports(rows, _successions(_lines(client, base_url, _SUCCESSION, max_bytes)))


def _lines(client: httpx.Client, base_url: str, report: str, max_bytes: int) -> list[list[str]]:
    try:
        url, params = f"{base_url}/getReport", {"report": report}
        with client.stream("GET", url, params=params, follow_redirects=False) as response:
            if response.is_redirect:
                raise RefreshFailed(f"the report {report!r} is said to be elsewhere: nothing is fetched from there")
            response.raise_for_status()
            body = bytearray()
            for piece in response.iter_bytes():
                body += piece
                if len(body) > max_bytes:
                    raise RefreshFailed(f"the report {report!r} is over {max_bytes:,} bytes")
    except httpx.HTTPError as error:
        raise RefreshFailed(f"the report {report!r} could not be fetched: {error}") from error
    return parse(_csv(report, bytes(body), response))


def _csv(report: str, body: bytes, response: httpx.Response) -> str:
    text = body.decode("utf-8-sig", errors="replace")
    if "json" not in response.headers.get("content-type", "") and not text.lstrip().startswith("{"):
        return text
    try:
        answer = httpx.Response(200, content=body).json()
    except ValueError as error:
        raise RefreshFailed(f"the report {report!r} is not readable") from error
    inside = answer.get(report) if isinstance(answer, dict) else None
    if not isinstance(inside, str):
        raise RefreshFailed(f"the report {report!r} is not in the answer")
    return inside


def _successions(lines: Sequence[Sequence[str]]) -> list[Succession]:
    # Source: columns are code, successor's code, reason (R reconfiguration, O change of type, F change of code), date
    # of effect, and whether there is further succession.
    found = []
    for line in lines:
        if len(line) >= 4 and len(line[3]) == 8 and line[3].isdigit():
            since = date(int(line[3][:4]), int(line[3][4:6]), int(line[3][6:]))
            found.append(Succession(line[0].upper(), line[1].upper(), since))
    return found
