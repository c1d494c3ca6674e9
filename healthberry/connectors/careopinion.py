"""Care Opinion stories: read with a subscription key; answered on the site by a person.

What an answer means: careopinion_api.py. How its lists are walked: careopinion_walks.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, Final

import httpx

from healthberry.connectors import careopinion_items as items
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
from healthberry.connectors.careopinion_about import CAPABILITIES
from healthberry.connectors.careopinion_api import NO_KEY, RESPONSES, STORIES, Api
from healthberry.connectors.careopinion_beside import beside, with_details
from healthberry.connectors.careopinion_details import Details
from healthberry.connectors.careopinion_walks import LIMIT, Walk, begun, ended, news_since, onward
from healthberry.connectors.defaults import Defaults
from healthberry.connectors.endpoints import Credentials, Endpoints
from healthberry.connectors.errors import (
    Gone,
    NotAuthorised,
    NotLinked,
    Permanent,
    Rejected,
    Temporary,
    TooMuch,
)
from healthberry.connectors.pace import Pace
from healthberry.connectors.reading import (
    as_history,
    days_before,
    garbled,
    moment,
    newest_first,
    read_each,
    withdrawn,
)
from healthberry.connectors.rechecks import one_by_one
from healthberry.connectors.text import line, similar, similarity
from healthberry.connectors.walks import START, again, fewer, pack, unpack

_ASSISTED: Final = (
    "Care Opinion takes answers on its own site only: copy the text, open the story and answer there."
    " It appears here as soon as it is published."
)


class CareOpinion(Defaults):
    """The connector of kind "careopinion". Channel config: `nacs` (ODS codes), `name`."""

    kind: ClassVar[str] = "careopinion"
    capabilities: ClassVar[Capabilities] = CAPABILITIES

    def __init__(
        self,
        endpoints: Endpoints,
        credentials: Credentials,
        *,
        transport: httpx.BaseTransport | None = None,
        read_seconds: float | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._api = Api(endpoints.careopinion, credentials, transport=transport, read_seconds=read_seconds, pace=pace)
        self._web = endpoints.careopinion
        self._listing = endpoints.careopinion_listing
        self._credentials = credentials

    def installed_access(self) -> Mapping[str, str]:
        """Return {"subscription_key": …}, or {}."""
        key = self._credentials.careopinion_subscription_key
        return {"subscription_key": key} if key else {}

    def discover(self, provider: ProviderFacts) -> Discovery:
        """Return one listing for the organisation's ODS code and its sites'; a first look says how much there is.

        Without an ODS code there is none, and nobody is asked.
        """
        if not provider.ods_code:
            return Discovery(
                [], [f"{provider.name} has no ODS code, so Care Opinion stories about it can't be looked for."]
            )
        codes = list(dict.fromkeys([provider.ods_code, *provider.site_codes]))
        listing = self._listed(codes, provider.name, f"Found by ODS code {provider.ods_code}")
        if not self.installed_access():
            return Discovery([replace(listing, needs=NO_KEY)])
        try:
            return Discovery([replace(listing, amount=self._first_look(Access(listing.config)))])
        except NotAuthorised as error:
            return Discovery([replace(listing, needs=error.reason)], [error.reason])
        except (Temporary, Permanent) as error:
            return Discovery([listing], [error.reason], again=isinstance(error, Temporary))

    def prepare(self, given: Mapping[str, str], redirect_uri: str) -> Access:
        """Keep codes, name and the organisation's own key. Raises: NotLinked."""
        return own_keys.prepared(given, "nacs", (own_keys.OWN_KEY,))

    def link(self, access: Access) -> Linkables:
        """Return the one listing of these codes, read on the spot. Raises: NotLinked, NotAuthorised, Temporary."""
        name = line(access.config.get("name"), 200)
        listing = self._listed(own_keys.codes_in(access.config, "nacs"), name, "Set up by hand")
        try:
            return Linkables([Linkable(replace(listing, amount=self._first_look(access)))])
        except NotAuthorised as error:
            raise NotLinked(error.reason, own_keys.OWN_KEY) from error

    def backfill(self, access: Access, since: datetime, cursor: str | None) -> Page:
        """Read one page: stories with the newest first, then the responses; no total is known.

        Raises: Temporary, Permanent.
        """
        state = unpack(Walk, cursor)
        state = state if state.start else replace(state, start=days_before(since, 0))
        page, state = self._page(access, state)
        return replace(page, items=as_history(page.items), cursor=pack(state), more=state.stage != "end")

    def poll(self, access: Access, cursor: str | None) -> Page:
        """Read one page of stories, then responses, published since a day before the last catch-up.

        Raises: Temporary, Permanent.
        """
        state = begun(unpack(Walk, cursor))
        page, state = self._page(access, state, news_since(state))
        state = ended(state) if state.stage == "end" else state
        return replace(page, cursor=pack(state), more=bool(state.began))

    def may_reply(self, access: Access, target: ReplyTarget) -> ReplyPermission:
        """Say that a person answers on the site, and where."""
        if target.may_not_reply:
            return ReplyPermission("none", target.may_not_reply, target.url)
        return ReplyPermission("assisted", _ASSISTED, target.url or f"{self._web}/{target.remote_id}")

    def reply(self, access: Access, reply: Reply) -> SentReply:
        """Raise Rejected: Care Opinion has no way to publish from other software."""
        raise Rejected(_ASSISTED)

    def find_reply(self, access: Access, reply: Reply) -> SentReply | None:
        """Return the story's response whose words are closest to ours, as moderators may have edited them, or None.

        Raises: Gone when the story is no longer shown; Temporary, Permanent.
        """
        story_id = reply.target.thread_id
        found, _ = read_each(
            self._api.responses(access, story_id),
            lambda one: [items.response(one, self._web, access.config, story_id)],
            items.element_id,
        )
        alike = [one for one in found if similar(reply.text, one.text)]
        if not alike:
            return None
        best = max(alike, key=lambda one: similarity(reply.text, one.text))
        return SentReply(best.remote_id, best.url)

    def recheck(self, access: Access, remote_ids: Sequence[str]) -> list[InboundItem]:
        """Read each story again (one request each, 5 a second): as it is now, or withdrawn.

        Care Opinion does not say when a story was edited, so every story that is still there comes back as `edited`.
        Raises: RateLimited, NotAuthorised; Temporary, Permanent when all of them fail.
        """
        return one_by_one(remote_ids, lambda remote_id: self._recheck(access, remote_id))

    def _recheck(self, access: Access, remote_id: str) -> list[InboundItem]:
        try:
            element = self._api.story(access, remote_id)
        except Gone:
            return [withdrawn(remote_id)]
        found, _ = read_each([element], self._story, items.element_id)
        return [replace(item, change="edited", details=item.details + self._beside(access, element)) for item in found]

    def _beside(self, access: Access, element: Any) -> Details:
        return beside(self._api.http, self._api.headers(access), element)

    def _listed(self, codes: Sequence[str], name: str, found_at: str) -> Listing:
        return Listing(
            kind=self.kind,
            remote_id=codes[0],
            label=f"Care Opinion stories about {name}",
            url=self._listing.replace("{code}", codes[0]),
            config={"nacs": list(codes), "name": name},
            found_at=found_at,
        )

    def _first_look(self, access: Access) -> str:
        return _amount(len(self._api.list(access, STORIES, START, "")))

    def _page(self, access: Access, state: Walk, news: datetime | None = None) -> tuple[Page, Walk]:
        responses = state.stage == "responses"
        path = RESPONSES if responses else STORIES
        read = partial(self._response, access) if responses else self._story
        try:
            elements = self._api.list(access, path, state.at, state.start)
        except TooMuch:
            at, passed_over = fewer(state.at, LIMIT)
            return Page([], None, False, passed_over), replace(state, at=at)
        found, bad = read_each(elements, read, items.element_id)
        start = moment(state.start)
        recent = [item for item in found if start is None or item.posted_at >= start] if responses else found
        if len(recent) < len(found):
            state = replace(state, next_skip=max(state.at.offset, 1))
        if not state.at.again and garbled(found, bad):
            return Page(newest_first(recent), None, False), replace(state, at=again(state.at))
        if news and not responses:
            recent = with_details(recent, elements, news, self._api.http, self._api.headers(access))
        return Page(newest_first(recent), None, False, bad), onward(state, [items.element_id(one) for one in elements])

    def _story(self, element: Any) -> list[InboundItem]:
        return [items.story(element, self._web)]

    def _response(self, access: Access, element: Any) -> list[InboundItem]:
        return [items.response(element, self._web, access.config)]


def _amount(found: int) -> str:
    if found >= LIMIT:
        return f"more than {LIMIT} stories"
    return {0: "no stories yet", 1: "1 story"}.get(found, f"{found} stories")
