"""What Facebook and Instagram have in common: one app at Meta, its sign-in, and how lists and single items are read."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import ClassVar, Final

import httpx

from healthberry.connectors import graph, graph_hooks, graph_lists
from healthberry.connectors.base import Access, Authorisation, InboundItem, Page, WebhookAnswer, WebhookRequest
from healthberry.connectors.defaults import Defaults
from healthberry.connectors.endpoints import Credentials, Endpoints
from healthberry.connectors.errors import Gone, NotAuthorised, NotLinked
from healthberry.connectors.graph_sign_in import SignIn
from healthberry.connectors.reading import identifier, withdrawn

NOT_SIGNED_IN: Final = "Connect this channel with Facebook in its settings to publish from here."


class GraphChannel(Defaults, ABC):
    """A kind of channel at Meta: each channel is one account there, reached with a Page's own token.

    `place` names it in sentences, `hook_object` is what its webhooks are about.
    """

    place: ClassVar[str]
    hook_object: ClassVar[str]

    def __init__(
        self,
        endpoints: Endpoints,
        credentials: Credentials,
        *,
        transport: httpx.BaseTransport | None = None,
        read_seconds: float | None = None,
    ) -> None:
        address, self._web = self._addresses(endpoints)
        self._api = graph.Graph(
            address,
            self.place,
            credentials.facebook_app_id,
            credentials.facebook_app_secret,
            transport=transport,
            read_seconds=read_seconds,
        )
        self._verify_token = credentials.facebook_verify_token or ""
        self._sign_in = SignIn(self._api, endpoints.facebook_web)

    def missing(self) -> str:
        """Say that the app's id and secret are missing, where they are."""
        return self._sign_in.missing()

    def prepare(self, given: Mapping[str, str], redirect_uri: str) -> Access:
        """Ask nothing. Raises: NotLinked when there is no app."""
        if self.missing():
            raise NotLinked(self.missing())
        return Access({})

    def authorise(self, access: Access, answer: Mapping[str, str], redirect_uri: str, verifier: str) -> Authorisation:
        """Exchange the code; the token found serves `link` alone. Raises: NotAuthorised, Temporary."""
        return self._sign_in.authorise(answer, redirect_uri)

    def refresh(self, access: Access) -> Authorisation:
        """Return the token as it is, where it still opens the account. Raises: NotAuthorised, Temporary."""
        return self._sign_in.alive(access, self._account_id(access))

    def grant(self, access: Access) -> str:
        """Return the Page whose news we are told: what hangs on one Page, on Facebook and Instagram, goes at once."""
        page_id = identifier(access.config.get("page_id"))
        return f"meta {page_id}" if page_id and access.secrets.get("access_token") else ""

    def revoke(self, access: Access) -> None:
        """Have Meta tell us nothing more of the Page; with a dead token it does not. Raises: Temporary, Permanent.

        What the person allowed the app stays: `DELETE /me/permissions` takes their own token, which is never kept.
        """
        with suppress(NotAuthorised, Gone):
            page_id = identifier(access.config.get("page_id"))
            self._api.delete(token_of(access), "/{id}/subscribed_apps", id=page_id)

    def backfill(self, access: Access, since: datetime, cursor: str | None) -> Page:
        """Read one page of a list, newest first, or of one post's further comments; no total is known.

        Before the first page Meta is asked to tell us what is new. Raises: Temporary, Permanent.
        """
        if cursor is None and self._verify_token:
            self._subscribe(access)
        return graph_lists.backfill(self._lists(access), since, cursor)

    def poll(self, access: Access, cursor: str | None) -> Page:
        """Read one page of a catch-up: the newest of every list; without a cursor the last thirty days' posts.

        Raises: Temporary, Permanent.
        """
        if cursor is None and self._verify_token:
            self._subscribe(access)
        return graph_lists.poll(self._lists(access), cursor)

    def receive(self, access: Access, request: WebhookRequest) -> WebhookAnswer:
        """Answer Meta's question or verify its request; one delivery for each change. Raises: BadSignature."""
        return graph_hooks.receive(request, self.hook_object, self._api.app_secret, self._verify_token)

    @staticmethod
    @abstractmethod
    def _addresses(endpoints: Endpoints) -> tuple[str, str]:
        """Return where its Graph API is, and its pages for people."""

    @abstractmethod
    def _account_id(self, access: Access) -> str:
        """Return the id of the account that the channel is."""

    @abstractmethod
    def _lists(self, access: Access) -> graph_lists.Lists:
        """Return the lists to read."""

    @abstractmethod
    def _subscribe(self, access: Access) -> None:
        """Ask to be told of what is new; polls go on without."""

    @abstractmethod
    def _seen(self, access: Access, remote_id: str) -> Sequence[InboundItem]:
        """Look at one item as it is now. Raises: Gone; Temporary, Permanent."""

    def _recheck(self, access: Access, remote_id: str) -> Sequence[InboundItem]:
        """Look at one item; what is said to be gone is asked for twice, and only while the account can be read."""
        try:
            return self._seen(access, remote_id)
        except Gone:
            self._api.read(token_of(access), "/{id}", [("fields", "id")], id=self._account_id(access))
        try:
            return self._seen(access, remote_id)
        except Gone:
            return [withdrawn(remote_id)]


def token_of(access: Access) -> str:
    """Return the token that opens the channel's account. Raises: NotAuthorised where nobody signed in."""
    token = access.secrets.get("access_token", "")
    if not token:
        raise NotAuthorised(NOT_SIGNED_IN)
    return token


def kept_secrets(token: str, account_id: str, account: str) -> dict[str, str]:
    """Return what a channel keeps. The token of the person who signed in opens more than this account: it is not."""
    return {"access_token": token, "account_id": account_id, "account": account, "user_token": ""}  # nosec B105
