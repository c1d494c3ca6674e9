"""Signing in by OAuth 2.0, as most providers have it: authorization code with PKCE (RFC 7636)."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

from healthberry.connectors.access import Access
from healthberry.connectors.errors import NotAuthorised, SignInOver, Temporary, UnexpectedAnswer
from healthberry.connectors.http import Http
from healthberry.connectors.http_answers import Answer
from healthberry.connectors.reading import mapping, number
from healthberry.connectors.text import line

OVER: Final = frozenset({"invalid_grant"})
_LONGEST: Final = 10_000


def sign_in_page(
    address: str, client_id: str, scope: str, state: str, redirect_uri: str, verifier: str, **more: str
) -> str:
    """Return the page to send the browser to; `more` are the provider's own parameters."""
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": scope,
        "state": state,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
        **more,
    }
    return f"{address}?{urlencode(query, quote_via=quote)}"


def code_form(answer: Mapping[str, str], redirect_uri: str, verifier: str, place: str) -> dict[str, str]:
    """Return what the browser's `code` is exchanged with. Raises: NotAuthorised where somebody cancelled."""
    if answer.get("error") or not answer.get("code"):
        raise NotAuthorised(f"Signing in with {place} was cancelled. Nothing has been linked.")
    return {
        "grant_type": "authorization_code",
        "code": answer["code"],
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }


def refresh_form(refresh_token: str, run_out: str) -> dict[str, str]:
    """Return what a refresh token is exchanged with. Raises: SignInOver, with this sentence, where there is none."""
    if not refresh_token:
        raise SignInOver(run_out)
    return {"grant_type": "refresh_token", "refresh_token": refresh_token}


def exchanged(
    http: Http,
    template: str,
    form: Mapping[str, str],
    place: str,
    refused: str,
    *,
    headers: Mapping[str, str] | None = None,
    over: frozenset[str] = OVER,
) -> Mapping[str, Any]:
    """Return the token answer for a code or a refresh token.

    Raises: SignInOver, saying `refused`, where the provider names one of the errors of `over`; NotAuthorised where it
    refuses for another reason, such as an installation whose client is not set up: the token may be as good as ever;
    Temporary, Permanent.

    Source: RFC 6749, section 5.2.
    """
    answer = http.ask("POST", template, headers=dict(headers or {}), form=dict(form))
    if not 200 <= answer.status < 300:
        raise SignInOver(refused) if _error(answer) in over else http.refusal(answer)
    body = mapping(answer.json())
    if not line(body.get("access_token"), _LONGEST):
        raise UnexpectedAnswer(f"{place} accepted the sign-in but gave no token.")
    return body


def _error(answer: Answer) -> str:
    if not 400 <= answer.status < 500:
        return ""
    try:
        return line(mapping(answer.json()).get("error"), 100)
    except Temporary:  # a page for people, say
        return ""


def runs_out(token: Mapping[str, Any], usual_seconds: float) -> datetime:
    """Return when the access token of a token answer runs out, in the usual time where the answer does not say."""
    lives = number(token.get("expires_in"))
    return datetime.now(UTC) + timedelta(seconds=usual_seconds if lives is None else lives)


def tokens_of(access: Access) -> list[str]:
    """Return the tokens of whoever signed in, the lasting one first."""
    return [token for name in ("refresh_token", "access_token") if (token := access.secrets.get(name, ""))]


def challenge(verifier: str) -> str:
    """Return the S256 challenge of a PKCE verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
