"""A mailbox over IMAP: a handful of commands, every refusal as one of our errors.

| the server says | means | ours |
|---|---|---|
| NO to LOGIN or AUTHENTICATE; AUTHENTICATIONFAILED and its like | somebody has to sign in again | NotAuthorised |
| UNAVAILABLE, SERVERBUG, a BYE, a broken or silent line | later | Unavailable |
| LIMIT, INUSE, "too many", "throttled" | we ask too often | RateLimited |
| NONEXISTENT, TRYCREATE, NO to SELECT | the folder is not there | Gone |
| BAD, or an answer that no parser reads | not as documented | UnexpectedAnswer |

Source: RFC 3501, 5530 (response codes), 6154 (\\Sent), 6851 (MOVE), 2177 (IDLE). What Microsoft says when it throttles
is from memory.
"""

import contextlib
import imaplib
import logging
import re
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Self

from imapclient import IMAPClient, SocketTimeout  # type: ignore[import-untyped]
from imapclient.exceptions import (  # type: ignore[import-untyped]
    IMAPClientAbortError,
    IMAPClientError,
    LoginError,
    ProtocolError,
)
from imapclient.imapclient import SENT  # type: ignore[import-untyped]

from healthberry.connectors import mail_servers
from healthberry.connectors.errors import (
    ConnectorError,
    Gone,
    NotAuthorised,
    RateLimited,
    Unavailable,
    UnexpectedAnswer,
)
from healthberry.connectors.mail_servers import MailHost, SignIn
from healthberry.connectors.public_addresses import Resolve, system_resolve

# At DEBUG both write down what they send and read: somebody's mail.
for _name in ("imapclient", "imaplib"):
    logging.getLogger(_name).setLevel(logging.WARNING)

LARGEST_BYTES: Final = 2_000_000  # of one e-mail; what comes after is attachments
_WINDOW: Final = 20_000
_LARGEST_WINDOW: Final = 80_000
_IDLE_SECONDS: Final = 9 * 60  # RFC 2177: less than 29 minutes; home routers forget a line after ten
_NOT_IN: Final = ("AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED", "CONTACTADMIN", "PRIVACYREQUIRED")
_SLOW_DOWN: Final = ("LIMIT", "INUSE", "TOO MANY", "THROTTL")
_LATER: Final = ("UNAVAILABLE", "SERVERBUG")
_NOT_THERE: Final = ("NONEXISTENT", "TRYCREATE")
_SENT_NAMES: Final = ("Sent", "Sent Items", "Sent Messages", "INBOX.Sent")


@dataclass(frozen=True)
class Stored:
    """One e-mail as the mailbox holds it: the first 2 MB of it, and when it arrived there."""

    uid: int
    raw: bytes = field(repr=False)
    arrived_at: datetime | None
    size: int


class _Client(IMAPClient):  # type: ignore[misc]
    """An IMAP connection that goes to a checked address."""

    def __init__(self, server: MailHost, timeout: float | None, resolve: Resolve) -> None:
        self._server, self._wait, self._resolve = server, timeout, resolve
        wait = mail_servers.READ_SECONDS if timeout is None else timeout
        super().__init__(server.host, server.port, ssl=False, timeout=SocketTimeout(wait, wait))

    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802 - imapclient's name
        return _Imap(self._server, self._wait, self._resolve)


class _Imap(imaplib.IMAP4):
    def __init__(self, server: MailHost, timeout: float | None, resolve: Resolve) -> None:
        self._mail_host, self._wait, self._resolve = server, timeout, resolve
        super().__init__(server.host, server.port)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        return mail_servers.connect(self._mail_host, self._wait, self._resolve)


