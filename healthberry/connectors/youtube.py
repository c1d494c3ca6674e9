"""YouTube: comments under an organisation's videos are read, and answered as the channel that signed in.

Read with the channel's own sign-in, or with the installation's key alone; then answers are written on YouTube itself.
What refusals mean: youtube_api.py.

Source: YouTube Data API v3, revision of April 2026. There are no webhooks for comments and no idempotency.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

import httpx

from healthberry.connectors import youtube_items as items
from healthberry.connectors import youtube_walks as walks
from healthberry.connectors.answers import as_signed_in
from healthberry.connectors.base import (
    About,
    Access,
    Authorisation,
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
from healthberry.connectors.endpoints import Credentials, Endpoints
from healthberry.connectors.errors import Gone, NotAuthorised, NotLinked, TooMuch, Unavailable
from healthberry.connectors.google_channel import GoogleChannel
from healthberry.connectors.reading import (
    as_history,
    garbled,
    identifier,
    mapping,
    sequence,
)
from healthberry.connectors.text import line
from healthberry.connectors.walks import pack, unpack
from healthberry.connectors.youtube_api import NO_KEY, Api
from healthberry.connectors.youtube_reading import BATCH, look_again, page_of

SCOPE: Final = "https://www.googleapis.com/auth/youtube.force-ssl"
_CHANNEL_ID = re.compile(r"UC[\w-]{4,60}")
_HANDLE = re.compile(r"@?([\w.-]{3,60})")
_BY_HAND: Final = "This channel is read with the installation's key: copy the text, open the comment and answer there."


class YouTube(GoogleChannel):
    """The connector of kind "youtube". Channel config: `channel_id`, `title`."""

    kind: ClassVar[str] = "youtube"
    scope = SCOPE

    def __init__(
        self,
        endpoints: Endpoints,
        credentials: Credentials,
        *,
        transport: httpx.BaseTransport | None = None,
        read_seconds: float | None = None,
    ) -> None:
        super().__init__(endpoints, credentials, transport=transport, read_seconds=read_seconds)
        key = credentials.youtube_api_key
        self._api = Api(endpoints, key, transport=transport, read_seconds=read_seconds)
        self._web = endpoints.youtube_web
        self._api_key = key

    @property
    def capabilities(self) -> Capabilities:
        """Return what YouTube can do; without a client to sign in with, it is read only and answered by hand."""
        signs_in = not self._sign_in.missing()
        address = Field("channel", "Your channel", "Its address or handle, such as @ExampleTrust")
        return Capabilities(
            label="YouTube comments",
            place="YouTube",
            sign_in="Google",
            short="YT",
            display="link",
            item="comment",
            reply="api" if signs_in else "assisted",
            poll_seconds=900,
            connect="oauth" if signs_in else "fields",
            about=About(
                reads="Comments under your videos, the replies to them, and your own answers.",
                answers="You publish from here, as your channel." if signs_in else "You copy the answer to YouTube.",
                needs="Whoever manages your channel has to sign in with Google once." if signs_in else "Its address.",
                costs="Free of charge. YouTube grants 10,000 units a day to the whole installation: reading a channel "
                "takes about 150, an answer about 52. When they are used up, reading waits until the morning.",
                permissions="Manage your YouTube account (youtube.force-ssl): Google offers nothing smaller that may "
                "answer. Nothing but comments is touched."
                if signs_in
                else "None.",
                data="What is edited or deleted on YouTube follows here within a day.",
                leaving="HealthBerry gives its permission back to Google, unless another of your channels needs it.",
            ),
            group="social",
            fields=() if signs_in else (address,),
            # Source: from memory; YouTube says no more than that a text can be too long.
            length_limit=10_000,
            backfill_depth="all comments",
            # Source: YouTube developer policies, from memory: what is stored is refreshed or deleted within 30 days.
            recheck_batch=BATCH,
        )

    def installed_access(self) -> Mapping[str, str]:
        """Return {"api_key": …}, or {}."""
        return {"api_key": self._api_key} if self._api_key else {}

    def missing(self) -> str:
        """Say that the installation has neither a key nor a client."""
        return NO_KEY if self._sign_in.missing() and not self._api_key else ""

    def authorise(self, access: Access, answer: Mapping[str, str], redirect_uri: str, verifier: str) -> Authorisation:
        """Exchange the code and ask whose channel it is; where there are several, the one that is linked already.

        Raises: NotAuthorised, Temporary.
        """
        signed_in = self._sign_in.exchange(answer, redirect_uri, verifier)
        found = {one.remote_id: one for one in self._own(signed_in)}
        if not found:
            raise NotAuthorised("Whoever signed in has no channel on YouTube. Nothing has been linked.")
        listing = found.get(_channel(access)) or next(iter(found.values()))
        return Authorisation(signed_in.secrets, signed_in.expires_at, listing.remote_id, str(listing.config["title"]))

    def refresh(self, access: Access) -> Authorisation:
        """Exchange the refresh token, which stays the same. Raises: NotAuthorised, Temporary."""
        fresh = self._sign_in.refresh(access)
        return replace(fresh, account_id=_channel(access), account=line(access.config.get("title"), 100))

    def link(self, access: Access) -> Linkables:
        """Return the channels of whoever signed in, or the one whose address was given.

        Raises: NotLinked, NotAuthorised, Temporary.
        """
        if access.secrets.get("access_token"):
            own = self._own(access)
            return Linkables(
                [Linkable(one, access.secrets, access.expires_at, str(one.config["title"])) for one in own],
                [] if own else ["Whoever signed in has no channel on YouTube."],
            )
        named = _asked_for(line(access.config.get("channel"), 300))
        if named is None:
            raise NotLinked("That is no address or handle of a channel on YouTube.", "channel")
        found = self._listings(self._api.channels(access, named))
        if not found:
            raise NotLinked("YouTube knows no such channel.", "channel")
        return Linkables([Linkable(one) for one in found])

    def backfill(self, access: Access, since: datetime, cursor: str | None) -> Page:
        """Read one page of threads with all their replies, the newest first. Raises: Temporary, Permanent."""
        state = unpack(walks.Backfill, cursor)
        try:
            body = self._api.threads(access, _channel(access), state.token, state.size or walks.LIMIT)
        except TooMuch:
            if (asked := state.size or walks.LIMIT) == 1:
                raise
            return Page([], pack(replace(state, size=asked // 2)), more=True)
        elements, token = sequence(body.get("items")), line(body.get("nextPageToken"), 2_000)
        page = self._page(access, elements, walks.Poll())
        page = replace(page, items=as_history(page.items))
        if not state.again and garbled(page.items, page.bad):
            return replace(page, bad=(), cursor=pack(replace(state, again=True)), more=True)
        times = [at for at in map(items.written_at, elements) if at]
        ends = not token or token == state.token or (bool(times) and max(times) < since)
        return replace(page, cursor=pack(replace(state, token=token, again=False)), more=not ends)

    def poll(self, access: Access, cursor: str | None) -> Page:
        """Read one page of threads: what is new, and replies to the newest hundred; once a day to the newest thousand.

        Raises: Temporary, Permanent.
        """
        now = datetime.now(UTC)
        state = walks.begun(unpack(walks.Poll, cursor), now)
        try:
            body = self._api.threads(access, _channel(access), state.token, state.size or walks.LIMIT)
        except TooMuch:
            if (asked := state.size or walks.LIMIT) == 1:
                raise
            return Page([], pack(replace(state, size=asked // 2)), more=True)
        elements = sequence(body.get("items"))
        page = self._page(access, elements, state)
        if not state.again and garbled(page.items, page.bad):
            return replace(page, bad=(), cursor=pack(replace(state, again=True)), more=True)
        onward = walks.onward(state, elements, line(body.get("nextPageToken"), 2_000), now)
        return replace(page, cursor=pack(onward), more=not onward.resting)

    def may_reply(self, access: Access, target: ReplyTarget) -> ReplyPermission:
        """Say whether it can be answered, and whether from here."""
        return as_signed_in(access, target, _BY_HAND)

    def reply(self, access: Access, reply: Reply) -> SentReply:
        """Reply to the comment that began the thread, unless these very words are there already.

        Raises: Unavailable (unknown outcome), RateLimited, Rejected, NotAuthorised, Gone.
        """
        # Nothing tells a second attempt from a first one there: a look costs two units, a doubled answer our name.
        if found := self.find_reply(access, reply):
            return found
        remote_id = self._api.answer(access, reply.target.thread_id, reply.text)
        if not remote_id:
            raise Unavailable("YouTube took the answer but did not say under which id.")
        return SentReply(remote_id, reply.target.url)

    def find_reply(self, access: Access, reply: Reply) -> SentReply | None:
        """Look through the replies to the comment for one of our channel with our words.

        Raises: Gone when the comment is no longer there; Temporary, Permanent.
        """
        parent = reply.target.thread_id
        if not self._api.threads_of(access, [parent]):
            raise Gone("The comment that you answer is no longer on YouTube.")
        ours = _channel(access)
        found = next((one for one in self._api.replies(access, parent) if items.says(one, ours, reply.text)), None)
        return SentReply(identifier(found.get("id")), reply.target.url) if found else None

    def recheck(self, access: Access, remote_ids: Sequence[str]) -> list[InboundItem]:
        """Look comments and replies up, 50 at a time: as they are now; those that are not there as withdrawn.

        Raises: Temporary, Permanent; Unavailable when five or more are all gone.
        """
        return look_again(self._api, access, remote_ids, self._ours(access))

    def _page(self, access: Access, elements: Sequence[Any], state: walks.Poll) -> Page:
        return page_of(self._api, access, elements, self._ours(access), state)

    def _own(self, access: Access) -> list[Listing]:
        return self._listings(self._api.channels(access, ("mine", "true")))

    def _listings(self, channels: Sequence[Mapping[str, Any]]) -> list[Listing]:
        found = []
        for one in channels:
            channel_id, title = identifier(one.get("id")), line(mapping(one.get("snippet")).get("title"), 100)
            if channel_id:
                config = {"channel_id": channel_id, "title": title or channel_id}
                label, url = f"YouTube comments of {title or channel_id}", f"{self._web}/channel/{channel_id}"
                found.append(Listing(self.kind, channel_id, label, url, config))
        return found

    def _ours(self, access: Access) -> items.Ours:
        return items.Ours(_channel(access), self._web)


def _channel(access: Access) -> str:
    return identifier(access.config.get("channel_id"))


def _asked_for(address: str) -> tuple[str, str] | None:
    """Return how to ask for the channel of an address, a handle or an id; None for what is none of these."""
    last = address.partition("?")[0].rstrip("/").rpartition("/")[2]
    if _CHANNEL_ID.fullmatch(last):
        return ("id", last)
    found = _HANDLE.fullmatch(last)
    return ("forHandle", f"@{found[1]}") if found else None
