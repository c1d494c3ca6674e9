"""Signing in by OAuth 2.0, as most providers have it: authorization code with PKCE (RFC 7636)."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from healthberry.connectors.access import Access
from healthberry.connectors.errors import NotAuthorised
from healthberry.connectors.reading import number


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
    """Return what a refresh token is exchanged with. Raises: NotAuthorised, with this sentence, where there is none."""
    if not refresh_token:
        raise NotAuthorised(run_out)
    return {"grant_type": "refresh_token", "refresh_token": refresh_token}


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
