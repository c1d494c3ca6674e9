"""Signing in with Microsoft 365 for mail: OAuth 2.0 authorization code with PKCE, as a confidential client.

Source, from memory: Microsoft identity platform v2.0, `/common/oauth2/v2.0/authorize` and `/token`; the two scopes of
outlook.office.com are for IMAP and SMTP, `offline_access` gives a refresh token, which may be replaced at each use (the
former one lives on). Access tokens live about an hour. Refusals are 400 with `{"error": "invalid_grant"}` and its like.
"""

from collections.abc import Mapping
from typing import Any, Final

from healthberry.connectors import oauth
from healthberry.connectors.base import Authorisation
from healthberry.connectors.errors import NotAuthorised
from healthberry.connectors.http import Http
from healthberry.connectors.http_answers import Refusals

REFUSALS: Final[Refusals] = {
    400: (NotAuthorised, "Microsoft did not accept the sign-in."),
    401: (NotAuthorised, "Microsoft did not accept this installation."),
}
SCOPES: Final = "offline_access https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send"
_NO_CLIENT: Final = (
    "This installation cannot sign in with Microsoft 365 (MICROSOFT_CLIENT_ID and MICROSOFT_CLIENT_SECRET are missing)."
)
_RUN_OUT: Final = "The link with Microsoft 365 has run out. Sign in again."
_OVER: Final = oauth.OVER | {"interaction_required"}  # from memory: a second step is asked for, which a person takes
_USUAL_SECONDS: Final = 3600.0


class MicrosoftSignIn:
    """The token calls; `web` is where people sign in, and where the tokens come from too."""

    def __init__(self, http: Http, web: str, client_id: str | None, client_secret: str | None) -> None:
        self._http, self._web = http, web
        self._client_id, self._client_secret = client_id or "", client_secret or ""

    def missing(self) -> str:
        """Say that this installation has no client there, where it has none."""
        return "" if self._client_id and self._client_secret else _NO_CLIENT

    def url(self, address: str, state: str, redirect_uri: str, verifier: str) -> str:
        """Return the page to send the browser to. Raises: NotAuthorised when there is no client."""
        page, more = f"{self._web}/common/oauth2/v2.0/authorize", {"response_mode": "query", "login_hint": address}
        return oauth.sign_in_page(page, self._client()[0], SCOPES, state, redirect_uri, verifier, **more)

    def exchange(self, answer: Mapping[str, str], redirect_uri: str, verifier: str) -> Mapping[str, Any]:
        """Return Microsoft's token answer for the browser's `code`. Raises: NotAuthorised, Temporary."""
        form = oauth.code_form(answer, redirect_uri, verifier, "Microsoft")
        return self._token(form, "Microsoft did not accept the sign-in. Try again.")

    def refresh(self, refresh_token: str) -> Mapping[str, Any]:
        """Return Microsoft's token answer for a refresh token. Raises: NotAuthorised, Temporary."""
        return self._token(oauth.refresh_form(refresh_token, _RUN_OUT), _RUN_OUT)

    def _token(self, form: Mapping[str, str], refused: str) -> Mapping[str, Any]:
        client_id, client_secret = self._client()
        whole = {**form, "client_id": client_id, "client_secret": client_secret, "scope": SCOPES}
        return oauth.exchanged(self._http, "/common/oauth2/v2.0/token", whole, "Microsoft", refused, over=_OVER)

    def _client(self) -> tuple[str, str]:
        if missing := self.missing():
            raise NotAuthorised(missing)
        return self._client_id, self._client_secret


def authorisation(token: Mapping[str, Any], account_id: str, account: str, before: str = "") -> Authorisation:
    """Return what is to be stored; `before` is the refresh token so far, which stays where no new one comes."""
    refresh_token = token.get("refresh_token")
    secrets = {
        "access_token": str(token["access_token"]),
        "refresh_token": refresh_token if isinstance(refresh_token, str) and refresh_token else before,
    }
    expires_at = oauth.runs_out(token, _USUAL_SECONDS)
    return Authorisation({name: value for name, value in secrets.items() if value}, expires_at, account_id, account)