class Box:
    """An open mailbox; use it as a context manager. Every method raises what the table above says."""

    def __init__(
        self, server: MailHost, sign_in: SignIn, *, timeout: float | None = None, resolve: Resolve = system_resolve
    ) -> None:
        with _told(f"The mail server {server.host}"):
            self._client = _Client(server, timeout, resolve)
        self._place = f"The mail server {server.host}"
        try:
            self._begin(server, sign_in)
        except BaseException:
            self._leave()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()

    def _begin(self, server: MailHost, sign_in: SignIn) -> None:
        with _told(self._place):
            if server.security == "starttls":
                self._client.starttls(mail_servers.context())
            if sign_in.token:
                self._client.oauth2_login(sign_in.user, sign_in.token)
            else:
                self._client.login(sign_in.user, sign_in.password)

    def _leave(self) -> None:
        try:
            self._client.logout()
        except (OSError, IMAPClientError):
            with contextlib.suppress(OSError, IMAPClientError):
                self._client.shutdown()

    def select(self, folder: str, *, write: bool = False) -> tuple[int, int]:
        """Open a folder; return its UIDVALIDITY and the next UID. Raises: Gone where there is no such folder."""
        with _told(self._place, missing=f"The folder {folder} is not in this mailbox any more."):
            said = self._client.select_folder(folder, readonly=not write)
        validity, following = _number(said.get(b"UIDVALIDITY")), _number(said.get(b"UIDNEXT"))
        if not following:
            # UIDNEXT is a courtesy of the server: RFC 3501 lets it be left out.
            following = max(self._search([b"UID", b"*"]), default=0) + 1
        return validity, following

    def above(self, uid: int) -> list[int]:
        """Return the UIDs above `uid`, ascending. "n:*" always holds the last message: what is not above is dropped."""
        return [one for one in self._search([b"UID", f"{uid + 1}:*".encode()]) if one > uid]

    def since(self, day: date) -> list[int]:
        """Return the UIDs of what arrived on `day` or later, ascending."""
        return self._search([b"SINCE", day])

    def below(self, uid: int, since: date, wanted: int) -> list[int]:
        """Return up to `wanted` UIDs below `uid` of what arrived since a day, descending; [] at the end.

        In windows: the list of a large mailbox would be a line longer than we take.
        """
        top, window = uid - 1, _WINDOW
        found: list[int] = []
        while top >= 1 and len(found) < wanted:
            bottom = max(top - window + 1, 1)
            found += sorted(self._search([b"UID", f"{bottom}:{top}".encode(), b"SINCE", since]), reverse=True)
            top, window = bottom - 1, min(window * 2, _LARGEST_WINDOW)
        return found[:wanted]

    def named(self, message_id: str) -> list[int]:
        """Return the UIDs of what bears a Message-ID, given without brackets. Servers compare parts of it: check."""
        return self._search(["HEADER", "Message-ID", f"<{message_id}>"])

    def fetch(self, uids: Sequence[int], *, head: bool = False) -> list[Stored]:
        """Return these e-mails (`head`: their headers only) in this order, without marking them read; gone ones not."""
        section = "BODY.PEEK[HEADER]" if head else f"BODY.PEEK[]<0.{LARGEST_BYTES}>"
        with _told(self._place):
            got = self._client.fetch(list(uids), [section, "INTERNALDATE", "RFC822.SIZE"]) if uids else {}
        return [stored for uid in uids if uid in got and (stored := _stored(uid, got[uid])) is not None]

    def flags(self, uid: int) -> tuple[bytes, ...]:
        """Return the flags of one e-mail."""
        with _told(self._place):
            return tuple(self._client.get_flags([uid]).get(uid, ()))

    def flag(self, uids: Sequence[int], flag: bytes) -> None:
        """Add a flag."""
        with _told(self._place):
            self._client.add_flags(list(uids), [flag], silent=True)

    def unflag(self, uids: Sequence[int], flag: bytes) -> None:
        """Take a flag away."""
        with _told(self._place):
            self._client.remove_flags(list(uids), [flag], silent=True)

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move e-mails to a folder, which is made where it is missing; twice: what is gone is gone."""
        with _told(self._place):
            if not self._client.folder_exists(folder):
                self._client.create_folder(folder)
            if self._client.has_capability("MOVE"):
                self._client.move(list(uids), folder)
                return
            self._client.copy(list(uids), folder)
        self.delete(uids)

    def delete(self, uids: Sequence[int]) -> None:
        """Delete e-mails for good; without UIDPLUS they are only marked, so that nobody else's go with them."""
        with _told(self._place):
            self._client.delete_messages(list(uids), silent=True)
            if self._client.has_capability("UIDPLUS"):
                self._client.uid_expunge(list(uids))

    def append(self, folder: str, raw: bytes, flags: Sequence[bytes]) -> None:
        """Put an e-mail into a folder."""
        with _told(self._place, missing=f"There is no folder {folder}."):
            self._client.append(folder, raw, flags)

    def sent_folder(self) -> str:
        """Return where sent e-mails are kept: what the server marks so, else what it usually is called; "" for none."""
        with _told(self._place):
            found = self._client.find_special_folder(SENT)
            if found:
                return str(found)
            names = {str(name) for _, _, name in self._client.list_folders()}
        return next((name for name in _SENT_NAMES if name in names), "")

    def news(self) -> Iterator[None]:
        """Wait in the selected folder; each turn is something new or changed there, the first one at once."""
        with _told(self._place):
            if not self._client.has_capability("IDLE"):
                raise Unavailable("The mail server cannot tell when something arrives.", 3600)
            self._client.idle()
        yield
        while True:
            with _told(self._place):
                told = self._client.idle_check(timeout=_IDLE_SECONDS)
                if not told:
                    self._client.idle_done()
                    self._client.idle()
            if any(isinstance(one, tuple) and one[-1] == b"EXISTS" for one in told):
                yield

    def _search(self, criteria: list[Any]) -> list[int]:
        with _told(self._place):
            return sorted(map(int, self._client.search(criteria)))


