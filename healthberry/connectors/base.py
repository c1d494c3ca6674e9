"""What every connector is given and gives back: plain values, no database rows, no HTTP objects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal, Protocol

ReplyMode = Literal["api", "assisted", "none"]
Counting = Literal["characters", "graphemes", "x_weighted"]
Change = Literal["created", "edited", "withdrawn"]


@dataclass(frozen=True)
class Capabilities:
    """What a kind of channel can do; composer, schedule and settings read it.

    Times are in seconds, lengths in units of `counting`; None means that there is no such limit.
    """

    label: str  # "NHS.UK reviews"
    place: str  # "NHS.UK": where a reply appears, as in "Posted on NHS.UK"
    short: str  # "NHS": two to four letters for the badge
    item: str  # "review": what one piece of feedback is called there
    reply: ReplyMode
    poll_seconds: int
    connect: Literal["key", "oauth"]
    length_limit: int | None = None
    counting: Counting = "characters"
    one_reply_only: bool = False
    moderation_seconds: int | None = None  # how long the site may hold a reply before it shows
    moderation_note: str = ""  # the same for people: "Care Opinion publishes replies after up to 30 minutes"
    backfill_depth: str = ""  # for people: "the newest 800 mentions"
    recheck_seconds: int = 20 * 3600  # how often what is stored is looked at again, for edits and withdrawals
    recheck_days: int | None = None  # for how long after it was posted; None: as long as it is stored
    recheck_batch: int = 20  # how many are looked at in one go


@dataclass(frozen=True)
class ProviderFacts:
    """What the register knows of the organisation that a channel is looked for."""

    ods_code: str
    name: str
    kind: str
    web_domain: str | None
    nation: str
    site_codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listing:
    """A page, handle or listing that can be linked as a channel.

    `config` is all that the connector needs to read it later (no secrets). `found_at` says how it was found, for
    people: "Found by ODS code RYJ", "Linked from www.imperial.nhs.uk". `needs` names what is missing before it can be
    read ("" when nothing is). `amount` says how much a first look found, for people: "12 reviews", "more than 100
    reviews" ("" where a first look cannot tell).
    """

    kind: str
    remote_id: str
    label: str
    url: str
    config: Mapping[str, Any]
    found_at: str = ""
    needs: str = ""
    amount: str = ""


@dataclass(frozen=True)
class Discovery:
    """What can be linked for an organisation, and in sentences for people what could not be found and why.

    A listing may stand beside a problem: one that is certain by its code is listed even while its site is down.
    `again` says that something failed for the moment only, so that another look, later, may find more.
    """

    listings: Sequence[Listing] = ()
    problems: Sequence[str] = ()
    again: bool = False


@dataclass(frozen=True)
class Access:
    """How to reach one channel: its settings and its secrets (never logged, masked in repr)."""

    config: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Authorisation:
    """What signing in at the provider gave: to be stored encrypted. `account` is the handle or page signed in as."""

    secrets: Mapping[str, str] = field(repr=False)
    expires_at: datetime | None
    account_id: str
    account: str


@dataclass(frozen=True)
class Rating:
    """One rating: `name` as the provider words it, `value` of `out_of`."""

    name: str
    value: float
    out_of: float


@dataclass(frozen=True)
class Author:
    """Who wrote it, as this channel knows them; `remote_id` is None for anonymous authors."""

    remote_id: str | None
    screen_name: str
    url: str | None = None


@dataclass(frozen=True)
class InboundItem:
    """One thing that somebody wrote, or that the organisation answered, as the channel served it.

    `thread_id` groups a conversation (a review and its response share one). `direction` is outbound for what the
    organisation itself published. `may_not_reply` is a sentence why not, or None when it can be answered.
    `service_code` is the ODS code of the site or service it is about. `syndication_key` is equal for copies of one
    story on two sites.
    `experienced` is "YYYY-MM". Texts are plain text or Markdown as served, without control characters; never trusted.

    A connector does not know what is stored: `edited` says that this is the item as it is now and may differ (store
    it where it is unknown, compare where it is known); `withdrawn` items carry no words, and their `thread_id` may be
    their own id. An outbound item never opens a conversation: where its thread is unknown, it answers somebody else's
    story and is to be left out.
    """

    remote_id: str
    thread_id: str
    direction: Literal["inbound", "outbound"]
    author: Author
    text: str
    posted_at: datetime
    title: str = ""
    in_reply_to: str | None = None
    ratings: tuple[Rating, ...] = ()
    experienced: str | None = None
    url: str | None = None
    service_code: str | None = None
    service_name: str | None = None
    author_role: str | None = None
    attachments: tuple[Mapping[str, str], ...] = ()
    syndication_key: str | None = None
    may_not_reply: str | None = None
    change: Change = "created"
    source: Mapping[str, Any] = field(default_factory=dict)  # small provider facts that later calls need


@dataclass(frozen=True)
class BadItem:
    """A piece of a page that could not be read: kept raw, with the reason for people."""

    raw: str
    reason: str
    remote_id: str | None = None


@dataclass(frozen=True)
class Page:
    """One page read: `cursor` resumes after it, `more` says whether to go on at once.

    `total` is how many items the source says there are (None where it does not tell). `bad` are elements that could not
    be read; the others are unaffected. The same page stored twice changes nothing.
    """

    items: Sequence[InboundItem]
    cursor: str | None
    more: bool
    bad: Sequence[BadItem] = ()
    total: int | None = None


@dataclass(frozen=True)
class ReplyTarget:
    """The message that is to be answered."""

    remote_id: str
    thread_id: str
    url: str | None
    service_code: str | None
    source: Mapping[str, Any]
    may_not_reply: str | None


@dataclass(frozen=True)
class ReplyPermission:
    """Whether and how this message can be answered.

    `mode` is api (we publish), assisted (a person copies it to the site) or none. `reason` is a sentence for people
    when mode is none or assisted; `url` is where to answer on the site.
    """

    mode: ReplyMode
    reason: str = ""
    url: str | None = None


@dataclass(frozen=True)
class Reply:
    """A reply to send: `key` is chosen before the first attempt and stays the same in every attempt."""

    key: str
    text: str
    target: ReplyTarget
    author_name: str
    author_email: str
    attempted_at: datetime | None = None


@dataclass(frozen=True)
class SentReply:
    """What the provider made of our reply; `state` is pending while its moderators hold it."""

    remote_id: str
    url: str | None
    state: Literal["live", "pending"] = "live"


@dataclass(frozen=True)
class WebhookRequest:
    """One delivery, untouched: verify `body` before reading it."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class WebhookAnswer:
    """What to answer the provider, and whether the delivery is to be stored for reading."""

    status: int
    body: str = ""
    content_type: str = "text/plain"
    store: bool = False


