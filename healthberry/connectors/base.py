"""The contract of every connector. What it is given and gives back are plain values: no database rows, no HTTP."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Protocol

from healthberry.connectors.access import Access as Access
from healthberry.connectors.access import Authorisation as Authorisation
from healthberry.connectors.answers import Reply as Reply
from healthberry.connectors.answers import ReplyPermission as ReplyPermission
from healthberry.connectors.answers import ReplyTarget as ReplyTarget
from healthberry.connectors.answers import ReplyWay as ReplyWay
from healthberry.connectors.answers import SentReply as SentReply
from healthberry.connectors.capabilities import About as About
from healthberry.connectors.capabilities import Capabilities as Capabilities
from healthberry.connectors.capabilities import Field as Field
from healthberry.connectors.capabilities import ReplyMode as ReplyMode
from healthberry.connectors.imports import Importer as Importer
from healthberry.connectors.items import Author as Author
from healthberry.connectors.items import BadItem as BadItem
from healthberry.connectors.items import Change as Change
from healthberry.connectors.items import File as File
from healthberry.connectors.items import InboundItem as InboundItem
from healthberry.connectors.items import Page as Page
from healthberry.connectors.items import Rating as Rating
from healthberry.connectors.listings import Discovery as Discovery
from healthberry.connectors.listings import Linkable as Linkable
from healthberry.connectors.listings import Linkables as Linkables
from healthberry.connectors.listings import Listing as Listing
from healthberry.connectors.listings import ProviderFacts as ProviderFacts
from healthberry.connectors.webhooks import Delivery as Delivery
from healthberry.connectors.webhooks import WebhookAnswer as WebhookAnswer
from healthberry.connectors.webhooks import WebhookRequest as WebhookRequest


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
        """Exchange a refresh token for a new pair; the old one is dead afterwards.

        Raises: SignInOver where the provider says that what somebody allowed is at an end, for nothing else has tokens
        thrown away; NotAuthorised where it refuses for another reason, or nothing can be exchanged; Temporary,
        Permanent.
        """
        ...

    def grant(self, access: Access) -> str:
        """Name what `revoke` would take back, the same for every channel that would lose it; "" where that is nothing.

        The name may hold a token: it is compared, and never shown or stored.
        """
        ...

    def revoke(self, access: Access) -> None:
        """Give back at the provider what signing in gave; what is given back already is no error.

        Raises: Temporary, Permanent.
        """
        ...

    def backfill(self, access: Access, since: datetime, cursor: str | None) -> Page:
        """Read history, newest first, one page a call. Raises: Temporary, Permanent."""
        ...

    def poll(self, access: Access, cursor: str | None) -> Page:
        """Read what is new or changed since `cursor`, with overlap; None looks back two days.

        While `more` is true the catch-up is unfinished: call again with the cursor. Raises: Temporary, Permanent.
        """
        ...

    def total(self, access: Access) -> int | None:
        """Ask how many threads the source shows in all, however old; None where it does not tell.

        Raises: Temporary, Permanent.
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

    def withdraw(self, access: Access, remote_id: str) -> None:
        """Take down a reply of ours, by the id that `SentReply` or a poll gave it; what is gone already is no error.

        Raises: Rejected where this kind can't, or it is not ours; NotAuthorised; Temporary, Permanent.
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
