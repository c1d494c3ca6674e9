"""Mastodon: mentions, answers and public posts with chosen tags, on whichever server the account lives.

What statuses mean: mastodon_server.py. How lists are walked: mastodon_walks.py. The same protocol is spoken by other
servers (Takahē, GoToSocial, Pleroma), which leave parts of it out; nothing here depends on those.

Source: documentation of Mastodon as of July 2026.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, Final

import httpx

from healthberry.connectors import mastodon_items as items
from healthberry.connectors import mastodon_reading as reading
from healthberry.connectors import mastodon_replies as replies
from healthberry.connectors import mastodon_settings as settings
from healthberry.connectors import mastodon_sign_in as sign_in
from healthberry.connectors import mastodon_stream as stream
from healthberry.connectors import mastodon_walks as walks
from healthberry.connectors import mastodon_words as words
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
from healthberry.connectors.defaults import Defaults
from healthberry.connectors.endpoints import Endpoints
from healthberry.connectors.errors import NotAuthorised, NotLinked
from healthberry.connectors.mastodon_server import Calls, Servers, server_of
from healthberry.connectors.reading import (
    address,
    as_history,
    garbled,
    identifier,
    newest_first,
    sequence,
)
from healthberry.connectors.text import line
from healthberry.connectors.walks import pack, unpack

_ENOUGH: Final = 100  # so many items make a page of history, where the server gives fewer at once
_BATCH: Final = 20
# "@name " stands before each answer; names have up to 30 characters.
_FOR_THE_NAME: Final = 32
_MOST_TAGS: Final = 10
_NOT_SIGNED_IN: Final = (
    "Connect the account again in the channel's settings. Until then copy the text and answer there."
)
_GONE: Final = "The post that you answer has been deleted, or is hidden from this account."


class Mastodon(Defaults):
    """The connector of kind "mastodon".

    Channel config: `server`, `tags`, `account_id`, `username`, `limit`, `per_url`, `streaming`.
    """

    kind: ClassVar[str] = "mastodon"
    capabilities = Capabilities(
        label="Mastodon",
        place="Mastodon",
        short="M",
        display="link",
        item="post",
        reply="api",
        poll_seconds=60,
        connect="oauth",
        about=About(
            reads="Posts that mention your account, answers to it, and public posts with the tags that you choose.",
            answers="You publish from here as your account.",
            needs="Whoever knows the password of your account on its server, usually your communications team.",
            permissions="Read notifications, posts and the profile of the account, publish posts (read:notifications, "
            "read:statuses, read:accounts, write:statuses).",
            data="What is edited, hidden or deleted on Mastodon follows here within a day.",
            leaving="HealthBerry gives its permission back to the server.",
        ),
        group="social",
        fields=(
            Field("server", "Server of your account", "For example mastodon.social, or @you@mastodon.social."),
            Field("tags", "Tags", "Up to ten, for example #RoyalExample.", "words", required=False),
        ),
        length_limit=settings.USUAL_LIMIT - _FOR_THE_NAME,
        counting="graphemes",
        withdraws=True,
        backfill_depth="two years, as far as the server keeps them",
        serves_all=False,
        streams=True,
        reread_seconds=3600,
        recheck_batch=_BATCH,
    )

    def __init__(
        self, endpoints: Endpoints, *, transport: httpx.BaseTransport | None = None, read_seconds: float | None = None
    ) -> None:
        self._servers = Servers(endpoints.mastodon, transport=transport, read_seconds=read_seconds)

    def prepare(self, given: Mapping[str, str], redirect_uri: str) -> Access:
        """Find the server and register HealthBerry there. Raises: NotLinked (server, tags), Temporary."""
        host, tags = server_of(given.get("server", "")), settings.tags(given.get("tags", ""))
        http = self._servers.http(host)
        sign_in.instance(Calls(http, ""), host)
        client = sign_in.register(http, host, redirect_uri)
        return Access({"server": host, "tags": tags}, client)

    def authorise_url(self, access: Access, state: str, redirect_uri: str, verifier: str) -> str:
        """Return the server's page to sign in at. Raises: NotAuthorised."""
        return sign_in.url(self._servers.base(_host(access)), access.secrets, state, redirect_uri, verifier)

    def authorise(self, access: Access, answer: Mapping[str, str], redirect_uri: str, verifier: str) -> Authorisation:
        """Exchange the code and ask who signed in. Raises: NotAuthorised, Temporary."""
        http = self._servers.http(_host(access))
        return self._authorised(access, sign_in.exchange(http, access.secrets, answer, redirect_uri, verifier))

    def refresh(self, access: Access) -> Authorisation:
        """Renew a token of a server whose tokens run out. Raises: NotAuthorised, Temporary."""
        return self._authorised(access, sign_in.renewed(self._servers.http(_host(access)), access.secrets))

    def grant(self, access: Access) -> str:
        """Return the token: each sign-in has its own."""
        return access.secrets.get("access_token", "")

    def revoke(self, access: Access) -> None:
        """Kill the tokens. Raises: Temporary, Permanent."""
        sign_in.revoke(self._servers.http(_host(access)), access)

    def link(self, access: Access) -> Linkables:
        """Return the account that signed in, with what its server allows.

        Raises: NotLinked, NotAuthorised, Temporary.
        """
        host, calls = _host(access), self._calls(access)
        account = calls.object("/api/v1/accounts/verify_credentials")
        account_id, username = identifier(account.get("id")), line(account.get("username"), 100)
        if not account_id or not username:
            raise NotLinked("The server does not say which account signed in.")
        config = {"server": host, "tags": list(sequence(access.config.get("tags")))}
        config |= {"account_id": account_id, "username": username, **settings.rules(sign_in.instance(calls, host))}
        label = f"@{username}@{host}"
        url = address(account.get("url")) or f"{self._servers.base(host)}/@{username}"
        listing = Listing(self.kind, f"{account_id}@{host}", label, url, config, f"Signed in at {host}")
        return Linkables([Linkable(listing, account=label)])

    def backfill(self, access: Access, since: datetime, cursor: str | None) -> Page:
        """Read one page of history: mentions, then each tag, then our own answers. Raises: Temporary, Permanent."""
        reader, state = self._reader(access), unpack(walks.Backfill, cursor)
        found: list[InboundItem] = []
        bad: list[BadItem] = []
        beginning = state.name
        while not state.done and state.name == beginning and len(found) < _ENOUGH:
            one = walks.named(reader.lists, state.name)
            params = [("max_id", state.before)] if state.before else []
            page, body, answer = reader.read(one, params, since=since)
            found += page.items
            if not state.again and garbled(page.items, page.bad):
                state = replace(state, again=True)
                continue
            bad += page.bad
            state = walks.next_page(state, reader.lists, body, answer, since)
        once = {item.remote_id: item for item in found}
        return Page(newest_first(as_history(once.values())), pack(state), not state.done, bad)

    def poll(self, access: Access, cursor: str | None) -> Page:
        """Read one page of what is new: mentions, then each tag, then our own answers. Raises: Temporary, Permanent."""
        reader = self._reader(access)
        state = walks.begun(unpack(walks.Poll, cursor), reader.lists)
        one = walks.named(reader.lists, state.name)
        since = None if state.after else datetime.fromisoformat(state.start)
        page, body, answer = reader.read(one, walks.window(state), since=since, known=walks.seen(state))
        if not state.again and garbled(page.items, page.bad):
            return replace(page, bad=(), cursor=pack(replace(state, again=True)), more=True)
        onward = walks.next_poll(state, reader.lists, body, answer)
        return replace(page, cursor=pack(onward), more=bool(onward.name))

    def listen(self, access: Access) -> Iterator[None]:
        """Follow the account's notifications. Raises: Temporary, Permanent when the stream breaks off."""
        host = _host(access)
        streaming = stream.host_of(line(access.config.get("streaming"), 300), host)
        self._servers.http(streaming)  # refuses what is no host
        return stream.turns(self._servers.base(streaming), _token(access), self._servers.network())

    def may_reply(self, access: Access, target: ReplyTarget) -> ReplyPermission:
        """Say that it can be answered as long as the account is connected; a private post is answered in private."""
        allowed = as_signed_in(access, target, _NOT_SIGNED_IN)
        # An answer is seen by as many as the post: one for followers only is still seen by all of ours.
        return replace(allowed, private=target.source.get("visibility") == "direct")

    def reply(self, access: Access, reply: Reply) -> SentReply:
        """Publish, after a look whether it is there: not every server honours the key, and none for long.

        Raises: Unavailable (unknown outcome), RateLimited, Rejected, NotAuthorised, Gone.
        """
        return replies.publish(self._calls(access), self._us(access), access.config, reply)

    def find_reply(self, access: Access, reply: Reply) -> SentReply | None:
        """Look below the post and through our newest ones for these words. Raises: Gone, Temporary, Permanent."""
        return replies.find(self._calls(access), self._us(access), reply)

    def withdraw(self, access: Access, remote_id: str) -> None:
        """Delete a post of ours. Raises: Rejected for another's; Temporary, Permanent."""
        replies.take_down(self._calls(access), remote_id)

    def recheck(self, access: Access, remote_ids: Sequence[str]) -> list[InboundItem]:
        """Look posts up together, and those that are missing one by one. Raises: Temporary, Permanent.

        Threads are not asked for again: what is stored stays where it is.
        """
        return reading.again(self._calls(access), self._us(access), remote_ids)

    def length(self, text: str) -> int:
        """Count as Mastodon does: letters as people see them, every address 23, `@user@host` as `@user`."""
        return words.length(text)

    def _calls(self, access: Access) -> Calls:
        return Calls(self._servers.http(_host(access)), _token(access))

    def _us(self, access: Access) -> items.Us:
        account_id = identifier(access.config.get("account_id")) or access.secrets.get("account_id", "")
        if not account_id:
            account_id = identifier(self._calls(access).object("/api/v1/accounts/verify_credentials").get("id"))
        return items.Us(account_id, _host(access))

    def _reader(self, access: Access) -> reading.Reader:
        us = self._us(access)
        return reading.Reader(self._calls(access), us, walks.lists(us.account_id, sequence(access.config.get("tags"))))

    def _authorised(self, access: Access, token: Mapping[str, Any]) -> Authorisation:
        secrets, expires_at = sign_in.secrets_of(token, access.secrets)
        host = _host(access)
        calls = Calls(self._servers.http(host), secrets["access_token"])
        account = calls.object("/api/v1/accounts/verify_credentials")
        account_id, username = identifier(account.get("id")), line(account.get("username"), 100)
        secrets["account_id"] = account_id
        return Authorisation(secrets, expires_at, f"{account_id}@{host}", f"@{username}@{host}")


def _host(access: Access) -> str:
    return line(access.config.get("server"), 300)


def _token(access: Access) -> str:
    token = access.secrets.get("access_token", "")
    if not token:
        raise NotAuthorised(_NOT_SIGNED_IN)
    return token
