"""NHS.UK reviews: read by ODS code; answered by API with a publisher's key, else on the site by a person.

| status | means | ours |
|---|---|---|
| 401 | key missing or wrong | NotAuthorised |
| 403 | key not entitled (for a response also: reference used before) | NotAuthorised (after a look) |
| 404 | no such comment; for a list: nothing under this code | Gone; empty page |
| 400, 409, 422 | the response is refused | Rejected (after a look) |
| 429, 5xx, broken body, page for people | later | RateLimited, Unavailable |

Source: NHS.UK "Ratings and Reviews" and "Moderation" APIs (generation 2): one `subscription-key` header each, `offset`
and `limit` without total or next link, dates as YYYY-MM-DD. The order of a list is not documented, nor which date
`fromDate` compares: nothing here depends on either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, Final

import httpx

from healthberry.connectors import nhsuk_answers as answers
from healthberry.connectors import nhsuk_items as items
from healthberry.connectors import nhsuk_walks as walks
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
from healthberry.connectors.http import Answer, Http, Params, Refusals
from healthberry.connectors.reading import (
    as_history,
    days_before,
    garbled,
    identifier,
    newest_first,
    read_each,
    sequence,
    withdrawn,
)
from healthberry.connectors.rechecks import one_by_one
from healthberry.connectors.text import line
from healthberry.connectors.walks import START, Position, after, again, asked_for, fewer, pack, unpack

REFUSALS: Final[Refusals] = {
    400: (Rejected, "NHS.UK does not accept this."),
    401: (NotAuthorised, "NHS.UK refused our key."),
    403: (NotAuthorised, "NHS.UK says that our key may not be used for this."),
    404: (Gone, "NHS.UK has no such review any more."),
    409: (Rejected, "NHS.UK has this answer already or does not accept it."),
    422: (Rejected, "NHS.UK does not accept this."),
    429: (RateLimited, "NHS.UK asks us to slow down."),
}

_FIRST_LOOK_SITES: Final = 5
_READ_SECONDS: Final = 60.0  # Source: a public client of this API waits as long
_NO_KEY: Final = "This installation has no NHS.UK subscription key (NHSUK_SUBSCRIPTION_KEY)."
_ASSISTED: Final = (
    "NHS.UK takes answers from organisations on its own site only: copy the text, open the review and answer there."
)


class NhsUk(Defaults):
    """The connector of kind "nhsuk". Channel config: `ods_codes`, `name`."""

    kind: ClassVar[str] = "nhsuk"

    def __init__(
        self,
        endpoints: Endpoints,
        credentials: Credentials,
        *,
        transport: httpx.BaseTransport | None = None,
        read_seconds: float | None = None,
    ) -> None:
        wait = _READ_SECONDS if read_seconds is None else read_seconds
        self._http = Http(endpoints.nhsuk, "NHS.UK", REFUSALS, transport=transport, read_seconds=wait)
        self._listing = endpoints.nhsuk_listing
        self._credentials = credentials
        self._may_publish = bool(credentials.nhsuk_publisher_id and credentials.nhsuk_publisher_key)

    @property
    def capabilities(self) -> Capabilities:
        """Return what NHS.UK can do: `reply` is api with a publisher's id and key, else assisted."""
        return Capabilities(
            label="NHS.UK reviews",
            place="NHS.UK",
            short="NHS",
            item="review",
            reply="api" if self._may_publish else "assisted",
            poll_seconds=300,
            connect="key",
            about=About(
                reads="Reviews of your organisation and all its sites, and the answers that are there already.",
                answers="You copy the answer to NHS.UK. With a publisher's key of the installation it goes out by "
                "itself.",
                needs="Nothing: it is found by your ODS code.",
                data="Reviews that NHS.UK removes leave HealthBerry within a day, all others two years after the "
                "experience.",
            ),
            group="reviews",
            found=True,
            several=False,
            # No source gives a maximum length.
            length_limit=None,
            one_reply_only=True,
            # Source: careopinion.org.uk/info/nhsuk-moderation: answers are not moderated since January 2024.
            moderation_note="NHS.UK publishes answers at once",
            backfill_depth="reviews of the last two years",
            # Source: nhs.uk/about-us/managing-patient-feedback: reviews stay for two years from the experience.
            expires_days=730,
            recheck_days=90,
        )

    def installed_access(self) -> Mapping[str, str]:
        """Return {"subscription_key": …}, or {}."""
        key = self._credentials.nhsuk_subscription_key
        return {"subscription_key": key} if key else {}

    def missing(self) -> str:
        """Say that the subscription key is missing, where it is."""
        return "" if self._credentials.nhsuk_subscription_key else _NO_KEY

    def discover(self, provider: ProviderFacts) -> Discovery:
        """Return one listing for the organisation's ODS code and its sites'; a first look says how much there is.

        Without an ODS code there is none, and nobody is asked.
        """
        if not provider.ods_code:
            return Discovery([], [f"{provider.name} has no ODS code, so NHS.UK reviews of it can't be looked for."])
        codes = list(dict.fromkeys([provider.ods_code, *provider.site_codes]))
        listing = Listing(
            kind=self.kind,
            remote_id=provider.ods_code,
            label=f"NHS.UK reviews of {provider.name}",
            url=self._listing.replace("{code}", provider.ods_code),
            config={"ods_codes": codes, "name": provider.name},
            found_at=f"Found by ODS code {provider.ods_code}",
        )
        if not self.installed_access():
            return Discovery([replace(listing, needs=_NO_KEY)])
        try:
            return Discovery([replace(listing, amount=self._first_look(codes))])
        except NotAuthorised as error:
            return Discovery([replace(listing, needs=error.reason)], [error.reason])
        except (Temporary, Permanent) as error:
            return Discovery([listing], [error.reason], again=isinstance(error, Temporary))

    def backfill(self, access: Access, since: datetime, cursor: str | None) -> Page:
        """Read one page of at most 100 reviews and their responses, code by code; no total is known.

        Raises: Temporary, Permanent.
        """
        state, codes = unpack(walks.Backfill, cursor), _codes(access)
        if state.code >= len(codes):
            return Page([], pack(state), more=False)
        params = [("fromDate", state.start or days_before(since, 0))]
        if state.end:
            params.append(("toDate", state.end))
        try:
            elements = self._list(access, codes[state.code], state.at, params)
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

        Once a day, thirty days. Raises: Temporary, Permanent.
        """
        state, codes = walks.begun(unpack(walks.Poll, cursor)), _codes(access)
        if not codes:
            return Page([], pack(walks.ended(state)), more=False)
        params = [("fromDate", state.start)] + ([("status", "removed")] if state.removed else [])
        try:
            elements = self._list(access, codes[min(state.code, len(codes) - 1)], state.at, params)
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
        return ReplyPermission("api", "", target.url) if self._may_publish else self._assisted(target)

    def reply(self, access: Access, reply: Reply) -> SentReply:
        """Publish the one response; where it is there already, by our key, return it instead of sending twice.

        Raises: Unavailable (unknown outcome), RateLimited, Rejected, NotAuthorised, Gone.
        """
        if not self._may_publish:
            raise Rejected(_ASSISTED)
        element = self._comment(access, reply.target.remote_id)
        if items.response_of(element):
            if found := answers.found_in(element, reply):
                return found
            raise Rejected("Somebody has answered this review already, and NHS.UK shows one answer per review.")
        headers = {"subscription-key": self._credentials.nhsuk_publisher_key or ""}
        name = line(access.config.get("name"), 200) or reply.author_name
        body = answers.body(reply, self._credentials.nhsuk_publisher_id or "", name, next(iter(_codes(access)), ""))
        answer = self._http.ask("POST", "/moderation/response", headers=headers, json=body)
        # A reference that was used before is refused, undocumented by which status: the response may be there.
        if answer.status in (400, 403, 409, 422) and (found := self.find_reply(access, reply)):
            return found
        if not 200 <= answer.status < 300:
            raise answers.refusal(answer, self._http.refusal(answer))
        return answers.accepted(answer, reply)

    def find_reply(self, access: Access, reply: Reply) -> SentReply | None:
        """Return the review's response if it carries our key or, moderators may edit, much the same words.

        Raises: Gone when the review is no longer there; Temporary, Permanent.
        """
        return answers.found_in(self._comment(access, reply.target.remote_id), reply)

    def recheck(self, access: Access, remote_ids: Sequence[str]) -> list[InboundItem]:
        """Read each review again (one request each).

        Raises: RateLimited, NotAuthorised; Temporary, Permanent when all of them fail.
        """
        return one_by_one(remote_ids, lambda remote_id: self._recheck(access, remote_id))

    def _recheck(self, access: Access, remote_id: str) -> list[InboundItem]:
        try:
            element = self._comment(access, remote_id)
        except Gone:
            return [withdrawn(remote_id)]
        found, _ = read_each([element], items.items_of, items.comment_id)
        # `lastUpdated` tells whole seconds, and not which words changed.
        return [replace(item, change="edited") if item.direction == "inbound" else item for item in found]

    def _first_look(self, codes: Sequence[str]) -> str:
        access = Access({"ods_codes": codes}, self.installed_access())
        counted = 0
        for code in codes[: 1 + _FIRST_LOOK_SITES]:
            here = len(self._list(access, code, START, []))
            if here >= walks.LIMIT:
                return f"more than {walks.LIMIT} reviews"
            counted += here
        if not counted:
            return "no reviews yet"
        return f"{counted} review{'s' * (counted > 1)}" + (" or more" if len(codes) > 1 + _FIRST_LOOK_SITES else "")

    def _list(self, access: Access, code: str, at: Position, params: Params) -> Sequence[Any]:
        query = [("odsCode", code), ("limit", str(asked_for(at, walks.LIMIT))), ("offset", str(at.offset)), *params]
        try:
            answer = self._http.get("/comments/Comments", headers=self._headers(access), params=query)
        except Gone:
            return []
        return _elements(answer)

    def _comment(self, access: Access, remote_id: str) -> Any:
        answer = self._http.get(
            "/comments/CommentById", headers=self._headers(access), params=[("CommentID", remote_id)]
        )
        for element in _elements(answer):
            if items.comment_id(element) == remote_id and not items.is_removed(element):
                return element
        raise Gone("NHS.UK has no such review any more.")

    def _headers(self, access: Access) -> Mapping[str, str]:
        key = access.secrets.get("subscription_key") or self._credentials.nhsuk_subscription_key
        if not key:
            raise NotAuthorised(_NO_KEY)
        return {"subscription-key": key}

    def _assisted(self, target: ReplyTarget) -> ReplyPermission:
        return ReplyPermission("assisted", _ASSISTED, target.url)


def _codes(access: Access) -> list[str]:
    return [code for code in map(identifier, sequence(access.config.get("ods_codes"))) if code]


def _elements(answer: Answer) -> Sequence[Any]:
    if answer.is_html:
        raise Unavailable("NHS.UK sent a page for people instead of data.")
    body = answer.json()
    found = body.get("comments", ()) if isinstance(body, dict) else body
    if found is None:
        return []
    if not isinstance(found, list):
        raise UnexpectedAnswer("NHS.UK gave an answer in which there is no list of reviews.")
    return found


def _read_removed(element: Any) -> Sequence[InboundItem]:
    remote_id = items.comment_id(element)
    return [withdrawn(remote_id)] if remote_id else items.items_of(element)
