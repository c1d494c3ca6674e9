"""How a mailbox is reached, out of the settings and secrets of its channel."""

from typing import Final

from healthberry.connectors import email_servers
from healthberry.connectors.base import Access
from healthberry.connectors.email_walks import Walk
from healthberry.connectors.errors import NotAuthorised, NotLinked
from healthberry.connectors.mail_servers import MailHost, SignIn

MICROSOFT: Final = "microsoft"  # the way to sign in that is no password


def address(access: Access) -> str:
    """Return the address of the mailbox."""
    return str(access.config.get("address", ""))


def folder(access: Access) -> str:
    """Return the folder that feedback comes into."""
    return str(access.config.get("folder") or "INBOX")


def after(access: Access) -> str:
    """Return what is to happen to e-mails that were read: leave, read or move."""
    return str(access.config.get("after") or "leave")


def remote_id(access: Access) -> str:
    """Return what the mailbox is known by: its address, and the folder where it is not the usual one."""
    return address(access) if folder(access) == "INBOX" else f"{address(access)}/{folder(access)}"


def folder_of(access: Access, walk: Walk) -> str:
    """Return the folder at hand of a walk."""
    return folder(access) if walk.stage == "inbox" else str(access.config.get("sent") or "")


def server(access: Access, name: str) -> MailHost:
    """Return one of the servers, "imap" or "smtp". Raises: NotAuthorised where there is none."""
    try:
        return email_servers.from_config(access.config.get(name))
    except NotLinked as error:
        raise NotAuthorised(error.reason) from error


def signing(access: Access) -> SignIn:
    """Return how to sign in there."""
    token = access.secrets.get("access_token", "") if access.config.get("sign_in") == MICROSOFT else ""
    return SignIn(str(access.config.get("user") or address(access)), access.secrets.get("password", ""), token)
