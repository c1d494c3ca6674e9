"""What linking a mailbox asks for, and what people are told about it."""

from collections.abc import Mapping
from typing import Final

from healthberry.connectors import email_servers, letters
from healthberry.connectors.base import About, Access, Capabilities, Field
from healthberry.connectors.email_reach import MICROSOFT
from healthberry.connectors.email_servers import Directory
from healthberry.connectors.errors import NotLinked
from healthberry.connectors.mail_servers import MailHost
from healthberry.connectors.microsoft_sign_in import MicrosoftSignIn
from healthberry.connectors.text import line

MOVED_TO: Final = "Imported"
_FIELDS: Final = (
    Field("address", "E-mail address of the mailbox", kind="email"),
    Field(
        "sign_in",
        "How do you sign in?",
        "NHSmail and other mailboxes of Microsoft 365 take no passwords here.",
        kind="choice",
        choices=(("password", "With a password"), (MICROSOFT, "With Microsoft 365 or NHSmail")),
        default="password",
    ),
    Field(
        "password",
        "Password, where you sign in with one",
        "Not for Microsoft 365 or NHSmail. Some providers want one made for programs (app password).",
        kind="secret",
        required=False,
    ),
    Field("folder", "Folder", "The folder that feedback comes into.", required=False, default="INBOX"),
    Field(
        "after",
        "What should happen to e-mails once they are read here?",
        kind="choice",
        required=False,
        choices=(
            ("leave", "Nothing"),
            ("read", "Mark them as read"),
            ("move", f"Move them to the folder {MOVED_TO}"),
        ),
        default="leave",
    ),
    Field("user", "User name", "Only where it is not the address.", required=False),
    Field("server", "Server for reading (IMAP)", "Only where we do not find it by the address.", required=False),
    Field("smtp_server", "Server for sending (SMTP)", "Only where we do not find it by the address.", required=False),
)
CAPABILITIES: Final = Capabilities(
    label="E-mails",
    place="e-mail",
    source="E-mail",
    short="EM",
    item="e-mail",
    reply="api",
    poll_seconds=60,
    connect="fields",
    about=About(
        reads="E-mails in one folder of a mailbox, and what you answer from your own mail program.",
        answers="You answer from here; it arrives as an e-mail from your mailbox, and a copy is kept there.",
        needs="Somebody who may use the mailbox, with a password for programs or a sign-in at Microsoft 365.",
        permissions="To read the mailbox, and to send from it.",
        data="E-mails stay in your mailbox. Deleting one there does not delete it here. Attachments are named"
        " here, and opened in the mailbox.",
    ),
    group="own",
    fields=_FIELDS,
    reply_verb="Send e-mail",
    private=True,
    backfill_depth="every e-mail in the folder of the last ten years",
    streams=True,
    rechecks=False,
)


def settings(given: Mapping[str, str], directory: Directory, sign_in: MicrosoftSignIn) -> Access:
    """Check the form, and find the servers of the address. Raises: NotLinked."""
    address = given.get("address", "").strip().lower()
    if not letters.is_address(address):
        raise NotLinked("Enter the address of the mailbox, such as feedback@example.nhs.uk.", "address")
    way = given.get("sign_in", "") or "password"
    if way == MICROSOFT and (missing := sign_in.missing()):
        raise NotLinked(missing, "sign_in")
    imap, smtp_server, files_copies = _servers(directory, address, way, given)
    config = {
        "address": address,
        "sign_in": way,
        "user": line(given.get("user"), 254) or address,
        "server": given.get("server", "").strip(),
        "smtp_server": given.get("smtp_server", "").strip(),
        "folder": line(given.get("folder"), 200) or "INBOX",
        "after": given.get("after", "") or "leave",
        "imap": email_servers.as_config(imap),
        "smtp": email_servers.as_config(smtp_server),
        "files_copies": files_copies,
    }
    password = given.get("password", "")
    return Access(config, {"password": password} if password and way != MICROSOFT else {})


def _servers(directory: Directory, address: str, way: str, given: Mapping[str, str]) -> tuple[MailHost, MailHost, bool]:
    domain = address.rpartition("@")[2]
    if way == MICROSOFT and not directory.simulated:
        return (*email_servers.MICROSOFT, True)
    typed = {name: given.get(name, "").strip() for name in ("server", "smtp_server")}
    known_by = "outlook.com" if way == MICROSOFT else domain
    guessed = None if all(typed.values()) else directory.servers(known_by)
    imap = _typed(directory, typed, "server") or (guessed[0] if guessed else None)
    smtp_server = _typed(directory, typed, "smtp_server") or (guessed[1] if guessed else None)
    if imap is None or smtp_server is None:
        raise NotLinked("Enter the name of the server.", "server")
    files = guessed[2] if guessed and not typed["server"] else directory.filed(imap)
    return imap, smtp_server, files


def _typed(directory: Directory, typed: Mapping[str, str], name: str) -> MailHost | None:
    if not typed[name]:
        return None
    try:
        return directory.typed(typed[name], sending=name == "smtp_server")
    except NotLinked as error:
        raise NotLinked(error.reason, name) from error
