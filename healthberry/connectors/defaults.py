"""What a connector does where its kind of channel has nothing of the sort; a connector overrides what it has."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from healthberry.connectors.base import (
    Access,
    Authorisation,
    Discovery,
    Importer,
    InboundItem,
    Linkables,
    Page,
    ProviderFacts,
    Reply,
    ReplyPermission,
    ReplyTarget,
    SentReply,
)
from healthberry.connectors.errors import BadSignature, NotAuthorised, NotLinked, Rejected, Unavailable
from healthberry.connectors.webhooks import WebhookAnswer, WebhookRequest

_NO_SIGN_IN = "This channel is not connected by signing in."


class Defaults:
    """The part of a connector that is the same for every kind that lacks it: nothing found, nothing read, no answer."""

    def missing(self) -> str:
        """Return "": this kind needs no key of the installation."""
        return ""

    def installed_access(self) -> Mapping[str, str]:
        """Return {}: this kind needs no key of the installation."""
        return {}

    def discover(self, provider: ProviderFacts) -> Discovery:
        """Find nothing: somebody has to link it."""
        return Discovery()

    def prepare(self, given: Mapping[str, str], redirect_uri: str) -> Access:
        """Take what the form gave as it is: as settings, none of it secret."""
        return Access(dict(given))

    def authorise_url(self, access: Access, state: str, redirect_uri: str, verifier: str) -> str:
        """Raise NotAuthorised: there is no page to sign in at."""
        raise NotAuthorised(_NO_SIGN_IN)

    def authorise(self, access: Access, answer: Mapping[str, str], redirect_uri: str, verifier: str) -> Authorisation:
        """Raise NotAuthorised: there is no page to sign in at."""
        raise NotAuthorised(_NO_SIGN_IN)

    def refresh(self, access: Access) -> Authorisation:
        """Raise NotAuthorised: nobody signed in, so that there is nothing to exchange."""
        raise NotAuthorised(_NO_SIGN_IN)

    def grant(self, access: Access) -> str:
        """Return "": nothing that could be given back."""
        return ""

    def revoke(self, access: Access) -> None:
        """Do nothing: nobody signed in."""

    def link(self, access: Access) -> Linkables:
        """Raise NotLinked: this kind is found by itself."""
        raise NotLinked("This kind of channel is found by itself. Look for your channels again.")

    def backfill(self, access: Access, since: datetime, cursor: str | None) -> Page:
        """Return the end at once: there is no history to ask for."""
        return Page([], cursor, more=False)

    def poll(self, access: Access, cursor: str | None) -> Page:
        """Return nothing: there is nobody to ask."""
        return Page([], cursor, more=False)

    def total(self, access: Access) -> int | None:
        """Return None: the source does not tell how much it has."""
        return None

    def addressed(self, request: WebhookRequest) -> str | None:
        """Return None: the request does not say for which channel it is, its address does."""
        return None

    def receive(self, access: Access, request: WebhookRequest) -> WebhookAnswer:
        """Raise BadSignature: this provider sends no webhooks, so whatever came is not theirs."""
        raise BadSignature("This channel takes no webhooks.")

    def read_delivery(self, access: Access, body: str) -> Page:
        """Return nothing: no delivery is ever kept."""
        return Page([], None, more=False)

    def listen(self, access: Access) -> Iterator[None]:
        """Raise Unavailable: there is no stream."""
        raise Unavailable("This channel has no stream.")

    def importer(self) -> Importer | None:
        """Return None: no file of this kind is uploaded."""
        return None

    def may_reply(self, access: Access, target: ReplyTarget) -> ReplyPermission:
        """Say that nobody can be answered there."""
        return ReplyPermission("none", target.may_not_reply or "Nobody can be answered on this channel.", target.url)

    def reply(self, access: Access, reply: Reply) -> SentReply:
        """Raise Rejected: nobody can be answered there."""
        raise Rejected("Nobody can be answered on this channel.")

    def find_reply(self, access: Access, reply: Reply) -> SentReply | None:
        """Return None: nothing ever goes out."""
        return None

    def withdraw(self, access: Access, remote_id: str) -> None:
        """Raise Rejected: a person has to take it down there."""
        raise Rejected("HealthBerry can't take down what stands on this channel.")

    def recheck(self, access: Access, remote_ids: Sequence[str]) -> list[InboundItem]:
        """Return nothing: there is no source to look at again."""
        return []

    def length(self, text: str) -> int:
        """Count characters (code points)."""
        return len(text)
