"""What every connector is given and gives back: plain values, no database rows, no HTTP objects."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal, Protocol

from healthberry.connectors.capabilities import About as About
from healthberry.connectors.capabilities import Capabilities as Capabilities
from healthberry.connectors.capabilities import Field as Field
from healthberry.connectors.capabilities import ReplyMode as ReplyMode
from healthberry.connectors.imports import Importer as Importer
from healthberry.connectors.webhooks import Delivery as Delivery
from healthberry.connectors.webhooks import WebhookAnswer as WebhookAnswer
from healthberry.connectors.webhooks import WebhookRequest as WebhookRequest

Change = Literal["created", "edited", "withdrawn"]


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
class Linkable:
    """A listing that can be linked now, with the secrets that belong to it alone (a Page's own token).

    The channel keeps its own `secrets`, good until `expires_at`; where it has none, those of the form and the sign-in,
    as every other channel of theirs does. Its settings are the listing's, above what the form gave by the same names.
    `account` is whom replies are published as, "" where there is nobody yet.

    `reveal` are pairs of label and value that people need elsewhere and are shown once, after linking (a secret that
    we made); "{hook}" in a value stands for the address of the channel's own hook.
    """

    listing: Listing
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    expires_at: datetime | None = None
    account: str = ""
    reveal: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Linkables:
    """What a sign-in or a filled-in form opens; `problems` are sentences on what it does not, and why."""

    found: Sequence[Linkable] = ()
    problems: Sequence[str] = ()


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
class File:
    """A file that came with an item and that nobody else keeps: a name for people, its media type, its bytes."""

    name: str
    content_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class InboundItem:
    """One thing that somebody wrote, or that the organisation answered, as the channel served it.

    `thread_id` groups a conversation (a review and its response share one). `direction` is outbound for what the
    organisation itself published, other for what another organisation answered in the same thread: it is shown, and
    nothing follows from it. `may_not_reply` is a sentence why not, or None when it can be answered.
    `service_code` is the ODS code of the site or service it is about. `syndication_key` is equal for copies of one
    story on two sites.
    `details` are pairs of label and value for people; a blank value takes back what was there, what is not named stays.
    `experienced` is "YYYY-MM". Texts are plain text or Markdown as served, without control characters; never trusted.

    A connector does not know what is stored: `edited` says that this is the item as it is now and may differ (store
    it where it is unknown, compare where it is known); `withdrawn` items carry no words, and their `thread_id` may be
    their own id. An outbound item never opens a conversation: where its thread is unknown, it answers somebody else's
    story and is to be left out. A withdrawn outbound item says by `posted_at` when it was seen to be missing: what was
    published later stays.
    """

    remote_id: str
    thread_id: str
    direction: Literal["inbound", "outbound", "other"]
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
    details: tuple[tuple[str, str], ...] = ()
    also: str = ""  # the id under which a second reader of the channel brings the same item
    provisional: bool = False  # it comes from the second reader: what is stored may have a better id, and more to it
    source: Mapping[str, Any] = field(default_factory=dict)  # small provider facts that later calls need
    aliases: tuple[str, ...] = ()  # other ids of the same item: it may be stored under one of them
    files: tuple[File, ...] = field(default=(), repr=False)  # kept by us, where the channel is told and keeps nothing


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
    poll_now: bool = False  # of a delivery: it was a hint only, the channel is to be asked
    paid: Sequence[str] = ()  # ids of what the provider charges for, each once a day


@dataclass(frozen=True)
class ReplyTarget:
    """The message that is to be answered; `posted_at` is when its author wrote it."""

    remote_id: str
    thread_id: str
    url: str | None
    service_code: str | None
    source: Mapping[str, Any]
    may_not_reply: str | None
    posted_at: datetime | None = None


@dataclass(frozen=True)
class ReplyWay:
    """One of several ways to answer the same message: publicly, or in private; `note` is a sentence for people."""

    name: str
    label: str
    note: str = ""


@dataclass(frozen=True)
class ReplyPermission:
    """Whether and how this message can be answered.

    `mode` is api (we publish), assisted (a person copies it to the site) or none. `reason` is a sentence for people
    when mode is none or assisted; `url` is where to answer on the site. `ways` are the choices, the usual one first;
    one alone is no choice, but its note is shown. `until` is when the provider stops taking an answer.
    """

    mode: ReplyMode
    reason: str = ""
    url: str | None = None
    ways: tuple[ReplyWay, ...] = ()
    until: datetime | None = None


@dataclass(frozen=True)
class Reply:
    """A reply to send: `key` is chosen before the first attempt and stays the same in every attempt.

    `queued_at` is when its writer sent it off, knowing what was stored by then.
    """

    key: str
    text: str
    target: ReplyTarget
    author_name: str
    author_email: str
    attempted_at: datetime | None = None
    way: str = ""  # the name of the chosen `ReplyWay`; "" for the usual one
    queued_at: datetime | None = None


@dataclass(frozen=True)
class SentReply:
    """What the provider made of our reply; `state` is pending while its moderators hold it."""

    remote_id: str
    url: str | None
    state: Literal["live", "pending"] = "live"


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

    def missing(self) -> str:
        """Say in a sentence which key this installation lacks, so that nothing of this kind can be linked; ""."""
        ...

    def prepare(self, given: Mapping[str, str], redirect_uri: str) -> Access:
        """Check what the form for linking gave, by the names of `capabilities.fields`, and say how to go on.

        Every field is given, "" where it was left out; of a channel whose settings change, a secret left blank is the
        one that the channel keeps under the field's name. What comes back is kept, sealed, while somebody signs in.

        Raises: NotLinked (with the field), Temporary.
        """
        ...

    def authorise_url(self, access: Access, state: str, redirect_uri: str, verifier: str) -> str:
        """Return where to send the browser to sign in at the provider (PKCE: `verifier` is kept by the caller).

        `access` is what `prepare` gave, or the channel's own when it is connected again and its kind has no fields.
        Where a form is all that is needed, it raises NotAuthorised, and `link` is asked at once.

        Raises: NotAuthorised, NotLinked, Temporary.
        """
        ...

    def authorise(self, access: Access, answer: Mapping[str, str], redirect_uri: str, verifier: str) -> Authorisation:
        """Exchange the provider's answer for tokens. Raises: NotAuthorised, Temporary."""
        ...

    def link(self, access: Access) -> Linkables:
        """Return what can be linked with these settings and secrets, tried on the spot.

        `access` is what `prepare` gave, with what `authorise` gave and the installation's keys. When settings change,
        the channel's own secrets lie beneath: a secret that we made once is to be found there, and kept.

        Raises: NotLinked, NotAuthorised, Temporary.
        """
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

    def addressed(self, request: WebhookRequest) -> str | None:
        """Return the `remote_id` of the channel that a request not yet verified says it is for; None: it says none."""
        ...

    def receive(self, access: Access, request: WebhookRequest) -> WebhookAnswer:
        """Verify a request on its raw bytes and part it into deliveries; nothing else is read. Raises: BadSignature.

        `access` is that of the channel where the address or `addressed` names one, else the installation's.
        """
        ...

    def read_delivery(self, access: Access, body: str) -> Page:
        """Read a delivery that `receive` verified, in any order, also one that was read before.

        It may ask the provider for what the delivery only names. Raises: Temporary, Permanent.
        """
        ...

    def listen(self, access: Access) -> Iterator[None]:
        """Follow the provider's stream: each turn means that something is new and the channel is to be polled.

        The first turn comes once the stream is open. Raises: Temporary, Permanent when it breaks off.
        """
        ...

    def importer(self) -> Importer | None:
        """Return what reads files of the endings in `capabilities.imports`; None where nothing is uploaded."""
        ...

    def may_reply(self, access: Access, target: ReplyTarget) -> ReplyPermission:
        """Say whether and how this message can be answered."""
        ...

    def reply(self, access: Access, reply: Reply) -> SentReply:
        """Publish. Raises: Unavailable (unknown outcome), RateLimited, Rejected, NotAuthorised, Gone."""
        ...

    def find_reply(self, access: Access, reply: Reply) -> SentReply | None:
        """After an unknown outcome: did it go out? Asked again while moderators hold it.

        Raises: Rejected when moderators refused it after all; Gone; Temporary, Permanent.
        """
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
