"""Signing in with Google, for every kind that Google serves: OAuth 2.0 authorization code with PKCE.

Source: Google's documents on OAuth 2.0 for web servers, partly from memory: access tokens live an hour; a refresh token
comes with the consent (`prompt=consent`, `access_type=offline`), may be used again and again, and is not sent anew;
a dead one is 400 `invalid_grant`. While Google's consent screen is in testing, refresh tokens die after seven days.
"""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from healthberry.connectors import oauth
from healthberry.connectors.base import Access, Authorisation
from healthberry.connectors.endpoints import Credentials, Endpoints
from healthberry.connectors.errors import NotAuthorised
from healthberry.connectors.http import Http
from healthberry.connectors.http_answers import Refusals
from healthberry.connectors.text import line

NO_CLIENT: Final = (
    "This installation cannot sign in with Google (GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET are missing)."
)
REFUSALS: Final[Refusals] = {
    400: (NotAuthorised, "Google refused this sign-in."),
    401: (NotAuthorised, "Google refused this installation's client."),
    403: (NotAuthorised, "Google refused this sign-in."),
}
_TOO_LATE: Final = "Google did not accept the sign-in: it was used already or took too long. Try again."
_RUN_OUT: Final = "The link with Google has run out or was taken back. Sign in with Google again."
_NOT_LASTING: Final = (
    "Google gave no lasting permission. Take HealthBerry off the list of third-party apps in your Google Account, "
    "and sign in again."
)
_USUAL_SECONDS: Final = 3600.0


class SignIn:
    """The token calls for one `scope`; the pages for people are on another host than the tokens."""

    def __init__(
        self,
        endpoints: Endpoints,
        credentials: Credentials,
        scope: str,
        *,
        transport: httpx.BaseTransport | None = None,
        read_seconds: float | None = None,
    ) -> None:
        self._http = Http(endpoints.google_tokens, "Google", REFUSALS, transport=transport, read_seconds=read_seconds)
        self._web = endpoints.google_accounts
        self._scope = scope
        self._client_id = credentials.google_client_id or ""
        self._client_secret = credentials.google_client_secret or ""

    def missing(self) -> str:
        """Say that the installation has no client, where it has none."""
        return "" if self._client_id and self._client_secret else NO_CLIENT

    def url(self, state: str, redirect_uri: str, verifier: str) -> str:
        """Return the page to send the browser to. Raises: NotAuthorised when there is no client."""
        page, client_id = f"{self._web}/o/oauth2/v2/auth", self._client()["client_id"]
        lasting = {"access_type": "offline", "prompt": "consent"}
        return oauth.sign_in_page(page, client_id, self._scope, state, redirect_uri, verifier, **lasting)

    def exchange(self, answer: Mapping[str, str], redirect_uri: str, verifier: str) -> Access:
        """Return the tokens for the browser's `code`, with no settings. Raises: NotAuthorised, Temporary."""
        token = self._token(oauth.code_form(answer, redirect_uri, verifier, "Google"), _TOO_LATE)
        if not token.get("refresh_token"):
            raise NotAuthorised(_NOT_LASTING)
        # People may untick what they are asked for; a Google that does not say what was granted granted all.
        granted = line(token.get("scope"), 2_000).split()
        if granted and self._scope not in granted:
            raise NotAuthorised("Google was not allowed to let us in. Sign in again and leave all boxes ticked.")
        return _access(token)

    def refresh(self, access: Access) -> Authorisation:
        """Exchange the refresh token, which stays good, for a new access token. Raises: NotAuthorised, Temporary."""
        kept = access.secrets.get("refresh_token", "")
        fresh = _access(self._token(oauth.refresh_form(kept, _RUN_OUT), _RUN_OUT))
        return Authorisation({"refresh_token": kept, **fresh.secrets}, fresh.expires_at, "", "")

    def grant(self, access: Access) -> str:
        """Return the same name for everybody who signed in: what one person allowed several channels goes at once.

        Source: from memory: whatever token is given back, all that this person allowed this client ends.
        """
        return "google" if oauth.tokens_of(access) else ""

    def revoke(self, access: Access) -> None:
        """End what whoever signed in allowed; a dead token has ended. Raises: Temporary, Permanent.

        Source: Google's documents, `POST https://oauth2.googleapis.com/revoke`; dead is 400 `invalid_token`.
        """
        for token in oauth.tokens_of(access)[:1]:
            answer = self._http.ask("POST", "/revoke", headers={}, form={"token": token})
            if answer.status != 400 and not 200 <= answer.status < 300:
                raise self._http.refusal(answer)

    def _token(self, form: Mapping[str, str], refused: str) -> Mapping[str, Any]:
        return oauth.exchanged(self._http, "/token", {**form, **self._client()}, "Google", refused)

    def _client(self) -> dict[str, str]:
        if self.missing():
            raise NotAuthorised(NO_CLIENT)
        return {"client_id": self._client_id, "client_secret": self._client_secret}


def bearer(access: Access) -> Mapping[str, str]:
    """Return the header that a call as the signed-in person carries. Raises: NotAuthorised when nobody is."""
    token = access.secrets.get("access_token")
    if not token:
        raise NotAuthorised("Sign in with Google to read and answer here.")
    return {"Authorization": f"Bearer {token}"}


def _access(token: Mapping[str, Any]) -> Access:
    secrets = {name: str(token[name]) for name in ("access_token", "refresh_token") if token.get(name)}
    return Access({}, secrets, oauth.runs_out(token, _USUAL_SECONDS))
