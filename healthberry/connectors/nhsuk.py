"""NHS.UK reviews: read by ODS code; answered by API with a publisher's key, else on the site by a person.

What a status means: nhsuk_api.py.

Source: NHS.UK "Ratings and Reviews" and "Moderation" APIs (generation 2): `offset` and `limit` without total or next
link, dates as YYYY-MM-DD. The order of a list is not documented, nor which date `fromDate` compares: nothing here
depends on either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, Final

import httpx

from healthberry.connectors import nhsuk_about as about
from healthberry.connectors import nhsuk_answers as answers
from healthberry.connectors import nhsuk_items as items
from healthberry.connectors import nhsuk_walks as walks
from healthberry.connectors import own_keys
from healthberry.connectors.base import (
    Access,
    Capabilities,
    Discovery,
    InboundItem,
    Linkable,
    Linkables,
    Listing,
    Page,
    ProviderFacts,
    Reply,
    ReplyPermission,
    ReplyTarget,
    SentReply,
)
from healthberry.connectors.defaults import Defaults
from healthberry.connectors.endpoints import Credentials, Endpoints
from healthberry.connectors.errors import Gone, NotAuthorised, NotLinked, Permanent, Rejected, Temporary, TooMuch
from healthberry.connectors.nhsuk_api import NO_KEY, Api
from healthberry.connectors.nhsuk_feed import KEY, SyndicationFeed, is_reference
from healthberry.connectors.reading import as_history, days_before, garbled, newest_first, read_each, withdrawn
from healthberry.connectors.rechecks import one_by_one
from healthberry.connectors.text import line
from healthberry.connectors.walks import after, again, fewer, pack, unpack

_ASSISTED: Final = (
    "NHS.UK takes answers from organisations on its own site only: copy the text, open the review and answer there."
)


class NhsUk(Defaults):
    """The connector of kind "nhsuk". Channel config: `ods_codes`, `name`, `publisher_id`, `by_hand`,
    `syndication_type`."""

    kind: ClassVar[str] = "nhsuk"

    def __init__(
        self,
        endpoints: Endpoints,
        credentials: Credentials,
        *,
        transport: httpx.BaseTransport | None = None,
        read_seconds: float | None = None,
    ) -> None:
        self._api = Api(endpoints.nhsuk, credentials, transport=transport, read_seconds=read_seconds)
        self._feed = SyndicationFeed(endpoints.nhsuk_syndication, transport=transport, read_seconds=read_seconds)
        self._listing = endpoints.nhsuk_listing
        self._credentials = credentials

    @property
    def capabilities(self) -> Capabilities:
        """Return what NHS.UK can do: `reply` is api with a publisher's key of the installation, else assisted."""
        return about.capabilities("api" if self._api.publisher(Access({})) else "assisted")

    def installed_access(self) -> Mapping[str, str]:
        """Return {"subscription_key": …}, or {}."""
        key = self._credentials.nhsuk_subscription_key
        return {"subscription_key": key} if key else {}

    def discover(self, provider: ProviderFacts) -> Discovery:
        """Return one listing for the organisation's ODS code and its sites'; a first look says how much there is.

        Without an ODS code there is none, and nobody is asked.
        """
        if not provider.ods_code:
            return Discovery([], [f"{provider.name} has no ODS code, so NHS.UK reviews of it can't be looked for."])
        codes = list(dict.fromkeys([provider.ods_code, *provider.site_codes]))
        listing = self._listed(codes, provider.name, f"Found by ODS code {provider.ods_code}")
        if not self.installed_access():
            return Discovery([replace(listing, needs=NO_KEY)])
        try:
            amount = self._api.first_look(Access({}), codes)
            return Discovery([replace(listing, amount=amount)])
        except NotAuthorised as error:
            return Discovery([replace(listing, needs=error.reason)], [error.reason])
        except (Temporary, Permanent) as error:
            return Discovery([listing], [error.reason], again=isinstance(error, Temporary))

    def prepare(self, given: Mapping[str, str], redirect_uri: str) -> Access:
        """Keep codes, name and the organisation's own keys. Raises: NotLinked."""
        return about.prepared(given)

    def link(self, access: Access) -> Linkables:
        """Return the one listing of these codes, read on the spot. Raises: NotLinked, NotAuthorised, Temporary."""
        codes = own_keys.codes_in(access.config, "ods_codes")
        listing = self._listed(codes, line(access.config.get("name"), 200), "Set up by hand")
        # Nobody has proven that these codes are theirs: this installation's publisher does not speak for them.
        listing = replace(listing, config={**listing.config, "by_hand": True})
        try:
            return Linkables([Linkable(replace(listing, amount=self._api.first_look(access, codes)))])
        except NotAuthorised as error:
            if not self._feed.stands_in(access):
                raise NotLinked(error.reason, own_keys.OWN_KEY) from error
        return self._through_feed(access, listing)

    def _through_feed(self, access: Access, listing: Listing) -> Linkables:
        try:
            self._feed.poll(replace(access, config={**access.config, **listing.config}), None)
        except NotAuthorised as error:
            raise NotLinked(error.reason, KEY) from error
        return Linkables([Linkable(listing)])

    def backfill(self, access: Access, since: datetime, cursor: str | None) -> Page:
        """Read one page of at most 100 reviews and their responses, code by code; no total is known.

        Where the key is missing or refused, one page of the feed, if there is one. Raises: Temporary, Permanent.
        """
        try:
            return self._backfill(access, since, cursor)
        except NotAuthorised:
            if not self._feed.stands_in(access):
                raise
            return self._feed.backfill(access, since, cursor)

    def _backfill(self, access: Access, since: datetime, cursor: str | None) -> Page:
        state, codes = unpack(walks.Backfill, cursor), own_keys.codes_in(access.config, "ods_codes")
        if state.code >= len(codes):
            return Page([], pack(state), more=False)
        params = [("fromDate", state.start or days_before(since, 0))]
        if state.end:
            params.append(("toDate", state.end))
        try:
            elements = self._api.list(access, codes[state.code], state.at, params)
        except TooMuch:
            smaller, passed_over = walks.fewer_of_backfill(state, since)
            return Page([], pack(smaller), more=True, bad=passed_over)
        found, bad = read_each(elements, items.items_of, items.comment_id)
        if not state.at.again and garbled(found, bad):
            return Page(newest_first(as_history(found)), pack(replace(state, at=again(state.at))), more=True)
        ids = [items.comment_id(one) for one in elements]
        ignored = any(items.touched_before(one, state.start) for one in elements) if state.windowed else False
        after_this = walks.onward(state, ids, since, dates_ignored=ignored)
        more = after_this.code < len(codes)
        return Page(newest_first(as_history(found)), pack(after_this), more, bad)

    def poll(self, access: Access, cursor: str | None) -> Page:
        """Read one page of what was written, changed or removed since two days before the last catch-up.

        Once a day, thirty days. Where the key is missing or refused, from the feed, if there is one.
        Raises: Temporary, Permanent.
        """
        try:
            return self._poll(access, cursor)
        except NotAuthorised:
            if not self._feed.stands_in(access):
                raise
            return self._feed.poll(access, cursor)

    def _poll(self, access: Access, cursor: str | None) -> Page:
        state, codes = walks.begun(unpack(walks.Poll, cursor)), own_keys.codes_in(access.config, "ods_codes")
        if not codes:
            return Page([], pack(walks.ended(state)), more=False)
        params = [("fromDate", state.start)] + ([("status", "removed")] if state.removed else [])
        try:
            elements = self._api.list(access, codes[min(state.code, len(codes) - 1)], state.at, params)
        except TooMuch:
            at, passed_over = fewer(state.at, walks.LIMIT)
            return Page([], pack(replace(state, at=at)), more=True, bad=passed_over)
        read = _read_removed if state.removed else items.items_of
        found, bad = read_each(elements, read, items.comment_id)
        if not state.at.again and garbled(found, bad):
            return Page(newest_first(found), pack(replace(state, at=again(state.at))), more=True)
        after_this = walks.next_poll(
            state, after(state.at, [items.comment_id(one) for one in elements], walks.LIMIT), len(codes)
        )
        return Page(newest_first(found), pack(after_this), bool(after_this.began), bad)

    def may_reply(self, access: Access, target: ReplyTarget) -> ReplyPermission:
        """Say how: never twice, never to a story that was written on another site."""
        if target.source.get("response_id"):
            return ReplyPermission("none", "NHS.UK shows one answer per review, and this one has it.", target.url)
        if target.may_not_reply:
            return ReplyPermission("none", target.may_not_reply, target.url)
        if target.source.get("origin", "nhsuk") != "nhsuk":
            return ReplyPermission("none", "This story was written on another site: answer it there, once.", target.url)
        if self._api.publisher(access) and not is_reference(target.remote_id):
            return ReplyPermission("api", "", target.url)
        return ReplyPermission("assisted", _ASSISTED, target.url)

    def reply(self, access: Access, reply: Reply) -> SentReply:
        """Publish the one response; where it is there already, by our key, return it instead of sending twice.

        Raises: Unavailable (unknown outcome), RateLimited, Rejected, NotAuthorised, Gone.
        """
        publisher = self._api.publisher(access)
        if publisher is None:
            raise Rejected(_ASSISTED)
        element = self._api.comment(access, reply.target.remote_id)
        if items.response_of(element):
            if found := answers.found_in(element, reply):
                return found
            raise Rejected("Somebody has answered this review already, and NHS.UK shows one answer per review.")
        name = line(access.config.get("name"), 200) or reply.author_name
        code = next(iter(own_keys.codes_in(access.config, "ods_codes")), "")
        answer = self._api.respond(publisher, answers.body(reply, publisher.publisher_id, name, code))
        # A reference that was used before is refused, undocumented by which status: the response may be there.
        if answer.status in (400, 403, 409, 422) and (found := self.find_reply(access, reply)):
            return found
        if not 200 <= answer.status < 300:
            raise answers.refusal(answer, self._api.http.refusal(answer))
        return answers.accepted(answer, reply)

    def find_reply(self, access: Access, reply: Reply) -> SentReply | None:
        """Return the review's response if it carries our key or, moderators may edit, much the same words.

        Raises: Gone when the review is no longer there; Temporary, Permanent.
        """
        if is_reference(reply.target.remote_id):
            return None  # the API, once its key works, knows the review by another id
        return answers.found_in(self._api.comment(access, reply.target.remote_id), reply)

    def recheck(self, access: Access, remote_ids: Sequence[str]) -> list[InboundItem]:
        """Read each review again (one request each).

        Raises: RateLimited, NotAuthorised; Temporary, Permanent when all of them fail.
        """
        known = [one for one in remote_ids if not is_reference(one)]
        return one_by_one(known, lambda remote_id: self._recheck(access, remote_id))

    def _recheck(self, access: Access, remote_id: str) -> list[InboundItem]:
        try:
            element = self._api.comment(access, remote_id)
        except Gone:
            return [withdrawn(remote_id)]
        found, _ = read_each([element], items.items_of, items.comment_id)
        # `lastUpdated` tells whole seconds, and not which words changed.
        return [replace(item, change="edited") if item.direction == "inbound" else item for item in found]

    def _listed(self, codes: Sequence[str], name: str, found_at: str) -> Listing:
        return Listing(
            kind=self.kind,
            remote_id=codes[0],
            label=f"NHS.UK reviews of {name}",
            url=self._listing.replace("{code}", codes[0]),
            config={"ods_codes": list(codes), "name": name},
            found_at=found_at,
        )


def _read_removed(element: Any) -> Sequence[InboundItem]:
    remote_id = items.comment_id(element)
    return [withdrawn(remote_id)] if remote_id else items.items_of(element)
