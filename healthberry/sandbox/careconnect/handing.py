"""Handing a problem over: one POST with user name and password, never a second one for the same problem.

Source: citizenconnect, documentation/API.md: form fields; multipart with pictures; 201 with `reference_number`, or 400
with `errors`. There is nothing else: no key, no way to ask, so that without an answer nobody knows.
"""

import base64
import ipaddress
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from healthberry.sandbox.store import Row, Store
from healthberry.sandbox.telling import Unusable

_WAIT_SECONDS = 10


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for an answer: the password is for one address only."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)


@dataclass(frozen=True)
class Picture:
    """A picture to hand over; `name` is that of its field in the form."""

    name: str
    filename: str
    content_type: str
    raw: bytes = field(repr=False)


@dataclass(frozen=True)
class Outcome:
    """What was answered: `status` None is no answer, which leaves open whether the problem arrived."""

    status: int | None
    answer: str
    reference: str = ""
    errors: Mapping[str, list[str]] = field(default_factory=dict)


def checked(address: str, *, anywhere: bool) -> str:
    """Return an address that problems may go to: on this machine, unless `anywhere`.

    Raises: Unusable.
    """
    address = address.strip()
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        raise Unusable("That is no address.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise Unusable("Enter the address that HealthBerry showed.")
    if not anywhere and not _is_here(host):
        raise Unusable("The sandbox hands problems to this machine only (SANDBOX_CARECONNECT_ANYWHERE).")
    return address


def link_of(store: Store, place: str) -> Row | None:
    """Return where an organisation's problems go: address, user, password; None as long as nobody said."""
    return store.row("SELECT address, user, password FROM careconnect_links WHERE place = ?", place)


def set_link(store: Store, place: str, address: str, user: str, password: str) -> None:
    """Say where an organisation's problems go from now on."""
    sql = "INSERT OR REPLACE INTO careconnect_links VALUES (?, ?, ?, ?)"
    store.run(sql, place, address, user.strip(), password.strip())


def hand_over(to: Row | None, problem: Mapping[str, str], pictures: tuple[Picture, ...] = ()) -> Outcome:
    """Hand a problem over, once, and return what was answered."""
    if to is None:
        return Outcome(None, "Nobody said where to.")
    basic = base64.b64encode(f"{to['user']}:{to['password']}".encode()).decode()
    kind, body = _body(problem, pictures)
    headers = {"Content-Type": kind, "Authorization": f"Basic {basic}"}
    try:
        request = urllib.request.Request(to["address"], body, headers)  # noqa: S310 - `checked` before it was kept
        with _DIRECTLY.open(request, timeout=_WAIT_SECONDS) as answer:
            return _outcome(answer.status, answer.read(20_000))
    except urllib.error.HTTPError as refused:
        return _outcome(refused.code, refused.read(20_000))
    except (OSError, ValueError) as error:
        return Outcome(None, type(error).__name__)


def note(store: Store, place: str, item_id: str, outcome: Outcome) -> None:
    """Remember what became of a problem."""
    sql = "INSERT INTO careconnect_handed (place, item_id, at, status, answer, reference) VALUES (?,?,?,?,?,?)"
    store.run(sql, place, item_id, store.now(), outcome.status, outcome.answer[:2000], outcome.reference)


def handed(store: Store, place: str, most: int = 50) -> list[Row]:
    """Return the newest that were handed over, newest first: item_id, at, status, answer, reference."""
    return store.rows("SELECT * FROM careconnect_handed WHERE place = ? ORDER BY serial DESC LIMIT ?", place, most)


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _outcome(status: int, raw: bytes) -> Outcome:
    text = raw.decode("utf-8", "replace")
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    said = said if isinstance(said, dict) else {}
    errors = said.get("errors")
    errors = errors if isinstance(errors, dict) else {}
    return Outcome(
        status,
        text,
        str(said.get("reference_number") or ""),
        {str(name): [str(one) for one in many] for name, many in errors.items() if isinstance(many, list)},
    )


def _body(problem: Mapping[str, str], pictures: tuple[Picture, ...]) -> tuple[str, bytes]:
    if not pictures:
        return "application/x-www-form-urlencoded", urlencode(problem).encode()
    mark = secrets.token_hex(16)
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in problem.items()
    ]
    parts += [_part(picture) for picture in pictures]
    body = b"".join(b"--%s\r\n%s\r\n" % (mark.encode(), part) for part in parts)
    return f"multipart/form-data; boundary={mark}", body + b"--%s--\r\n" % mark.encode()


def _part(picture: Picture) -> bytes:
    filename, kind = (
        "".join(one for one in text if one.isprintable() and one != '"')
        for text in (picture.filename, picture.content_type)
    )
    head = (
        f'Content-Disposition: form-data; name="{picture.name}"; filename="{filename}"\r\nContent-Type: {kind}\r\n\r\n'
    )
    return head.encode("utf-8", "replace") + picture.raw
