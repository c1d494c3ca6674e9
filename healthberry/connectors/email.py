"""The feedback mailbox of an organisation: read over IMAP, answered in the thread over SMTP.

With a password (mostly one made for programs), or with a sign-in at Microsoft 365, where NHSmail lives: form field
`sign_in` decides. What the servers answer and what that means: email_box.py, smtp.py, microsoft_sign_in.py.

Source: RFC 3501, 5321, 5322, 3834; that Microsoft 365 takes no passwords over IMAP and SMTP is from memory.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, Final

import httpx

from healthberry.connectors import email_form as form
from healthberry.connectors import email_items, email_sending, email_servers, letters, microsoft_sign_in, smtp
from healthberry.connectors import email_reach as reach
from healthberry.connectors.base import (
    Access,
    Authorisation,
    BadItem,
    Capabilities,
    InboundItem,
    Linkable,
    Linkables,
    Listing,
    Page,
    Reply,
    ReplyPermission,
    ReplyTarget,
    ReplyWay,
    SentReply,
)
from healthberry.connectors.defaults import Defaults
from healthberry.connectors.email_box import Box, Stored
from healthberry.connectors.email_items import Parents
from healthberry.connectors.email_parts import Parsed, parse
from healthberry.connectors.email_walks import Walk, backwards, onwards
from healthberry.connectors.endpoints import Credentials, Endpoints
from healthberry.connectors.errors import (
    Gone,
    NotAuthorised,
    NotLinked,
    Permanent,
    Rejected,
    Temporary,
)
from healthberry.connectors.http import Http
from healthberry.connectors.letters import Letter
from healthberry.connectors.microsoft_sign_in import MicrosoftSignIn
from healthberry.connectors.reading import Unreadable
from healthberry.connectors.text import clean
from healthberry.connectors.walks import pack, unpack

_SEEN: Final = b"\\Seen"
_LONGEST_RAW: Final = 20_000
_NOBODY_KNOWS: Final = (
    "The connection broke while the e-mail was being handed over, and nobody can look whether it went out."
    " Ask whoever you wrote to, or wait a day: then this can be sent again."
)
_OTHER: Final = (
    "This e-mail came from another address than the one that began the conversation. Make sure whom you answer."
)


@dataclass
class _Found:
    """What a page of e-mails held; `kept` are the UIDs of its items."""

    items: list[InboundItem] = field(default_factory=list)
    bad: list[BadItem] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)

    def add(self, stored: Stored, item: InboundItem | None) -> None:
        """Take an item, once; None is an e-mail that is no part of a conversation."""
        if item is None:
            return
        self.kept.append(stored.uid)
        if all(one.remote_id != item.remote_id for one in self.items):
            self.items.append(item)


class Email(Defaults):
    """The connector of kind "email". Channel config: the fields of the form, `imap`, `smtp`, `sent`, `files_copies`."""

    kind: ClassVar[str] = "email"

    def __init__(
        self,
        endpoints: Endpoints,
        credentials: Credentials,
        *,
        transport: httpx.BaseTransport | None = None,
        read_seconds: float | None = None,
    ) -> None:
        self._timeout = read_seconds
        self._simulated = endpoints.websites is not None
        self._directory = email_servers.Directory(
            endpoints.mail_directory, simulated=self._simulated, transport=transport
        )
        http = Http(
            endpoints.microsoft,
            "Microsoft 365",
            microsoft_sign_in.REFUSALS,
            transport=transport,
            read_seconds=read_seconds,
        )
        self._sign_in = MicrosoftSignIn(
            http, endpoints.microsoft, credentials.microsoft_client_id, credentials.microsoft_client_secret
        )

    @property
    def capabilities(self) -> Capabilities:
        """Return what a mailbox can do."""
        return form.CAPABILITIES

    def prepare(self, given: Mapping[str, str], redirect_uri: str) -> Access:
        """Check the form, and find the servers of the address. Raises: NotLinked."""
        return form.settings(given, self._directory, self._sign_in)

    def authorise_url(self, access: Access, state: str, redirect_uri: str, verifier: str) -> str:
        """Return Microsoft's page where the form chose that. Raises: NotAuthorised where a password was chosen."""
        if access.config.get("sign_in") != reach.MICROSOFT:
            raise NotAuthorised("This mailbox is linked with a password.")
        return self._sign_in.url(reach.address(access), state, redirect_uri, verifier)

    def authorise(self, access: Access, answer: Mapping[str, str], redirect_uri: str, verifier: str) -> Authorisation:
        """Exchange Microsoft's answer for tokens. Raises: NotAuthorised, Temporary."""
        token = self._sign_in.exchange(answer, redirect_uri, verifier)
        return microsoft_sign_in.authorisation(token, reach.remote_id(access), reach.address(access))

    def refresh(self, access: Access) -> Authorisation:
        """Renew the access token. Raises: NotAuthorised, Temporary."""
        before = access.secrets.get("refresh_token", "")
        token = self._sign_in.refresh(before)
        return microsoft_sign_in.authorisation(token, reach.remote_id(access), reach.address(access), before)

    def link(self, access: Access) -> Linkables:
        """Sign in at both servers and open the folder; nothing is read or sent. Raises: NotLinked."""
        if not reach.signing(access).password and not reach.signing(access).token:
            raise NotLinked("Enter the password of the mailbox.", "password")
        try:
            with self._box(access) as box:
                box.select(reach.folder(access))
                sent = box.sent_folder()
        except Gone as error:
            raise NotLinked(error.reason, "folder") from error
        except NotAuthorised as error:
            raise NotLinked(error.reason, "password") from error
        except (Temporary, Permanent) as error:
            raise NotLinked(f"{error.reason} Check the name of the server.", "server") from error
        try:
            smtp.check(reach.server(access, "smtp"), reach.signing(access), timeout=self._timeout)
        except (Temporary, Permanent) as error:
            raise NotLinked(f"E-mails can be read, but not sent: {error.reason}", "smtp_server") from error
        listing = Listing(
            kind=self.kind,
            remote_id=reach.remote_id(access),
            label=f"E-mails to {reach.address(access)}",
            url="",
            config={**access.config, "sent": sent},
            found_at=f"Folder {reach.folder(access)}",
        )
        return Linkables([Linkable(listing, account=reach.address(access))])

    def backfill(self, access: Access, since: datetime, cursor: str | None) -> Page:
        """Read the folder, then what was sent, the newest first; nothing is marked or moved. Raises: as above."""
        walk = unpack(Walk, cursor)
        with self._box(access) as box:
            uids, place, more = backwards(box, reach.folder_of(access, walk), walk.place(), since.date())
            found = self._read(box, access, uids, sent=walk.stage == "sent")
        onward = _onward(walk.at(place), access, more)
        return Page(found.items, pack(onward), onward.stage != "end", found.bad)

    def poll(self, access: Access, cursor: str | None) -> Page:
        """Read what arrived since, then what was sent since. What an earlier page brought is marked or moved first.

        A page is stored together with its cursor: whatever a cursor names is kept by now.
        """
        walk = unpack(Walk, cursor)
        with self._box(access) as box:
            walk = self._tidied(box, access, walk)
            uids, place, more = onwards(box, reach.folder_of(access, walk), walk.place())
            found = self._read(box, access, uids, sent=walk.stage == "sent")
        onward = _onward(walk.at(place), access, more)
        if walk.stage == "inbox" and reach.after(access) != "leave":
            onward = replace(onward, stored=tuple(found.kept))
        ended = onward.stage == "end"
        return Page(found.items, pack(replace(onward, stage="inbox") if ended else onward), not ended, found.bad)

    def listen(self, access: Access) -> Iterator[None]:
        """Wait for the server to say that something arrived (IDLE). Raises: Temporary, Permanent."""
        with self._box(access) as box:
            box.select(reach.folder(access))
            yield from box.news()

    def may_reply(self, access: Access, target: ReplyTarget) -> ReplyPermission:
        """Say that whoever wrote can be answered; warn where it was another than who began."""
        if target.may_not_reply or not letters.is_address(str(target.source.get("email", ""))):
            return ReplyPermission("none", target.may_not_reply or "This e-mail does not say whom to answer.")
        ways = (ReplyWay("", f"Answer {target.source['email']}", _OTHER),) if target.source.get("other_sender") else ()
        return ReplyPermission("api", ways=ways)

    def reply(self, access: Access, reply: Reply) -> SentReply:
        """Send an e-mail in the thread, unless it went out before. Raises: as smtp.py says."""
        letter = _letter(access, reply)
        message, wait, sent = letters.write(letter), self._timeout, str(access.config.get("sent") or "")
        server, signing = reach.server(access, "smtp"), reach.signing(access)
        with email_sending.nothing_sent():
            box = self._box(access)
        with box:
            with email_sending.nothing_sent():
                state = email_sending.look(box, sent, letter.message_id)[0] if sent else "none"
            if state == "sent":
                return SentReply(letter.message_id, None)
            if not sent or access.config.get("files_copies") is True:
                smtp.hand_over(message, letter.sender, letter.recipient, server, signing, timeout=wait)
            else:
                email_sending.send(box, sent, message, letter.sender, letter.recipient, server, signing, wait)
        return SentReply(letter.message_id, None)

    def find_reply(self, access: Access, reply: Reply) -> SentReply | None:
        """Look in the folder for sent e-mail. Raises: Permanent where it does not say; Temporary."""
        message_id = _letter(access, reply).message_id
        sent = str(access.config.get("sent") or "")
        if not sent:
            raise Permanent(_NOBODY_KNOWS)
        with self._box(access) as box:
            state, _ = email_sending.look(box, sent, message_id)
        if state == "begun":
            raise Permanent(_NOBODY_KNOWS)
        return SentReply(message_id, None) if state == "sent" else None

    def _box(self, access: Access) -> Box:
        return Box(reach.server(access, "imap"), reach.signing(access), timeout=self._timeout)

    def _tidied(self, box: Box, access: Access, walk: Walk) -> Walk:
        """Mark or move what is kept by now; twice changes nothing."""
        uids = [uid for uid in walk.stored if isinstance(uid, int)]
        if uids and reach.after(access) != "leave":
            validity, _ = box.select(reach.folder(access), write=True)
            if validity == walk.inbox.validity and reach.after(access) == "read":
                box.flag(uids, _SEEN)
            elif validity == walk.inbox.validity:
                box.move(uids, form.MOVED_TO)
        return replace(walk, stored=())

    def _read(self, box: Box, access: Access, uids: Sequence[int], *, sent: bool) -> "_Found":
        """Read e-mails one by one: what can't be read, and what no person wrote, is kept aside."""
        stored = [one for start in range(0, len(uids), 10) for one in box.fetch(uids[start : start + 10])]
        parents = Parents(lambda message_id: _head(box, message_id))
        for one in stored:
            parents.add(parse(one.raw))
        own = frozenset({reach.address(access), str(access.config.get("user", "")).lower()})
        found = _Found()
        for one in stored:
            try:
                item = email_items.sent(one, own, parents) if sent else email_items.received(one, own, parents)
            except Unreadable as reason:
                found.bad.append(_bad(one, str(reason)))
            except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
                found.bad.append(_bad(one, f"It could not be read ({type(error).__name__})."))
            else:
                found.add(one, item)
        return found


