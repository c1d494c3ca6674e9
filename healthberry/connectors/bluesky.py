"""Bluesky: mentions, answers and quotes, posts found by words, and answers by one record each.

What errors mean: bluesky_server.py. How lists are walked: bluesky_walks.py. How there is never a second answer:
bluesky_replies.py. The stream of the whole network (Jetstream) is not read: it is worth it only for very many words.

Source: lexicons and servers of bluesky-social/atproto, August 2026.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Final

import httpx

from healthberry.connectors import bluesky_posts as posts
from healthberry.connectors import bluesky_reading as reading
from healthberry.connectors import bluesky_replies as replies
from healthberry.connectors import bluesky_session as session
from healthberry.connectors import bluesky_text, bluesky_walks
from healthberry.connectors.answers import as_signed_in
from healthberry.connectors.base import (
    About,
    Access,
    Authorisation,
    BadItem,
    Capabilities,
    Field,
    InboundItem,
    Linkable,
    Linkables,
    Listing,
    Page,
    Reply,
    ReplyPermission,
    ReplyTarget,
    SentReply,
)
from healthberry.connectors.bluesky_server import CONNECT_AGAIN, Calls, Servers
from healthberry.connectors.defaults import Defaults
from healthberry.connectors.endpoints import Endpoints
from healthberry.connectors.errors import NotAuthorised, NotLinked
from healthberry.connectors.reading import as_history, garbled, newest_first, sequence
from healthberry.connectors.text import line
from healthberry.connectors.walks import pack, unpack

_ENOUGH: Final = 100  # so many items make a page of history, where Bluesky gives fewer at once
_REREADS: Final = 2
_MOST_WORDS: Final = 5
_NOT_CONNECTED: Final = (
    "Connect the account again in the channel's settings. Until then copy the text and answer on Bluesky."
)


class Bluesky(Defaults):
    """The connector of kind "bluesky". Channel config: `handle`, `did`, `words`."""

    kind: ClassVar[str] = "bluesky"
    capabilities = Capabilities(
        label="Bluesky",
        place="Bluesky",
        short="BSKY",
        display="link",
        item="post",
        reply="api",
        poll_seconds=60,
        connect="fields",
        about=About(
            reads="Posts that mention, quote or answer your account, and posts with words that you choose.",
            answers="You publish from here as your account.",
            needs="Somebody who can make an app password for your account, usually your communications team.",
            permissions="An app password can read and publish as the account; it cannot change or delete the account.",
            data="What is edited or deleted on Bluesky follows here within a day.",
            leaving="HealthBerry signs out. Delete the app password in Bluesky, under Settings, Privacy and security.",
        ),
        group="social",
        fields=(
            Field("handle", "Handle of your account", "For example example-trust.bsky.social."),
            Field("app_password", "App password", "Made in Bluesky, under Settings, Privacy and security.", "secret"),
            Field("words", "Words to search for", "Up to five words or phrases.", "words", False),
        ),
        length_limit=bluesky_text.GRAPHEMES,
        counting="graphemes",
        withdraws=True,
        backfill_depth="two years, as far as Bluesky lists them",
        serves_all=False,
        reread_seconds=3600,
        recheck_batch=reading.BATCH,
    )

    def __init__(
        self, endpoints: Endpoints, *, transport: httpx.BaseTransport | None = None, read_seconds: float | None = None
    ) -> None:
        self._servers = Servers(endpoints.bluesky, transport=transport, read_seconds=read_seconds)
        self._web = endpoints.bluesky_web

    def prepare(self, given: Mapping[str, str], redirect_uri: str) -> Access:
        """Sign in with the app password. Raises: NotLinked (handle, app_password, words), Temporary."""
        handle, phrases = session.handle_of(given.get("handle", "")), _words(given.get("words", ""))
        if not handle:
            raise NotLinked("A handle looks like example-trust.bsky.social.", "handle")
        if not given.get("app_password", "").strip():
            raise NotLinked("Enter an app password.", "app_password")
        opened = session.sign_in(self._servers, handle, given["app_password"].strip())
        return Access({"handle": opened.handle, "words": phrases}, opened.secrets, opened.expires_at)

    def link(self, access: Access) -> Linkables:
        """Return the account that signed in, after one look at its notifications. Raises: NotAuthorised, Temporary."""
        us = self._us(access)
        self._calls(access).get("app.bsky.notification.listNotifications", [("limit", "1")])
        config = {"handle": us.handle, "did": us.did, "words": list(sequence(access.config.get("words")))}
        page = f"{self._web}/profile/{us.did}"
        listing = Listing(self.kind, us.did, f"@{us.handle}", page, config, "Signed in with an app password")
        names = ("access_token", "refresh_token", "app_password", "pds", "did", "handle")
        secrets = {name: access.secrets[name] for name in names if access.secrets.get(name)}
        ends = session.runs_out(secrets.get("access_token", ""))
        return Linkables([Linkable(listing, secrets, ends, f"@{us.handle}")])

    def refresh(self, access: Access) -> Authorisation:
        """Renew the session; store the answer before anything else. Raises: NotAuthorised, Temporary."""
        return session.renewed(self._servers, access.secrets)

    def grant(self, access: Access) -> str:
        """Return the session's token for renewal."""
        return access.secrets.get("refresh_token", "")

    def revoke(self, access: Access) -> None:
        """Close the session; the app password stays until somebody deletes it there. Raises: Temporary, Permanent."""
        session.close(self._servers, access.secrets)

    def backfill(self, access: Access, since: datetime, cursor: str | None) -> Page:
        """Read one page of history: notifications, then each search, then our own answers.

        Raises: Temporary, Permanent.
        """
        reader, state = self._reader(access), unpack(bluesky_walks.Backfill, cursor)
        found: list[InboundItem] = []
        bad: list[BadItem] = []
        beginning = state.name
        while not state.done and state.name == beginning and len(found) < _ENOUGH:
            page, body = reader.read(bluesky_walks.named(reader.lists, state.name), state.cursor, since)
            found += page.items
            if state.again < _REREADS and garbled(page.items, page.bad):
                state = replace(state, again=state.again + 1)
                continue
            bad += page.bad
            state = bluesky_walks.next_page(state, reader.lists, body, since)
        once = {item.remote_id: item for item in found}
        return Page(newest_first(as_history(once.values())), pack(state), not state.done, bad)

    def poll(self, access: Access, cursor: str | None) -> Page:
        """Read one page of what is new: notifications, then each search, then our own answers.

        Raises: Temporary, Permanent.
        """
        reader = self._reader(access)
        state = bluesky_walks.begun(unpack(bluesky_walks.Poll, cursor), reader.lists)
        one = bluesky_walks.named(reader.lists, state.name)
        page, body = reader.read(one, state.cursor, bluesky_walks.since(state))
        if state.again < _REREADS and garbled(page.items, page.bad):
            return replace(page, bad=(), cursor=pack(replace(state, again=state.again + 1)), more=True)
        onward = bluesky_walks.next_poll(state, reader.lists, body)
        return replace(page, cursor=pack(onward), more=bool(onward.name))

    def may_reply(self, access: Access, target: ReplyTarget) -> ReplyPermission:
        """Say that it can be answered as long as the account is connected, and its author lets us."""
        return as_signed_in(access, target, _NOT_CONNECTED)

    def reply(self, access: Access, reply: Reply) -> SentReply:
        """Write the record of this reply, unless it is there.

        Raises: Unavailable (unknown outcome), RateLimited, Rejected, NotAuthorised, Gone.
        """
        return replies.publish(self._calls(access, at_once=True), self._us(access), reply)

    def find_reply(self, access: Access, reply: Reply) -> SentReply | None:
        """Look whether the record of this reply was written. Raises: Gone, Temporary, Permanent."""
        return replies.find(self._calls(access), self._us(access), reply)

    def withdraw(self, access: Access, remote_id: str) -> None:
        """Delete a record of ours. Raises: Rejected for another's; Temporary, Permanent."""
        replies.take_down(self._calls(access, at_once=True), self._us(access), remote_id)

    def recheck(self, access: Access, remote_ids: Sequence[str]) -> list[InboundItem]:
        """Look posts up, 25 at a time: as they are now; missing ones as withdrawn. Raises: Temporary, Permanent."""
        return reading.again(self._calls(access), self._us(access), remote_ids)

    def length(self, text: str) -> int:
        """Count letters as people see them, or tenths of the bytes where those are more."""
        return bluesky_text.length(text)

    def _calls(self, access: Access, *, at_once: bool = False) -> Calls:
        token = access.secrets.get("access_token", "")
        if not token:
            raise NotAuthorised(CONNECT_AGAIN)
        return Calls(self._servers.of(access.secrets.get("pds", "")), token, at_once=at_once)

    def _us(self, access: Access) -> posts.Us:
        did = access.secrets.get("did") or line(access.config.get("did"), 300)
        handle = access.secrets.get("handle") or line(access.config.get("handle"), 300)
        if not did:
            raise NotAuthorised(CONNECT_AGAIN)
        return posts.Us(did, handle, self._web)

    def _reader(self, access: Access) -> reading.Reader:
        us = self._us(access)
        phrases = [line(one, 100) for one in sequence(access.config.get("words"))]
        return reading.Reader(self._calls(access), us, bluesky_walks.lists(us.did, [one for one in phrases if one]))


def _words(given: str) -> list[str]:
    phrases = list(dict.fromkeys(one for one in (line(row, 101).strip('"') for row in given.splitlines()) if one))
    if len(phrases) > _MOST_WORDS:
        raise NotLinked(f"There can be {_MOST_WORDS} words or phrases at most.", "words")
    if wrong := next((one for one in phrases if not 3 <= len(one) <= 100 or '"' in one), None):
        raise NotLinked(f"“{wrong}” has to have 3 to 100 letters, without quotation marks inside.", "words")
    return phrases
