"""X: mentions are read with the app's token or the account's own; answers are posted by the signed-in account.

How it is asked: x_calls.py. What is read, and in which order: x_reading.py, x_walks.py. How posts become items:
x_posts.py. What X sends by itself: x_hooks.py, x_stream.py. Answering: x_replies.py, and what refusals mean:
x_refusals.py. Signing in: x_sign_in.py.

Source: X API v2 documents as of 2026; at most the newest 800 mentions can be reached; ids are decimal snowflakes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Final

import httpx

from healthberry.connectors import oauth, x_listings, x_sign_in
from healthberry.connectors.base import (
    About,
    Access,
    Authorisation,
    Capabilities,
    Discovery,
    InboundItem,
    Linkable,
    Linkables,
    Page,
    ProviderFacts,
    Reply,
    ReplyPermission,
    ReplyTarget,
    SentReply,
    WebhookAnswer,
    WebhookRequest,
)
from healthberry.connectors.defaults import Defaults
from healthberry.connectors.endpoints import Choices, Credentials, Endpoints
from healthberry.connectors.errors import NotLinked
from healthberry.connectors.reading import identifier
from healthberry.connectors.websites import Websites
from healthberry.connectors.x_calls import NO_TOKEN, Calls, user_of
from healthberry.connectors.x_hooks import Hooks
from healthberry.connectors.x_listings import Listings
from healthberry.connectors.x_reading import Reading
from healthberry.connectors.x_replies import Replies
from healthberry.connectors.x_stream import Stream
from healthberry.connectors.x_text import weighted_length
from healthberry.connectors.x_walks import LIMIT, is_new_day

_REREAD_SECONDS: Final = 3600
_LONGEST_COUNTED: Final = 10_000


class X(Defaults):
    """The connector of kind "x". Channel config: `user_id`, `username`."""

    kind: ClassVar[str] = "x"
    _can: ClassVar[Capabilities] = Capabilities(
        label="Posts on X",
        place="X",
        short="X",
        display="link",
        item="post",
        reply="api",
        poll_seconds=60,
        connect="oauth",
        about=About(
            reads="Posts that mention, answer or quote your account, the post that each answers, and your own answers.",
            answers="You publish from here as your account, once somebody signed in with X as that account.",
            needs="Whoever knows the password of your account on X, usually your communications team.",
            costs="X charges the operator of this installation for each post that is read. Your organisation pays "
            "nothing to X.",
            permissions="Read posts and your profile, publish posts, stay signed in (tweet.read, users.read, "
            "tweet.write, offline.access).",
            data="What is edited, hidden or deleted on X follows here within a day.",
            leaving="HealthBerry gives its permission to publish back to X.",
        ),
        group="social",
        found=True,
        several=False,
        length_limit=280,
        counting="x_weighted",
        withdraws=True,
        backfill_depth="the newest 800 mentions, and a week of answers and quotes that do not mention you",
        serves_all=False,
        reach_days=7,
        paid_reads=True,
        # Source: X developer policy, "Content compliance": what X no longer shows goes within 24 hours.
        recheck_seconds=20 * 3600,
        recheck_batch=LIMIT,
    )

    def __init__(
        self,
        endpoints: Endpoints,
        credentials: Credentials,
        websites: Websites,
        *,
        transport: httpx.BaseTransport | None = None,
        read_seconds: float | None = None,
        choices: Choices | None = None,
    ) -> None:
        self._credentials = credentials
        self.capabilities = _capabilities(self._can, credentials, choices or Choices())
        self._calls = Calls(endpoints, credentials, transport=transport, read_seconds=read_seconds)
        self._listings = Listings(self._calls, websites, Access({}, self.installed_access()))
        self._reading, self._replies = Reading(self._calls), Replies(self._calls)
        self._hooks = Hooks(self._calls, self._reading, credentials.x_consumer_secret or "")
        self._stream = Stream(self._calls)
        self._sign_in = x_sign_in.SignIn(
            self._calls.http, endpoints.x_web, credentials.x_client_id, credentials.x_client_secret
        )

    def installed_access(self) -> Mapping[str, str]:
        """Return {"bearer_token": …}, or {}."""
        token = self._credentials.x_bearer_token
        return {"bearer_token": token} if token else {}

    def missing(self) -> str:
        """Say that the application's token is missing, where it is."""
        return "" if self._credentials.x_bearer_token else NO_TOKEN

    def discover(self, provider: ProviderFacts) -> Discovery:
        """Return the account that the organisation's own website links to: see `Listings.discover`."""
        return self._listings.discover(provider)

    def authorise_url(self, access: Access, state: str, redirect_uri: str, verifier: str) -> str:
        """Return X's page to sign in at. Raises: NotAuthorised when this installation has no client id."""
        return self._sign_in.url(state, redirect_uri, verifier)

    def authorise(self, access: Access, answer: Mapping[str, str], redirect_uri: str, verifier: str) -> Authorisation:
        """Exchange the code and ask who signed in. Raises: NotAuthorised, Temporary."""
        token = self._sign_in.exchange(answer, redirect_uri, verifier)
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        user = user_of(self._calls.http.get("/2/users/me", headers=headers, params=[("user.fields", "username,name")]))
        return x_sign_in.authorisation(token, user.user_id, user.username)

    def link(self, access: Access) -> Linkables:
        """Return the account that signed in; X is not asked again. Raises: NotLinked where nobody did."""
        user_id, handle = access.secrets.get("account_id", ""), access.secrets.get("account", "").removeprefix("@")
        if not user_id or not handle:
            raise NotLinked("Sign in with X to link your account.")
        listing = replace(x_listings.listing(handle, "", self._calls.web, user_id), found_at="")
        return Linkables([Linkable(listing, account=handle)])

    def refresh(self, access: Access) -> Authorisation:
        """Exchange the refresh token; store the answer before anything else. Raises: NotAuthorised, Temporary."""
        token = self._sign_in.refresh(access.secrets.get("refresh_token", ""))
        return x_sign_in.authorisation(token, access.secrets.get("account_id", ""), access.secrets.get("account", ""))

    def grant(self, access: Access) -> str:
        """Return a token of whoever signed in: each sign-in has its own."""
        return next(iter(oauth.tokens_of(access)), "")

    def revoke(self, access: Access) -> None:
        """Kill both tokens. Raises: Temporary, Permanent."""
        self._sign_in.revoke(access)

    def backfill(self, access: Access, since: datetime, cursor: str | None) -> Page:
        """Read one page of history: see `Reading.backfill`."""
        return self._reading.backfill(access, since, cursor)

    def poll(self, access: Access, cursor: str | None) -> Page:
        """Read one page of what is new: see `Reading.poll`. Once a day X is asked again to send it by itself."""
        page = self._reading.poll(access, cursor)
        if is_new_day(cursor, page.cursor):
            self._hooks.subscribe(identifier(access.config.get("user_id")))
        return page

    def receive(self, access: Access, request: WebhookRequest) -> WebhookAnswer:
        """Answer X's challenge, or verify and part what it sends: see `Hooks.receive`."""
        return self._hooks.receive(request)

    def read_delivery(self, access: Access, body: str) -> Page:
        """Read one event: see `Hooks.read_delivery`."""
        return self._hooks.read_delivery(access, body)

    def listen(self, access: Access) -> Iterator[None]:
        """Follow the installation's stream: see `Stream.listen`."""
        return self._stream.listen(self._calls.us(access))

    def may_reply(self, access: Access, target: ReplyTarget) -> ReplyPermission:
        """Say whether the signed-in account may answer this post."""
        return self._replies.may_reply(access, target)

    def reply(self, access: Access, reply: Reply) -> SentReply:
        """Post the answer: see `Replies.reply`."""
        return self._replies.reply(access, reply)

    def find_reply(self, access: Access, reply: Reply) -> SentReply | None:
        """Look for our answer among our own posts: see `Replies.find_reply`."""
        return self._replies.find_reply(access, reply)

    def withdraw(self, access: Access, remote_id: str) -> None:
        """Delete a post of ours: see `Replies.take_down`."""
        self._replies.take_down(access, remote_id)

    def recheck(self, access: Access, remote_ids: Sequence[str]) -> list[InboundItem]:
        """Look posts up again: see `Reading.recheck`."""
        return self._reading.recheck(access, remote_ids)

    def length(self, text: str) -> int:
        """Count as X does: most letters 1, other scripts and emoji 2, every link 23."""
        if len(text) > _LONGEST_COUNTED:
            # Far beyond any limit: the exact figure is not worth the time.
            return len(text)
        return weighted_length(text)


def _capabilities(can: Capabilities, credentials: Credentials, choices: Choices) -> Capabilities:
    """Return what can be done with these keys: push is a hint, and is repaired by reading the last days again."""
    pushed = bool(credentials.x_consumer_secret)
    return replace(
        can,
        push=pushed,
        streams=choices.x_stream and bool(credentials.x_bearer_token),
        reread_seconds=_REREAD_SECONDS if pushed else None,
        monthly_reads=choices.x_monthly_reads,
    )
