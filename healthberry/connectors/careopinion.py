"""Care Opinion stories: read with a subscription key; answered on the site by a person.

| answer | means | ours |
|---|---|---|
| 3xx, or a page for people where data was asked for | key rejected (redirect to the login page) | NotAuthorised |
| 401, 403 | the same, should that change | NotAuthorised |
| 404 | no such story, or no longer published | Gone |
| 429, 5xx, cut-off body, a bare sentence for a list | later | RateLimited, Unavailable |

Source: Care Opinion API v2 help pages: header `Authorization: SUBSCRIPTION_KEY <key>`, `take` (at most 100) and
`skip`, no total, 5 requests a second, lists by date of publication with the oldest first, all times UTC, reading only.
That `dateofpublicationorder=descending` turns the order round is inferred from a client: the walk is whole either way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

import httpx

from healthberry.connectors import careopinion_items as items
from healthberry.connectors.base import (
    About,
    Access,
    Capabilities,
    Discovery,
    InboundItem,
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
from healthberry.connectors.errors import (
    Gone,
    NotAuthorised,
    Permanent,
    RateLimited,
    Rejected,
    Temporary,
    TooMuch,
    Unavailable,
    UnexpectedAnswer,
)
from healthberry.connectors.http import Answer, Http, Pace, Refusals
from healthberry.connectors.reading import (
    as_history,
    days_before,
    garbled,
    identifier,
    moment,
    newest_first,
    read_each,
    sequence,
    withdrawn,
)
from healthberry.connectors.rechecks import one_by_one
from healthberry.connectors.text import similar, similarity
from healthberry.connectors.walks import START, Position, after, again, asked_for, fewer, pack, unpack

_KEY_REJECTED: Final = "Care Opinion rejected our key."

REFUSALS: Final[Refusals] = {
    **dict.fromkeys((301, 302, 303, 307, 308, 401, 403), (NotAuthorised, _KEY_REJECTED)),
    404: (Gone, "Care Opinion no longer shows this story."),
    429: (RateLimited, "Care Opinion asks us to slow down."),
}

_STORIES: Final = "/api/v2/opinions"
_RESPONSES: Final = "/api/v2/responses"
_LIMIT: Final = 100
_REQUESTS_PER_SECOND: Final = 4.5  # five, and a little room
_OVERLAP_DAYS: Final = 1
_FIRST_POLL_DAYS: Final = 2
# A list that ignores our date is entered this far before where it ended last time.
_STEP_BACK: Final = 100
_NO_KEY: Final = "This installation has no Care Opinion subscription key (CAREOPINION_SUBSCRIPTION_KEY)."
_ASSISTED: Final = (
    "Care Opinion takes answers on its own site only: copy the text, open the story and answer there."
    " It appears here as soon as it is published."
)


@dataclass(frozen=True)
class _Walk:
    """Where a walk through stories, then responses is.

    `since` is the last complete catch-up (polls only), `began` is "" between two. `skip` is where the list of responses
    is entered when it ignores dates, 0 while it does not.
    """

    since: str = ""
    began: str = ""
    start: str = ""
    stage: str = "stories"
    at: Position = START
    skip: int = 0
    next_skip: int = 0


class CareOpinion(Defaults):
    """The connector of kind "careopinion". Channel config: `nacs` (ODS codes)."""

    kind: ClassVar[str] = "careopinion"

    def __init__(
        self,
        endpoints: Endpoints,
        credentials: Credentials,
        *,
        transport: httpx.BaseTransport | None = None,
        read_seconds: float | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._http = Http(
            endpoints.careopinion,
            "Care Opinion",
            REFUSALS,
            transport=transport,
            read_seconds=read_seconds,
            pace=pace or Pace(_REQUESTS_PER_SECOND),
        )
        self._web = endpoints.careopinion
        self._listing = endpoints.careopinion_listing
        self._credentials = credentials

    @property
    def capabilities(self) -> Capabilities:
        """Return what Care Opinion can do: its API only reads."""
        return Capabilities(
            label="Care Opinion stories",
            place="Care Opinion",
            short="CO",
            item="story",
            reply="assisted",
            poll_seconds=300,
            connect="key",
            about=About(
                reads="Stories about your organisation and its services, and every response.",
                answers="You copy the answer to Care Opinion; it shows here once their moderators publish it.",
                needs="Nothing: it is found by your ODS code. To answer there, your organisation needs a "
                "subscription to Care Opinion.",
                costs="Reading needs a key, which Care Opinion gives to its subscribers.",
                data="Stories that Care Opinion withdraws leave HealthBerry within a day.",
            ),
            group="reviews",
            found=True,
            several=False,
            # Source: careopinion.org.au/info/response-moderation: 30 minutes to edit, then a moderator may read it.
            moderation_seconds=30 * 60,
            moderation_note="Care Opinion publishes answers after 30 minutes or more, and its moderators may edit them",
            backfill_depth="every story that the subscription covers",
            recheck_days=90,
        )

    def installed_access(self) -> Mapping[str, str]:
        """Return {"subscription_key": …}, or {}."""
        key = self._credentials.careopinion_subscription_key
        return {"subscription_key": key} if key else {}

    def missing(self) -> str:
        """Say that the subscription key is missing, where it is."""
        return "" if self._credentials.careopinion_subscription_key else _NO_KEY

    def discover(self, provider: ProviderFacts) -> Discovery:
        """Return one listing for the organisation's ODS code and its sites'; a first look says how much there is.

        Without an ODS code there is none, and nobody is asked.
        """
        if not provider.ods_code:
            return Discovery(
                [], [f"{provider.name} has no ODS code, so Care Opinion stories about it can't be looked for."]
            )
        codes = list(dict.fromkeys([provider.ods_code, *provider.site_codes]))
        listing = Listing(
            kind=self.kind,
            remote_id=provider.ods_code,
            label=f"Care Opinion stories about {provider.name}",
            url=self._listing.replace("{code}", provider.ods_code),
            config={"nacs": codes},
            found_at=f"Found by ODS code {provider.ods_code}",
        )
        if not self.installed_access():
            return Discovery([replace(listing, needs=_NO_KEY)])
        try:
            found = len(self._list(Access(listing.config, self.installed_access()), _STORIES, START, ""))
        except NotAuthorised as error:
            return Discovery([replace(listing, needs=error.reason)], [error.reason])
        except (Temporary, Permanent) as error:
            return Discovery([listing], [error.reason], again=isinstance(error, Temporary))
        return Discovery([replace(listing, amount=_amount(found))])

    def backfill(self, access: Access, since: datetime, cursor: str | None) -> Page:
        """Read one page: stories with the newest first, then the responses; no total is known.

        Raises: Temporary, Permanent.
        """
        state = unpack(_Walk, cursor)
        state = state if state.start else replace(state, start=days_before(since, 0))
        page, onward = self._page(access, state)
        return replace(page, items=as_history(page.items), cursor=pack(onward), more=onward.stage != "end")

    def poll(self, access: Access, cursor: str | None) -> Page:
        """Read one page of stories, then responses, published since a day before the last catch-up.

        Raises: Temporary, Permanent.
        """
        page, onward = self._page(access, _begun(unpack(_Walk, cursor)))
        if onward.stage == "end":
            onward = _ended(onward)
        return replace(page, cursor=pack(onward), more=bool(onward.began))

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
        answer = self._http.get("/api/v2/opinions/{id}/responses", headers=self._headers(access), id=story_id)
        found, _ = read_each(
            _elements(answer), lambda one: [items.response(one, self._web, story_id)], items.element_id
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
            answer = self._http.get("/api/v2/opinions/{id}", headers=self._headers(access), id=remote_id)
        except Gone:
            return [withdrawn(remote_id)]
        _no_page(answer)
        found, _ = read_each([answer.json()], self._story, items.element_id)
        return [replace(item, change="edited") for item in found]

    def _page(self, access: Access, state: _Walk) -> tuple[Page, _Walk]:
        responses = state.stage == "responses"
        path, read = (_RESPONSES, self._response) if responses else (_STORIES, self._story)
        try:
            elements = self._list(access, path, state.at, state.start)
        except TooMuch:
            at, passed_over = fewer(state.at, _LIMIT)
            return Page([], None, False, passed_over), replace(state, at=at)
        found, bad = read_each(elements, read, items.element_id)
        start = moment(state.start)
        recent = [item for item in found if start is None or item.posted_at >= start] if responses else found
        if len(recent) < len(found):
            state = replace(state, next_skip=max(state.at.offset, 1))
        if not state.at.again and garbled(found, bad):
            return Page(newest_first(recent), None, False), replace(state, at=again(state.at))
        return Page(newest_first(recent), None, False, bad), _onward(state, [items.element_id(one) for one in elements])

    def _story(self, element: Any) -> list[InboundItem]:
        return [items.story(element, self._web)]

    def _response(self, element: Any) -> list[InboundItem]:
        return [items.response(element, self._web)]

    def _list(self, access: Access, path: str, at: Position, since: str) -> Sequence[Any]:
        params = [("nacs", code) for code in map(identifier, sequence(access.config.get("nacs"))) if code]
        if not params:
            return []
        params += [("publishedafter", since)] if since else []
        params += [("dateofpublicationorder", "descending")] if path == _STORIES else []
        params += [("take", str(asked_for(at, _LIMIT))), ("skip", str(at.offset))]
        return _elements(self._http.get(path, headers=self._headers(access), params=params))

    def _headers(self, access: Access) -> Mapping[str, str]:
        key = access.secrets.get("subscription_key") or self._credentials.careopinion_subscription_key
        if not key:
            raise NotAuthorised(_NO_KEY)
        return {"Authorization": f"SUBSCRIPTION_KEY {key}"}


def _no_page(answer: Answer) -> None:
    if answer.is_html:
        raise NotAuthorised(_KEY_REJECTED)


def _elements(answer: Answer) -> Sequence[Any]:
    _no_page(answer)
    body = answer.json()
    if isinstance(body, str):
        # "Sorry! Something went wrong." has been seen with status 200.
        raise Unavailable("Care Opinion says that something went wrong.")
    if not isinstance(body, list):
        raise UnexpectedAnswer("Care Opinion gave an answer that is no list.")
    return body


def _onward(state: _Walk, ids: Sequence[str]) -> _Walk:
    """Go on to the next page of stories, then to the responses, then to the end."""
    if step := after(state.at, ids, _LIMIT):
        return replace(state, at=step)
    if state.stage == "stories":
        return replace(state, stage="responses", at=Position(max(state.skip - _STEP_BACK, 0)))
    return replace(state, stage="end", at=START)


def _begun(state: _Walk) -> _Walk:
    if state.began:
        return state
    now = datetime.now(UTC)
    since = moment(state.since)
    start = days_before(since, _OVERLAP_DAYS) if since else days_before(now, _FIRST_POLL_DAYS)
    return _Walk(since=state.since, began=now.isoformat(), start=start, skip=state.skip)


def _ended(state: _Walk) -> _Walk:
    return _Walk(since=state.began, skip=state.next_skip)


def _amount(found: int) -> str:
    if found >= _LIMIT:
        return f"more than {_LIMIT} stories"
    return {0: "no stories yet", 1: "1 story"}.get(found, f"{found} stories")
