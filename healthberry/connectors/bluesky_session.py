"""Signing in at Bluesky with an app password, and keeping the session alive.

Source: lexicons com.atproto.server; a token for access lives two hours and one for renewing it 90 days, both are given
anew each time. Signing in is limited to 30 times in five minutes and 300 a day: only linking does it, and a renewal
that was refused.
"""

import base64
import binascii
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from healthberry.connectors.base import Authorisation
from healthberry.connectors.bluesky_server import Calls, Refused, Servers
from healthberry.connectors.errors import NotAuthorised, NotLinked, Permanent, Rejected, SignInOver, UnexpectedAnswer
from healthberry.connectors.reading import mapping, sequence
from healthberry.connectors.text import line

_USUAL: Final = timedelta(minutes=110)
_WRONG: Final = "Bluesky does not know this handle and app password together. Check both."
_ACCOUNTS_OWN: Final = (
    "That is the password of the account itself. Make an app password in Bluesky, under Settings, Privacy and security."
)
_ASLEEP: Final = "This account is deactivated or was taken down by Bluesky."


@dataclass(frozen=True)
class Session:
    """Who signed in, where the account lives, and its tokens."""

    did: str
    handle: str
    pds: str
    secrets: Mapping[str, str]
    expires_at: datetime


def handle_of(text: str) -> str:
    """Return a handle without "@" and address, small, "" for what is none."""
    words = line(text, 300).strip().removeprefix("https://").removeprefix("bsky.app/profile/").strip("/@ ").casefold()
    return words if "." in words and " " not in words and "/" not in words else ""


def sign_in(servers: Servers, handle: str, password: str) -> Session:
    """Open a session. Raises: NotLinked (handle, app_password), Temporary."""
    try:
        return _opened(servers, handle, password)
    except Refused as error:
        words = _ACCOUNTS_OWN if error.name == "AuthFactorTokenRequired" else error.reason
        raise NotLinked(words, "app_password") from error
    except NotAuthorised as error:
        raise NotLinked(_WRONG, "app_password") from error
    except Permanent as error:
        raise NotLinked(error.reason, "handle") from error


def close(servers: Servers, secrets: Mapping[str, str]) -> None:
    """Close a session by its token for renewal; one that is closed is no error. Raises: Temporary, Permanent.

    Source: lexicon com.atproto.server.deleteSession. The token for access lives on for its two hours.
    """
    with contextlib.suppress(NotAuthorised):
        Calls(servers.entryway(), secrets.get("refresh_token", ""), at_once=True).tell(
            "com.atproto.server.deleteSession"
        )


def renewed(servers: Servers, secrets: Mapping[str, str]) -> Authorisation:
    """Exchange the token for renewal; where it is refused, sign in once more.

    Raises: SignInOver where the app password is refused too, or none is kept; Temporary, Permanent.
    """
    kept = {name: secrets[name] for name in ("app_password", "pds", "did", "handle") if secrets.get(name)}
    try:
        if not secrets.get("refresh_token"):
            raise SignInOver("There is no session to renew.")
        calls = Calls(servers.entryway(), secrets["refresh_token"], at_once=True)
        return authorisation(_session(servers, calls.post("com.atproto.server.refreshSession"), kept))
    except Permanent as error:
        if not kept.get("app_password"):
            if not isinstance(error, SignInOver):
                raise
            raise SignInOver("The link with Bluesky has run out. Connect the account again.") from error
    try:
        return authorisation(_opened(servers, kept.get("did") or kept.get("handle", ""), kept["app_password"]))
    except SignInOver as error:
        raise SignInOver("Bluesky does not take the app password any more. Connect the account again.") from error


def authorisation(session: Session) -> Authorisation:
    """Return what is to be stored of a session."""
    return Authorisation(session.secrets, session.expires_at, session.did, f"@{session.handle}")


def runs_out(token: str) -> datetime:
    """Return when a token runs out; it is read, not verified. One that does not say lives as long as is usual."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return datetime.fromtimestamp(float(mapping(claims)["exp"]), UTC)
    except (IndexError, KeyError, TypeError, ValueError, OverflowError, OSError, binascii.Error, RecursionError):
        return datetime.now(UTC) + _USUAL


def _opened(servers: Servers, handle: str, password: str) -> Session:
    calls = Calls(servers.entryway(), "")
    body = calls.post("com.atproto.server.createSession", {"identifier": handle, "password": password})
    if body.get("active") is False:
        raise Rejected(_ASLEEP)
    return _session(servers, body, {"app_password": password})


def _session(servers: Servers, body: Mapping[str, Any], kept: Mapping[str, str]) -> Session:
    names = ("accessJwt", "refreshJwt", "did", "handle")
    access, refresh, did, handle = (line(body.get(name), 4_000) for name in names)
    if not (access and refresh and did.startswith("did:") and handle):
        raise UnexpectedAnswer("Bluesky signed us in, but did not say as whom.")
    pds = servers.checked(_pds(body.get("didDoc")) or kept.get("pds", ""))
    secrets = {**kept, "access_token": access, "refresh_token": refresh, "did": did, "handle": handle, "pds": pds}
    return Session(did, handle, pds, secrets, runs_out(access))


def _pds(document: Any) -> str:
    """Return where an account's records are, by its DID document; "" where it does not say."""
    for service in map(mapping, sequence(mapping(document).get("service"))):
        if line(service.get("id")).endswith("#atproto_pds"):
            return line(service.get("serviceEndpoint"), 500)
    return ""
