"""Signing in at a Mastodon server: an application is registered there first, then OAuth 2.0 with PKCE.

Source: documentation of Mastodon, "methods/apps" and "methods/oauth". Servers before 4.3 know no PKCE and ignore it;
they may also drop applications that nobody uses, so one token is asked for at once. That tokens of people do not run
out is from memory: where a server says that they do, they are renewed.
"""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from healthberry.connectors import oauth
from healthberry.connectors.access import Access
from healthberry.connectors.errors import (
    Gone,
    NotAuthorised,
    NotLinked,
    Permanent,
    Rejected,
    Temporary,
    Unavailable,
    UnexpectedAnswer,
)
from healthberry.connectors.http import Http
from healthberry.connectors.mastodon_server import Calls, accepted, an_object
from healthberry.connectors.reading import number
from healthberry.connectors.text import line

SCOPES: Final = "read:notifications read:statuses read:accounts write:statuses"
_NAME: Final = "HealthBerry"
_REFUSED: Final = "The Mastodon server did not accept the sign-in. Try again."
_RUN_OUT: Final = "The link with Mastodon has run out. Connect the account again."
_OVER: Final = oauth.OVER | {"invalid_client", "unauthorized_client"}  # what we registered there was dropped
_NO_ANSWER: Final = "No Mastodon server answers at {host}. Check the address; if it is right, try again in a while."
_NOT_MASTODON: Final = (
    "There is no Mastodon server at {host}. Check the address, or ask whoever looks after the account."
)


def instance(calls: Calls, host: str) -> Mapping[str, Any]:
    """Return what the server says of itself, in the shape of version 2. Raises: NotLinked, Temporary."""
    # Also a name that does not exist, and a page for people, are found out here.
    for version in ("v2", "v1"):
        try:
            return calls.object(f"/api/{version}/instance")
        except (Gone, NotAuthorised, Rejected):  # before 4.0, or closed to strangers
            continue
        except (
            Unavailable,
            UnexpectedAnswer,
        ) as error:
            raise NotLinked(_NO_ANSWER.format(host=host), "server") from error
    raise NotLinked(_NOT_MASTODON.format(host=host), "server")


def register(http: Http, host: str, redirect_uri: str) -> dict[str, str]:
    """Register HealthBerry at the server; return its client_id and client_secret. Raises: NotLinked, Temporary."""
    form = {"client_name": _NAME, "redirect_uris": redirect_uri, "scopes": SCOPES}
    try:
        app = an_object(accepted(http, http.ask("POST", "/api/v1/apps", headers={}, form=form)))
    except Permanent as error:
        raise NotLinked(f"{host} does not let programs sign in: {error.reason}", "server") from error
    client = {name: line(app.get(name), 500) for name in ("client_id", "client_secret")}
    if not all(client.values()):
        raise NotLinked(_NOT_MASTODON.format(host=host), "server")
    with contextlib.suppress(Temporary, Permanent):
        _token(http, client, {"grant_type": "client_credentials", "redirect_uri": redirect_uri}, _REFUSED)
    return client


def url(base: str, client: Mapping[str, str], state: str, redirect_uri: str, verifier: str) -> str:
    """Return the server's page to sign in at. Raises: NotAuthorised when we are not registered there."""
    if not client.get("client_id"):
        raise NotAuthorised("The link with the Mastodon server was lost. Link the account again.")
    return oauth.sign_in_page(f"{base}/oauth/authorize", client["client_id"], SCOPES, state, redirect_uri, verifier)


def exchange(
    http: Http, client: Mapping[str, str], answer: Mapping[str, str], redirect_uri: str, verifier: str
) -> Mapping[str, Any]:
    """Return the token answer for the browser's `code`. Raises: NotAuthorised, Temporary."""
    return _token(http, client, oauth.code_form(answer, redirect_uri, verifier, "Mastodon"), _REFUSED)


def renewed(http: Http, secrets: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the token answer for a refresh token.

    Raises: NotAuthorised where there is none, as with most servers: their tokens do not run out; SignInOver, Temporary,
    Permanent.
    """
    if not (refresh_token := secrets.get("refresh_token", "")):
        raise NotAuthorised(_RUN_OUT)
    return _token(http, secrets, oauth.refresh_form(refresh_token, _RUN_OUT), _RUN_OUT)


def revoke(http: Http, access: Access) -> None:
    """Kill the tokens of a sign-in; one that is dead is no error there. Raises: Temporary, Permanent.

    Source: documentation of Mastodon, "methods/oauth", `POST /oauth/revoke`.
    """
    client = {name: access.secrets.get(name, "") for name in ("client_id", "client_secret")}
    for token in oauth.tokens_of(access):
        accepted(http, http.ask("POST", "/oauth/revoke", headers={}, form={**client, "token": token}))


def secrets_of(token: Mapping[str, Any], client: Mapping[str, str]) -> tuple[dict[str, str], datetime | None]:
    """Return what is to be stored of a token answer, with the application that it belongs to, and when it runs out."""
    secrets = {name: client[name] for name in ("client_id", "client_secret") if client.get(name)}
    secrets["access_token"] = str(token["access_token"])
    if token.get("refresh_token"):
        secrets["refresh_token"] = str(token["refresh_token"])
    lives = number(token.get("expires_in"))
    runs_out = None if not lives or lives <= 0 else datetime.now(UTC) + timedelta(seconds=min(lives, 1e8))
    return secrets, runs_out


def _token(http: Http, client: Mapping[str, str], form: Mapping[str, str], refused: str) -> Mapping[str, Any]:
    whole = {**form, **{name: client.get(name, "") for name in ("client_id", "client_secret")}}
    return oauth.exchanged(http, "/oauth/token", whole, "The Mastodon server", refused, over=_OVER)