def _onward(walk: Walk, access: Access, more: bool) -> Walk:
    """Go on in the same folder, then in the one for sent e-mail where there is one, then to the end."""
    if more:
        return walk
    if walk.stage == "inbox" and access.config.get("sent"):
        return replace(walk, stage="sent")
    return replace(walk, stage="end")


def _head(box: Box, message_id: str) -> Parsed | None:
    found = box.fetch(box.named(message_id)[:1], head=True)
    return parse(found[0].raw) if found else None


def _bad(stored: Stored, reason: str) -> BadItem:
    raw = clean(stored.raw[: _LONGEST_RAW * 2].decode("utf-8", "replace"), _LONGEST_RAW)
    return BadItem(raw, reason, email_items.key(stored, parse(stored.raw)))


def _letter(access: Access, reply: Reply) -> Letter:
    source: Mapping[str, Any] = reply.target.source
    recipient, sender = str(source.get("email", "")), reach.address(access)
    if not letters.is_address(recipient):
        raise Rejected("This e-mail does not say whom to answer.")
    answered = str(source.get("message_id", ""))
    return Letter(
        sender,
        reply.author_name,
        recipient,
        letters.answer_subject(str(source.get("subject", ""))),
        reply.text,
        letters.own_id(reply.key, reply.target.thread_id, recipient, sender),
        answered,
        [*str(source.get("references", "")).split(), *([answered] if answered else [])],
    )