@contextlib.contextmanager
def _told(place: str, missing: str = "") -> Iterator[None]:
    """Turn whatever goes wrong into one of our errors."""
    try:
        yield
    except ConnectorError:
        raise
    except mail_servers.NotPublic as error:
        raise NotAuthorised(f"{place} is inside a private network: nobody is connected there.") from error
    except LoginError as error:
        if isinstance(error.__context__, IMAPClientAbortError):  # the line broke before the server said anything
            raise Unavailable(f"{place} did not answer.") from error
        if " BAD " in str(error):
            raise UnexpectedAnswer(f"{place} gave an answer that we do not understand.") from error
        refused = _refused(place, str(error))
        usual = NotAuthorised(f"{place} refused the user name and password.")
        raise (usual if refused is None or isinstance(refused, NotAuthorised) else refused) from error
    except (IMAPClientAbortError, OSError) as error:
        raise _refused(place, str(error)) or Unavailable(f"{place} did not answer.") from error
    except ProtocolError as error:
        raise UnexpectedAnswer(f"{place} gave an answer that we do not understand.") from error
    except IMAPClientError as error:
        unmet = Gone(missing) if missing else UnexpectedAnswer(f"{place} refused what we asked for.")
        raise _refused(place, str(error)) or unmet from error
    except (ValueError, TypeError, KeyError, IndexError, AssertionError) as error:
        # What a server of its own mind says may break the parser anywhere.
        raise UnexpectedAnswer(f"{place} gave an answer that we do not understand.") from error


def _refused(place: str, words: str) -> ConnectorError | None:
    code = re.search(r"\[([A-Z]+)", words)
    said = f"{code[1] if code else ''} {words.upper()}"
    if any(one in said for one in _NOT_IN):
        return NotAuthorised(f"{place} does not let us in any more: somebody has to sign in again.")
    if code and code[1] in _LATER:
        return Unavailable(f"{place} is not available just now.")
    if any(one in said for one in _SLOW_DOWN):
        return RateLimited(f"{place} asks us to slow down.")
    return None


def _stored(uid: int, got: dict[bytes, Any]) -> Stored | None:
    raw = next((value for name, value in got.items() if name.startswith(b"BODY[")), None)
    if not isinstance(raw, bytes):
        return None
    arrived = got.get(b"INTERNALDATE")
    if isinstance(arrived, datetime) and arrived.tzinfo is None:
        arrived = arrived.astimezone()  # imapclient gives the time of this machine, without saying so
    return Stored(uid, raw, arrived if isinstance(arrived, datetime) else None, _number(got.get(b"RFC822.SIZE")))


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