class Connector(Protocol):
    """One kind of channel. Stateless: credentials and cursors are arguments, transport is given at construction."""

    kind: ClassVar[str]

    @property
    def capabilities(self) -> Capabilities:
        """Return what this kind of channel can do, with the keys that this installation has."""
        ...

    def installed_access(self) -> Mapping[str, str]:
        """Return the secrets of this installation that reading needs (a subscription key); {} when it has none."""
        ...

    def discover(self, provider: ProviderFacts) -> Discovery:
        """Find what can be linked with no sign-in; what stands in the way comes back as sentences, not as errors."""
        ...

    def authorise_url(self, state: str, redirect_uri: str, verifier: str) -> str:
        """Return where to send the browser to sign in at the provider (PKCE: `verifier` is kept by the caller)."""
        ...

    def authorise(self, answer: Mapping[str, str], redirect_uri: str, verifier: str) -> Authorisation:
        """Exchange the provider's answer for tokens. Raises: NotAuthorised, Temporary."""
        ...

    def refresh(self, access: Access) -> Authorisation:
        """Exchange a refresh token for a new pair; the old one is dead afterwards. Raises: NotAuthorised, Temporary."""
        ...

    def backfill(self, access: Access, since: datetime, cursor: str | None) -> Page:
        """Read history, newest first, one page a call. Raises: Temporary, Permanent."""
        ...

    def poll(self, access: Access, cursor: str | None) -> Page:
        """Read what is new or changed since `cursor`, with overlap; None looks back two days.

        While `more` is true the catch-up is unfinished: call again with the cursor. Raises: Temporary, Permanent.
        """
        ...

    def receive(self, access: Access, request: WebhookRequest) -> WebhookAnswer:
        """Verify a delivery on its raw bytes. Raises: BadSignature."""
        ...

    def may_reply(self, access: Access, target: ReplyTarget) -> ReplyPermission:
        """Say whether and how this message can be answered."""
        ...

    def reply(self, access: Access, reply: Reply) -> SentReply:
        """Publish. Raises: Unavailable (unknown outcome), RateLimited, Rejected, NotAuthorised, Gone."""
        ...

    def find_reply(self, access: Access, reply: Reply) -> SentReply | None:
        """After an unknown outcome: did it go out? Raises: Temporary, Permanent."""
        ...

    def recheck(self, access: Access, remote_ids: Sequence[str]) -> list[InboundItem]:
        """Return these inbound items as they are now, and those withdrawn; what could not be read is left out.

        What belongs to one of them (the answer to a review) may come along. Raises: RateLimited at once; Temporary,
        Permanent (when none could be read); NotAuthorised.
        """
        ...

    def length(self, text: str) -> int:
        """Count `text` as the provider counts it, in units of `capabilities.counting`."""
        ...
