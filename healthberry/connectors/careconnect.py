"""Care Connect: a call centre or website hands problems to us, as it did to mySociety's Care Connect.

We are the service here: `POST /api/v0.1/problem`, with a user name and password made at linking. It only writes: there
is nothing to read, to list or to look at again, and the same problem sent twice is two problems.

| what the caller sent | we answer |
|---|---|
| no or a wrong user name and password | 401 text/plain, `WWW-Authenticate: Basic realm="NHSD API"` |
| fields that break a rule | 400 `{"errors": {field: [sentence]}}` |
| a problem | 201 `{"reference_number": "P…"}` |

An answer is an e-mail to the reporter through the mail server of this installation (see smtp.py for what its answers
mean). Nobody can look whether an e-mail went out: where that is unknown, a person decides.

Source: citizenconnect, documentation/API.md, api/views.py, api/middleware.py.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import ClassVar, Final

from healthberry.connectors import careconnect_form, careconnect_items, letters, smtp
from healthberry.connectors.base import (
    About,
    Access,
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
from healthberry.connectors.careconnect_table import CareConnectTable
from healthberry.connectors.defaults import Defaults
from healthberry.connectors.endpoints import Credentials
from healthberry.connectors.errors import NotLinked, Permanent
from healthberry.connectors.letters import Letter
from healthberry.connectors.mail_servers import installed
from healthberry.connectors.pictures import NoPicture, rewritten
from healthberry.connectors.reading import bad_item, mapping, sequence

_ODS_CODE = re.compile(r"[A-Z0-9]{3,10}")
_JSON: Final = "application/json"
_REALM: Final = {"WWW-Authenticate": 'Basic realm="NHSD API"'}
_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC).timestamp()
_NO_MAIL: Final = "This installation has no mail server for answers (MAIL_URL and MAIL_FROM)."
_NO_CODES: Final = "Enter at least one ODS code, such as RYJ, one on each line."
_NOBODY_CAN_LOOK: Final = (
    "The connection broke while the e-mail was being handed over, and nobody can look whether it went out."
    " Ask the reporter, or wait a day: then this can be sent again."
)


class CareConnect(Defaults):
    """The connector of kind "careconnect". Channel config: `user`, `codes`, `reply_to`; secret: `password_hash`."""

    kind: ClassVar[str] = "careconnect"

    def __init__(self, credentials: Credentials, *, read_seconds: float | None = None) -> None:
        self._mail_url, self._mail_from = credentials.mail_url or "", credentials.mail_from or ""
        self._timeout = read_seconds

    @property
    def capabilities(self) -> Capabilities:
        """Return what Care Connect can do: it sends problems to us, and we answer by e-mail."""
        return Capabilities(
            label="Care Connect problems",
            place="e-mail",
            source="Care Connect",
            short="CC",
            item="problem",
            reply="api",
            poll_seconds=None,
            connect="here",
            about=About(
                reads="Problems that a call centre or a website hands over the way they did to Care Connect.",
                answers="You answer from here, by e-mail, whoever left an e-mail address.",
                needs="Whoever runs that service has to enter an address, a user name and a password that we give you.",
                data="Nothing leaves by itself: Care Connect never says that a problem was taken back. Pictures are"
                " kept without the place and time hidden in them.",
            ),
            group="own",
            fields=(
                Field("codes", "ODS codes", "The organisation and the sites that problems may be about.", kind="words"),
                Field(
                    "reply_to",
                    "Address for answers",
                    "Where it goes when somebody answers your e-mail. Without one it goes to this installation.",
                    kind="email",
                    required=False,
                ),
                Field(
                    "renew",
                    "Make a new password?",
                    "Nothing can be handed over until that service has the new one.",
                    kind="choice",
                    required=False,
                    choices=(("no", "No"), ("yes", "Yes, and show it once")),
                    default="no",
                    later=True,
                ),
            ),
            several=False,
            reply_verb="Send e-mail",
            private=True,
            backfills=False,
            push=True,
            imports=(".csv", ".xlsx"),
            rechecks=False,
        )

    def prepare(self, given: Mapping[str, str], redirect_uri: str) -> Access:
        """Take the codes and the address for answers. Raises: NotLinked."""
        codes = [code.strip().upper() for code in given.get("codes", "").splitlines() if code.strip()]
        if not codes:
            raise NotLinked(_NO_CODES, "codes")
        wrong = next((code for code in codes if not _ODS_CODE.fullmatch(code)), None)
        if wrong:
            raise NotLinked(f"{wrong[:50]} is not an ODS code.", "codes")
        reply_to = given.get("reply_to", "").strip()
        if reply_to and not letters.is_address(reply_to):
            raise NotLinked("Enter an e-mail address, such as pals@example.nhs.uk.", "reply_to")
        renew = given.get("renew") == "yes"
        return Access({"codes": list(dict.fromkeys(codes)), "reply_to": reply_to, "renew": renew})

    def link(self, access: Access) -> Linkables:
        """Make a user name and password, shown once; a channel keeps its own, but for a new password asked for."""
        codes = list(map(str, sequence(access.config.get("codes"))))
        if not codes:
            raise NotLinked(_NO_CODES, "codes")
        user = str(access.config.get("user") or f"cc-{secrets.token_hex(6)}")
        kept = access.secrets.get("password_hash") if not access.config.get("renew") else None
        password = secrets.token_urlsafe(24)
        listing = Listing(
            kind=self.kind,
            remote_id=user,
            label=f"Care Connect problems for {', '.join(codes[:3])}",
            url="",
            config={"reply_to": access.config.get("reply_to", ""), "user": user, "codes": codes},
        )
        reveal = (("Address", "{home}api/v0.1/problem"), ("User name", user), ("Password", password))
        if kept:
            return Linkables([Linkable(listing, {"password_hash": kept})])
        return Linkables([Linkable(listing, {"password_hash": _hash(password)}, reveal=reveal)])

    def addressed(self, request: WebhookRequest) -> str | None:
        """Return the user name of the request, not yet proven."""
        return _basic(request)[0] or None

    def receive(self, access: Access, request: WebhookRequest) -> WebhookAnswer:
        """Check user name, password and form; keep the problem, answer its reference. Nothing is kept of others."""
        user, password = _basic(request)
        known = access.secrets.get("password_hash", "")
        right = hmac.compare_digest(_hash(password), known) and user == access.config.get("user")
        if not (known and right):
            return WebhookAnswer(401, "Authorization Required", headers=_REALM)
        if request.method != "POST":
            return WebhookAnswer(405, "", headers={"Allow": "POST"})
        try:
            return self._taken(access, request)
        except careconnect_form.Refused as refused:
            return WebhookAnswer(400, json.dumps({"errors": refused.errors}), _JSON)

    def read_delivery(self, access: Access, body: str) -> Page:
        """Read a problem as `receive` kept it."""
        kept = mapping(json.loads(body))
        item = careconnect_items.problem(kept)
        if item is None:
            return Page([], None, False, [bad_item(kept, "It is no problem as we keep them.", "")])
        return Page([item], None, more=False)

    def importer(self) -> Importer:
        """Return what reads exports of problems out of tables."""
        return CareConnectTable()

    def may_reply(self, access: Access, target: ReplyTarget) -> ReplyPermission:
        """Say that whoever left an e-mail address can be answered there."""
        if target.may_not_reply or not letters.is_address(str(target.source.get("email", ""))):
            return ReplyPermission("none", target.may_not_reply or "They left no e-mail address.")
        if not (self._mail_url and self._mail_from):
            return ReplyPermission("none", _NO_MAIL)
        return ReplyPermission("api")

    def reply(self, access: Access, reply: Reply) -> SentReply:
        """Send the e-mail. Raises: as smtp.py says."""
        server, sign_in = installed(self._mail_url)
        name, sender = parseaddr(self._mail_from)
        reference, recipient = reply.target.thread_id, str(reply.target.source.get("email", ""))
        message_id = letters.own_id(reply.key, reference, recipient, sender)
        letter = Letter(
            sender,
            reply.author_name or name,
            recipient,
            f"Your feedback, reference {reference}",
            reply.text,
            message_id,
            reply_to=str(access.config.get("reply_to") or ""),
        )
        smtp.hand_over(
            letters.write(letter),
            sender,
            recipient,
            server,
            sign_in,
            timeout=self._timeout,
        )
        return SentReply(message_id, None)

    def find_reply(self, access: Access, reply: Reply) -> SentReply | None:
        """Raise Permanent: an e-mail that may have gone out can't be looked for, so that it is never sent twice."""
        raise Permanent(_NOBODY_CAN_LOOK)

    def _taken(self, access: Access, request: WebhookRequest) -> WebhookAnswer:
        organisations = frozenset(map(str, sequence(access.config.get("codes"))))
        problem = careconnect_form.read(request.headers.get("content-type", ""), request.body, organisations)
        kept = {
            "reference": (reference := _reference()),
            "received_at": datetime.now(UTC).isoformat(),
            "facts": dict(problem.facts),
            "images": [base64.b64encode(one).decode() for one in _pictures(problem.images)],
        }
        # Its own key each time: Care Connect made two problems of one that was sent twice, and callers rely on it.
        delivery = Delivery(json.dumps(kept), key=reference)
        return WebhookAnswer(201, json.dumps({"reference_number": reference}), _JSON, deliveries=[delivery])


def _pictures(images: Mapping[str, bytes]) -> list[bytes]:
    errors: careconnect_form.Errors = {}
    done: list[bytes] = []
    for name, raw in images.items():
        try:
            done.append(rewritten(raw))
        except NoPicture as error:
            errors[name] = [str(error)]
    if errors:
        raise careconnect_form.Refused(errors)
    return done


def _reference() -> str:
    """Return a reference that nothing else has: Care Connect counted, we have the second and six random digits.

    Two problems with the same reference would be taken for one, and the second one would be lost.
    """
    return f"P{int(time.time() - _EPOCH)}{secrets.randbelow(10**6):06d}"


def _basic(request: WebhookRequest) -> tuple[str, str]:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    try:
        decoded = base64.b64decode(given.strip(), validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, ValueError):
        decoded = ""
    user, _, password = decoded.partition(":")
    return user.replace("\x00", "")[:200], password


def _hash(password: str) -> str:
    # Made here with 192 random bits: no slow hash is needed to guard it.
    return hashlib.sha256(password.encode()).hexdigest()
