"""Signing in with Facebook: the login dialog, a token for 60 days, and the Pages that it opens.

Source: developers.facebook.com, "Manually build a login flow" and "Page access tokens", in part from memory: a Page's
token made from a long-lived one does not run out by time, but dies with the password, the role or the app's
permission. Only Pages' tokens are kept. The dialog knows no PKCE for apps with a secret; `state` guards the way back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

from healthberry.connectors import graph
from healthberry.connectors.base import Access, Authorisation
from healthberry.connectors.errors import NotAuthorised, Rejected, UnexpectedAnswer
from healthberry.connectors.graph import Graph
from healthberry.connectors.http import Params
from healthberry.connectors.reading import identifier, mapping, number, sequence
from healthberry.connectors.text import line

_MOST_LISTS: Final = 20
_NO_APP: Final = "This installation cannot sign in with Facebook (FACEBOOK_APP_ID and FACEBOOK_APP_SECRET are missing)."
_CANCELLED: Final = "Signing in with Facebook was cancelled. Nothing has been linked."
_USED: Final = "Facebook did not accept the sign-in: it was used already or took too long. Try again."


@dataclass(frozen=True)
class OwnPage:
    """A Page that whoever signed in may work for, with its own token and, as `given`, all else that was served."""

    page_id: str
    name: str
    token: str = field(repr=False)
    tasks: Sequence[str] = ()
    given: Mapping[str, Any] = field(default_factory=dict, repr=False)


class SignIn:
    """The calls around signing in; `web` is where people sign in."""

    def __init__(self, api: Graph, web: str) -> None:
        self._graph, self._web = api, web

    def missing(self) -> str:
        """Say that the app's id and secret are missing, where they are."""
        return "" if self._graph.app_id and self._graph.app_secret else _NO_APP

    def url(self, scopes: Sequence[str], state: str, redirect_uri: str) -> str:
        """Return the page to send the browser to. Raises: NotAuthorised when there is no app."""
        self._needs_app()
        query = {
            "client_id": self._graph.app_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "scope": ",".join(scopes),
            "response_type": "code",
        }
        return f"{self._web}/{graph.VERSION}/dialog/oauth?{urlencode(query, quote_via=quote)}"

    def authorise(self, answer: Mapping[str, str], redirect_uri: str) -> Authorisation:
        """Exchange the browser's `code` for a token of about 60 days. Raises: NotAuthorised, Temporary."""
        if answer.get("error") or not answer.get("code"):
            raise NotAuthorised(_CANCELLED)
        short, _ = self._token([("redirect_uri", redirect_uri), ("code", answer["code"])])
        token, lives = self._token([("grant_type", "fb_exchange_token"), ("fb_exchange_token", short)])
        who = self._graph.read(token, "/me", [("fields", "id,name")])
        expires_at = datetime.now(UTC) + timedelta(seconds=lives) if lives else None
        return Authorisation({"user_token": token}, expires_at, identifier(who.get("id")), line(who.get("name"), 100))

    def pages(self, access: Access, fields: str) -> list[OwnPage]:
        """Return the Pages of whoever signed in, with these `fields` of each. Raises: NotAuthorised, Temporary."""
        token = access.secrets.get("user_token", "")
        if not token:
            raise NotAuthorised("Sign in with Facebook first.")
        found: list[OwnPage] = []
        cursor = ""
        for _ in range(_MOST_LISTS):
            params = [("fields", fields), ("limit", "100"), *([("after", cursor)] if cursor else [])]
            body = self._graph.read(token, "/me/accounts", params)
            found += [page for one in sequence(body.get("data")) if (page := _own_page(mapping(one)))]
            if not (cursor := graph.after(body)):
                break
        return found

    def alive(self, access: Access, reads: str) -> Authorisation:
        """Return the Page's tokens as they are, if they still open `reads`: there is nothing to exchange them for.

        Raises: NotAuthorised, Temporary.
        """
        token = access.secrets.get("access_token", "")
        if not token:
            raise NotAuthorised("Nobody has signed in with Facebook for this channel.")
        self._graph.read(token, "/{id}", [("fields", "id")], id=reads)
        account = access.secrets.get("account", "")
        return Authorisation(access.secrets, access.expires_at, access.secrets.get("account_id", ""), account)

    def _token(self, params: Params) -> tuple[str, float]:
        self._needs_app()
        app = [("client_id", self._graph.app_id), ("client_secret", self._graph.app_secret)]
        try:
            body = self._graph.said("/oauth/access_token", [*app, *params])
        except (NotAuthorised, Rejected, UnexpectedAnswer) as error:
            raise NotAuthorised(_USED) from error
        token = body.get("access_token")
        if not isinstance(token, str) or not token:
            raise UnexpectedAnswer("Facebook accepted the sign-in but gave no token.")
        return token, number(body.get("expires_in")) or 0.0

    def _needs_app(self) -> None:
        if self.missing():
            raise NotAuthorised(_NO_APP)


def _own_page(given: Mapping[str, Any]) -> OwnPage | None:
    page_id, token = identifier(given.get("id")), given.get("access_token")
    if not page_id or not isinstance(token, str) or not token:
        return None
    tasks = [line(task, 50) for task in sequence(given.get("tasks"))]
    return OwnPage(page_id, line(given.get("name"), 200) or f"Page {page_id}", token, tasks, given)
