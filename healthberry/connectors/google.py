"""Google: reviews of the locations of a Business Profile account are read and answered as whoever signed in.

One channel is one account with all its locations (or those that its settings name), not one location: Google grants
access and sends notifications by account, a sign-in opens them all, and a location that is added later is read without
anybody linking it. Each review says which location it is about. What refusals mean: google_refusals.py.

Source: Business Profile API v4 (reviews) and v1 (accounts, locations, notifications), state of 2026.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar, Final

import httpx

from healthberry.connectors import google_about, google_answers, google_linking, google_push
from healthberry.connectors import google_items as items
from healthberry.connectors import google_walks as walks
from healthberry.connectors.base import (
    Access,
    Authorisation,
    Capabilities,
    InboundItem,
    Linkables,
    Page,
    Reply,
    ReplyPermission,
    ReplyTarget,
    SentReply,
)
from healthberry.connectors.endpoints import Credentials, Endpoints
from healthberry.connectors.errors import (
    BadSignature,
    NotAuthorised,
    NotLinked,
    Permanent,
    Temporary,
    UnexpectedAnswer,
)
from healthberry.connectors.google_api import Api, account_of
from healthberry.connectors.google_channel import GoogleChannel
from healthberry.connectors.google_reading import Step, look_again, total_of
from healthberry.connectors.pace import Pace
from healthberry.connectors.reading import as_history, newest_first
from healthberry.connectors.text import line
from healthberry.connectors.walks import pack, unpack
from healthberry.connectors.webhooks import WebhookAnswer, WebhookRequest

SCOPE: Final = "https://www.googleapis.com/auth/business.manage"
_NOTHING: Final = (
    "No location of this Business Profile account can be read: none is verified, or none is called as this channel's "
    "settings say."
)


class Google(GoogleChannel):
    """The connector of kind "google". Channel config: `account`, `name`, `locations` (lines; none: all)."""

    kind: ClassVar[str] = "google"
    scope = SCOPE

    def __init__(
        self,
        endpoints: Endpoints,
        credentials: Credentials,
        *,
        transport: httpx.BaseTransport | None = None,
        read_seconds: float | None = None,
        pace: Pace | None = None,
    ) -> None:
        super().__init__(endpoints, credentials, transport=transport, read_seconds=read_seconds)
        self._api = Api(endpoints, transport=transport, read_seconds=read_seconds, pace=pace)
        self._keys = google_push.Keys(self._api.keys)
        self._credentials = credentials

    @property
    def capabilities(self) -> Capabilities:
        """Return what Google can do; with a Pub/Sub subscription of the installation it tells us at once."""
        pushed = bool(self._credentials.google_push_audience and self._credentials.google_push_email)
        return google_about.capabilities(pushed=pushed)

    def missing(self) -> str:
        """Say that the installation has no client at Google, where it has none."""
        return self._sign_in.missing()

    def prepare(self, given: Mapping[str, str], redirect_uri: str) -> Access:
        """Keep which locations are wanted. Raises: NotLinked where the installation cannot sign in with Google."""
        if lacking := self.missing():
            raise NotLinked(lacking)
        return Access({"locations": google_linking.lines(given.get("locations"))})

    def authorise(self, access: Access, answer: Mapping[str, str], redirect_uri: str, verifier: str) -> Authorisation:
        """Exchange the code and ask for which accounts it is good; the channel's own one counts where it is known.

        Raises: NotAuthorised, Temporary.
        """
        signed_in = self._sign_in.exchange(answer, redirect_uri, verifier)
        accounts = self._api.accounts(signed_in)
        if not accounts:
            raise NotAuthorised("Whoever signed in manages no Business Profile on Google. Nothing has been linked.")
        own = account_of(access)
        account = own if own in accounts else next(iter(accounts))
        return Authorisation(signed_in.secrets, signed_in.expires_at, account, accounts[account])

    def refresh(self, access: Access) -> Authorisation:
        """Exchange the refresh token, which stays the same. Raises: NotAuthorised, Temporary."""
        fresh = self._sign_in.refresh(access)
        return replace(fresh, account_id=account_of(access), account=line(access.config.get("name"), 200))

    def link(self, access: Access) -> Linkables:
        """Return each account with a verified location that is wanted. Raises: NotAuthorised, Temporary."""
        return google_linking.link(self.kind, self._api, access)

    def backfill(self, access: Access, since: datetime, cursor: str | None) -> Page:
        """Read up to 200 reviews, location by location, each newest first; of one location the total is known.

        Raises: Temporary, Permanent.
        """
        state, locations = unpack(walks.Backfill, cursor), self._locations(access)
        step = Step(self._api, access, locations, since)
        at = step.go(state.at)
        total = step.total if len(locations) == 1 else None
        found = newest_first(as_history(step.items))
        return Page(found, pack(walks.Backfill(at or state.at)), at is not None, step.bad, total)

    def poll(self, access: Access, cursor: str | None) -> Page:
        """Read what changed since the newest change of the last catch-up, less an hour; some locations at a time.

        Raises: Temporary, Permanent.
        """
        state = walks.begun(unpack(walks.Poll, cursor), datetime.now(UTC))
        step = Step(self._api, access, self._locations(access), walks.oldest(state))
        at = step.go(state.at)
        state = self._asked_to_tell(access, walks.seen(state, step.elements))
        onward = walks.ended(state) if at is None else replace(state, at=at)
        return Page(newest_first(step.fresh()), pack(onward), at is not None, step.bad)

    def total(self, access: Access) -> int | None:
        """Add up what Google says of each location; None where it is silent about one. Raises: Temporary, Permanent."""
        one = walks.Place(size=1)
        told = [total_of(self._api.page(access, location, one)) for location in self._locations(access)]
        return sum(count or 0 for count in told) if told else None

    def addressed(self, request: WebhookRequest) -> str | None:
        """Return None: pushes for all accounts come to one address, and say inside which one they are for."""
        return None

    def receive(self, access: Access, request: WebhookRequest) -> WebhookAnswer:
        """Verify Google's signature on a push of Pub/Sub. Raises: BadSignature; Temporary when it can't be verified."""
        audience, email = self._credentials.google_push_audience, self._credentials.google_push_email
        if not (audience and email):
            raise BadSignature("This installation takes no pushes of Google.")
        return google_push.received(request, self._keys, audience, email)

    def read_delivery(self, access: Access, body: str) -> Page:
        """Take any push as a hint: what it tells of stands at the front of the list that a poll reads."""
        return Page([], None, more=False, poll_now=True)

    def may_reply(self, access: Access, target: ReplyTarget) -> ReplyPermission:
        """Say that it can be answered, and that an answer which is there already is replaced."""
        return google_answers.may_reply(target)

    def reply(self, access: Access, reply: Reply) -> SentReply:
        """Publish the answer, unless a colleague's stands there that its writer could not have seen.

        Google replaces what is there: the same answer twice is one.
        Raises: Unavailable (unknown outcome), RateLimited, Rejected, NotAuthorised, Gone.
        """
        return google_answers.reply(self._api, access, reply)

    def find_reply(self, access: Access, reply: Reply) -> SentReply | None:
        """Look whether the review's answer has our words, and whether it shows.

        Raises: Rejected when moderators refused it; Gone when the review is no longer there; Temporary, Permanent.
        """
        return google_answers.find_reply(self._api, access, reply)

    def withdraw(self, access: Access, remote_id: str) -> None:
        """Delete the answer of a review; none is no error. Raises: Rejected for what is none; Temporary, Permanent."""
        google_answers.take_down(self._api, access, remote_id)

    def recheck(self, access: Access, remote_ids: Sequence[str]) -> list[InboundItem]:
        """Read the lists of the locations again; what they no longer hold is asked for by name: gone is withdrawn.

        Raises: RateLimited and NotAuthorised at once; Temporary, Permanent when nothing could be read.
        """
        return look_again(self._api, access, self._locations(access), remote_ids)

    def length(self, text: str) -> int:
        """Count bytes of UTF-8, as Google does."""
        return len(text.encode("utf-8", "replace"))

    def _locations(self, access: Access) -> list[items.Location]:
        known = google_linking.known(self._api, access)
        if not any(one.verified for one in known):
            raise UnexpectedAnswer(_NOTHING)
        return [one for one in known if one.verified]

    def _asked_to_tell(self, access: Access, state: walks.Poll) -> walks.Poll:
        """Once a day, see to it that Google tells us of new reviews; what fails is tried tomorrow: polls go on."""
        topic, today = self._credentials.google_pubsub_topic, datetime.now(UTC).date().isoformat()
        if not topic or state.told == today:
            return state
        with contextlib.suppress(Temporary, Permanent):
            self._api.ask_to_tell(access, topic)
        return replace(state, told=today)
