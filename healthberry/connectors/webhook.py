"""Another system of the organisation's: it sends us feedback as signed JSON, and may take answers back.

A survey tool, a tablet on the ward, a complaints system. What it sends is described in docs/channels/webhook.md and in
schemas/webhook-1.json; both are ours. Nothing is asked from it: what was not sent, we do not have.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Final

import httpx

from healthberry.clock import CLOCK
from healthberry.connectors import webhook_items
from healthberry.connectors.base import (
    About,
    Access,
    BadItem,
    Capabilities,
    Delivery,
    Field,
    Importer,
    Linkable,
    Linkables,
    Listing,
    Page,
    Reply,
    ReplyPermission,
    ReplyTarget,
    SentReply,
    WebhookAnswer,
    WebhookRequest,
)
from healthberry.connectors.defaults import Defaults
from healthberry.connectors.endpoints import Endpoints
from healthberry.connectors.errors import BadSignature, NotLinked, Permanent, Rejected, UnexpectedAnswer
from healthberry.connectors.public_addresses import Resolve, system_resolve
from healthberry.connectors.reading import address, identifier, mapping, read_each
from healthberry.connectors.safe_transport import SafeTransport
from healthberry.connectors.signing import HEADER, verify
from healthberry.connectors.text import line
from healthberry.connectors.webhook_calls import Caller
from healthberry.connectors.webhook_table import WebhookTable

_SHORTEST_SECRET: Final = 24
_BY_HAND: Final = "This system gave no address for answers. Copy your answer, and give it there by hand."
_CANNOT_SAY: Final = "The other system can't say whether it took this answer. Look there."

_ABOUT: Final = About(
    reads="What another system of yours sends us: a survey tool, a tablet on the ward, your own website's form.",
    answers="You answer from here where that system gives an address for answers; else you answer there by hand.",
    needs="Somebody who looks after that system has to enter our address and a shared secret there.",
    data="It stays until that system says that it was withdrawn, or until you unlink it.",
)

_FIELDS: Final = (
    Field("name", "Name of the other system", "For example “Ward tablets” or “Website form”."),
    Field(
        "callback",
        "Address for answers",
        "Your answers are sent to this https address. Leave it empty where the other system takes none.",
        kind="address",
        required=False,
    ),
    Field(
        "secret",
        "Shared secret",
        "Only where the other system has one already. Otherwise we make one and show it once.",
        kind="secret",
        required=False,
    ),
    Field(
        "renew",
        "Make a new secret?",
        "The other system is refused until it has the new one.",
        kind="choice",
        required=False,
        choices=(("no", "No"), ("yes", "Yes, and show it once")),
        default="no",
        later=True,
    ),
)


class Webhook(Defaults):
    """Takes what another system sends, signed with a secret of this channel's own."""

    kind: ClassVar[str] = "webhook"
    capabilities: ClassVar[Capabilities] = Capabilities(
        label="Another system (webhook)",
        place="the other system",
        source="Other system",
        way="to the other system",
        opens="Open in the other system",
        short="API",
        item="message",
        reply="api",
        poll_seconds=None,
        connect="fields",
        about=_ABOUT,
        group="own",
        fields=_FIELDS,
        length_limit=10_000,
        reply_verb="Send",
        backfills=False,
        backfill_depth="nothing from before it was linked, unless that system sends it",
        push=True,
        imports=(".csv", ".xlsx"),
        rechecks=False,
    )

    def __init__(
        self,
        endpoints: Endpoints,
        *,
        transport: httpx.BaseTransport | None = None,
        resolve: Resolve = system_resolve,
        clock: Callable[[], float] = CLOCK.timestamp,
    ) -> None:
        self._clock = clock
        inner = {} if transport is None else {"inner": lambda: transport}
        way = partial(SafeTransport, allowed=endpoints.callbacks, resolve=resolve, **inner)
        self._caller = Caller(way, clock)

    def prepare(self, given: Mapping[str, str], redirect_uri: str) -> Access:
        """Check name and address, and make a secret where there is none. Raises: NotLinked."""
        name, callback = line(given.get("name"), 60), line(given.get("callback"), 2_000)
        if not name:
            raise NotLinked("Enter a name for the other system.", "name")
        if callback and address(callback) is None:
            raise NotLinked("Enter an address that begins with https://", "callback")
        secret, made = line(given.get("secret"), 500), False
        if not secret or given.get("renew") == "yes":
            secret, made = secrets.token_urlsafe(32), True
        if len(secret) < _SHORTEST_SECRET:
            raise NotLinked(f"Use a secret of at least {_SHORTEST_SECRET} characters.", "secret")
        return Access({"name": name, "callback": callback, "made": made}, {"secret": secret})

    def link(self, access: Access) -> Linkables:
        """Return the one channel; its secret is revealed where we made it. Raises: NotLinked."""
        name, callback = line(access.config.get("name"), 60), line(access.config.get("callback"), 2_000)
        if callback:
            self._caller.check(callback)
        config = {"name": name, "callback": callback}
        listing = Listing(self.kind, name.casefold(), name, "", config)
        shown = (("Shared secret", access.secrets["secret"]),) if access.config.get("made") else ()
        reveal = (("Send to this address", "{hook}"), *shown)
        return Linkables([Linkable(listing, {"secret": access.secrets["secret"]}, reveal=reveal)])

    def receive(self, access: Access, request: WebhookRequest) -> WebhookAnswer:
        """Verify, check each item against the schema, and say what is wrong with which. Raises: BadSignature.

        Items that fit are kept even where others do not: sending all of them again changes nothing.
        """
        if request.method != "POST":
            raise BadSignature("Only POST is signed.")
        secret = access.secrets.get("secret", "")
        signed_at = verify(secret, request.headers.get(HEADER, ""), request.body, self._clock())
        checked = webhook_items.check(request.body)
        bodies = [json.dumps(item, ensure_ascii=True) for item in checked.items]
        answer: dict[str, Any] = {"accepted": len(bodies)}
        if checked.errors:
            answer["errors"] = list(checked.errors)
        # The moment is part of the key: the same words may come back after an edit, and count again.
        deliveries = [Delivery(body, key=hashlib.sha256(f"{signed_at}.{body}".encode()).hexdigest()) for body in bodies]
        status = 422 if checked.errors else 202
        return WebhookAnswer(status, json.dumps(answer), "application/json", deliveries=deliveries)

    def read_delivery(self, access: Access, body: str) -> Page:
        """Read one item."""
        items, bad = read_each([_loaded(body)], lambda one: [webhook_items.item(one)], _id)
        return Page(items, None, more=False, bad=[BadItem(body[:20_000], one.reason, one.remote_id) for one in bad])

    def importer(self) -> Importer:
        """Return what reads messages in the fields of the schema out of tables."""
        return WebhookTable()

    def may_reply(self, access: Access, target: ReplyTarget) -> ReplyPermission:
        """Say that we send the answer, where that system takes any."""
        if target.may_not_reply:
            return ReplyPermission("none", target.may_not_reply, target.url)
        if not access.config.get("callback"):
            return ReplyPermission("none", _BY_HAND, target.url)
        return ReplyPermission("api", url=target.url, private=target.source.get("private") is True)

    def reply(self, access: Access, reply: Reply) -> SentReply:
        """Send the answer to the address for answers.

        The key is its name there: the same key again is the same answer. Raises: as the table in webhook_calls.py says.
        """
        callback = access.config.get("callback")
        if not callback:
            raise Rejected(_BY_HAND)
        fields = {
            "version": 1,
            "message_id": reply.target.remote_id,
            "thread_id": reply.target.thread_id,
            "text": reply.text,
            "author_name": reply.author_name,
            "key": reply.key,
        }
        answer = self._caller.post(callback, access.secrets.get("secret", ""), fields, reply.key)
        said = _loaded(answer.body.decode("utf-8", "replace"))  # it may be empty, and is believed all the same
        return SentReply(reply.key, address(mapping(said).get("url")))

    def find_reply(self, access: Access, reply: Reply) -> SentReply | None:
        """Ask that system whether it took the answer. Raises: UnexpectedAnswer where it can't say; Temporary."""
        callback = access.config.get("callback")
        if not callback:
            raise UnexpectedAnswer(_CANNOT_SAY)
        try:
            answer = self._caller.look(callback, access.secrets.get("secret", ""), reply.key)
        except Permanent as error:  # also 404: it has no such page, which says nothing of the message
            raise UnexpectedAnswer(_CANNOT_SAY) from error
        said = mapping(_loaded(answer.body.decode("utf-8", "replace")))
        if not isinstance(said.get("found"), bool):
            raise UnexpectedAnswer(_CANNOT_SAY)
        return SentReply(reply.key, address(said.get("url"))) if said["found"] else None


def _loaded(body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _id(element: Any) -> str:
    return identifier(mapping(element).get("id"))
