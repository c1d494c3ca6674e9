"""Signing in with X: OAuth 2.0 authorization code with PKCE, as a confidential client.

Source: X documents on OAuth 2.0: codes live 30 seconds, access tokens 2 hours; `offline.access` gives a refresh token.
Refresh tokens are single-use, and using one twice kills the whole family (seen by others, not documented): store the
new pair before anything else, and let only one process refresh at a time.
"""

import base64
from collections.abc import Mapping
from typing import Any, Final

from healthberry.connectors import oauth
from healthberry.connectors.base import Access, Authorisation
from healthberry.connectors.errors import NotAuthorised
from healthberry.connectors.http import Http
from healthberry.connectors.text import line

SCOPES: Final = "tweet.read tweet.write users.read offline.access"
_NO_CLIENT: Final = "This installation cannot sign in with X (X_CLIENT_ID and X_CLIENT_SECRET are missing)."
_OVER: Final = oauth.OVER | {"invalid_request"}  # "Value passed for the token was invalid."
_USUAL_SECONDS: Final = 7200.0


class SignIn:
    """The token calls; `http` reaches api.x.com, `web` is where people sign in."""

    def __init__(self, http: Http, web: str, client_id: str | None, client_secret: str | None) -> None:
        self._http, self._web = http, web
        self._client_id, self._client_secret = client_id or "", client_secret or ""

    def url(self, state: str, redirect_uri: str, verifier: str) -> str:
        """Return the page to send the browser to. Raises: NotAuthorised when there is no client."""
        address = f"{self._web}/i/oauth2/authorize"
        return oauth.sign_in_page(address, self._client()[0], SCOPES, state, redirect_uri, verifier)

    def exchange(self, answer: Mapping[str, str], redirect_uri: str, verifier: str) -> Mapping[str, Any]:
        """Return X's token answer for the browser's `code`. Raises: NotAuthorised, Temporary."""
        form = oauth.code_form(answer, redirect_uri, verifier, "X")
        return self._token(form, "X did not accept the sign-in: it was used or is older than 30 seconds. Try again.")

    def refresh(self, refresh_token: str) -> Mapping[str, Any]:
        """Return X's token answer for a refresh token, which is dead afterwards. Raises: NotAuthorised, Temporary."""
        form = oauth.refresh_form(refresh_token, "The link with X has run out. Sign in with X again.")
        return self._token(form, "The link with X has run out or was taken back. Sign in with X again.")

    def revoke(self, access: Access) -> None:
        """Kill the tokens of a sign-in; X takes one that it does not know as well. Raises: Temporary, Permanent.

        Source: X documents, `POST /2/oauth2/revoke`.
        """
        for token in oauth.tokens_of(access):
            self._http.post("/2/oauth2/revoke", headers=self._basic(), form={"token": token})

    def _token(self, form: Mapping[str, str], refused: str) -> Mapping[str, Any]:
        return oauth.exchanged(self._http, "/2/oauth2/token", form, "X", refused, headers=self._basic(), over=_OVER)

    def _basic(self) -> dict[str, str]:
        return {"Authorization": f"Basic {base64.b64encode(':'.join(self._client()).encode()).decode()}"}

    def _client(self) -> tuple[str, str]:
        if not (self._client_id and self._client_secret):
            raise NotAuthorised(_NO_CLIENT)
        return self._client_id, self._client_secret


def authorisation(token: Mapping[str, Any], account_id: str, account: str) -> Authorisation:
    """Return what is to be stored: access_token, refresh_token where there is one, account_id, account."""
    secrets = {"access_token": str(token["access_token"]), "account_id": account_id, "account": account}
    if token.get("refresh_token"):
        secrets["refresh_token"] = str(token["refresh_token"])
    return Authorisation(secrets, oauth.runs_out(token, _USUAL_SECONDS), account_id, line(account, 50))
