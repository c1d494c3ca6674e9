"""The feedback mailbox of an organisation: read over IMAP, answered in the thread over SMTP.

With a password (mostly one made for programs), or with a sign-in at Microsoft 365, where NHSmail lives: form field
`sign_in` decides. What the servers answer and what that means: email_box.py, smtp.py, microsoft_sign_in.py.

Source: RFC 3501, 5321, 5322, 3834; that Microsoft 365 takes no passwords over IMAP and SMTP is from memory.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

import httpx

from healthberry.connectors import email_answers as answers
from healthberry.connectors import email_form as form
from healthberry.connectors import email_reach as reach
from healthberry.connectors import email_reading as reading
from healthberry.connectors import email_servers, microsoft_sign_in, smtp
from healthberry.connectors.base import (
    Access,
    Authorisation,
    Capabilities,
    Linkable,
    Linkables,
    Listing,
    Page,
    Reply,
    ReplyPermission,
    ReplyTarget,
    SentReply,
)
from healthberry.connectors.defaults import Defaults
from healthberry.connectors.email_box import Box
from healthberry.connectors.email_walks import Walk, backwards, onwards
from healthberry.connectors.endpoints import Credentials, Endpoints
from healthberry.connectors.errors import (
    Gone,
    NotAuthorised,
    NotLinked,
    Permanent,
    Temporary,
)
from healthberry.connectors.http import Http
from healthberry.connectors.microsoft_sign_in import MicrosoftSignIn
from healthberry.connectors.walks import pack, unpack


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
        """Renew the access token. Raises: NotAuthorised, as of a mailbox with a password; SignInOver, Temporary."""
        if reach.signing(access).password:
            raise NotAuthorised("The mail server refused the password.")
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
            found = reading.read(box, access, uids, sent=walk.stage == "sent")
        onward = reading.onward(walk.at(place), access, more)
        return Page(found.items, pack(onward), onward.stage != "end", found.bad)

    def poll(self, access: Access, cursor: str | None) -> Page:
        """Read what arrived since, then what was sent since. What an earlier page brought is marked or moved first.

        A page is stored together with its cursor: whatever a cursor names is kept by now.
        """
        walk = unpack(Walk, cursor)
        with self._box(access) as box:
            walk = reading.tidied(box, access, walk)
            uids, place, more = onwards(box, reach.folder_of(access, walk), walk.place())
            found = reading.read(box, access, uids, sent=walk.stage == "sent")
        onward = reading.onward(walk.at(place), access, more)
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
        return answers.may_reply(target)

    def reply(self, access: Access, reply: Reply) -> SentReply:
        """Send an e-mail in the thread, unless it went out before. Raises: as smtp.py says."""
        return answers.reply(self._box, access, reply, self._timeout)

    def find_reply(self, access: Access, reply: Reply) -> SentReply | None:
        """Look in the folder for sent e-mail. Raises: Permanent where it does not say; Temporary."""
        return answers.find_reply(self._box, access, reply)

    def _box(self, access: Access) -> Box:
        return Box(reach.server(access, "imap"), reach.signing(access), timeout=self._timeout)
