"""Which e-mail no person wrote: automatic answers, lists, notices of mail servers. None of it opens a conversation.

Source: RFC 3834 (Auto-Submitted, what never to answer), RFC 3464 (delivery reports), RFC 2919 (List-Id); X-Autoreply
and X-Auto-Response-Suppress are custom. A form on a website also sends by machine, from an address that nobody reads:
it is let in where it says whom to answer.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from healthberry.connectors.email_parts import Parsed, header, mailboxes
from healthberry.connectors.letters import read_own_id
from healthberry.connectors.text import line

_SEARCHED_BYTES: Final = 200_000
_NOBODY = re.compile(r"(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?)([+.-].*)?")
_OWN = re.compile(rb"<(hb\.[0-9a-f]{24}\.[0-9a-f]{12}\.[\w-]{1,80}@[\w.-]{1,253})>")
_STATUS = re.compile(rb"(?im)^Status:\s*(\d\.\d{1,3}\.\d{1,3})")
_ACTION = re.compile(rb"(?im)^Action:\s*(\w+)")
_RECIPIENT = re.compile(rb"(?im)^(?:Original|Final)-Recipient:\s*rfc822;\s*<?([^\s<>]{3,254})")


@dataclass(frozen=True)
class Bounce:
    """A notice that an e-mail of ours was not delivered: its Message-ID, to whom, and the status of RFC 3463."""

    message_id: str
    recipient: str
    status: str


def reason(mail: Parsed, own: Collection[str]) -> str:
    """Say for people what this is, where no person wrote it; "" where somebody did. `own` are our addresses."""
    if mail.get_content_type() == "multipart/report":
        return "a notice of a mail server"
    if any(header(mail, name) for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Reply")):
        return "an automatic answer"
    submitted = header(mail, "Auto-Submitted").lower().split(";")[0].strip()
    if submitted in ("auto-replied", "auto-notified"):
        return "an automatic answer"
    if header(mail, "List-Id") or header(mail, "List-Unsubscribe"):
        return "mail of a list"
    if header(mail, "Precedence").lower() in ("bulk", "list", "junk", "auto_reply"):
        return "mail that was sent to many"
    if _says_whom_to_answer(mail, own):
        return ""
    if (submitted and submitted != "no") or header(mail, "X-Auto-Response-Suppress"):
        return "an automatic e-mail"
    return _nobody(mail, own)


def bounce(mail: Parsed, raw: bytes) -> Bounce | None:
    """Return what a delivery report says of an e-mail of ours that did not arrive; None for anything else."""
    searched = raw[:_SEARCHED_BYTES]
    ours, action = _OWN.search(searched), _ACTION.search(searched)
    if mail.get_content_type() != "multipart/report" or not ours or (action and action[1].lower() != b"failed"):
        return None
    message_id = ours[1].decode("ascii", "replace")
    status, recipient = _STATUS.search(searched), _RECIPIENT.search(searched)
    if read_own_id(message_id) is None:
        return None
    return Bounce(
        message_id,
        line(recipient[1].decode("ascii", "replace"), 254) if recipient else "",
        status[1].decode() if status else "",
    )


def _says_whom_to_answer(mail: Parsed, own: Collection[str]) -> bool:
    return any(
        one.address and one.address not in own and not _is_nobody(one.address) for one in mailboxes(mail, "Reply-To")
    )


def _nobody(mail: Parsed, own: Collection[str]) -> str:
    senders = [one.address for one in mailboxes(mail, "From") if one.address]
    if not senders:
        return "without a sender that can be read"
    if header(mail, "Return-Path") == "<>" or all(map(_is_nobody, senders)):
        return "from an address that nobody reads"
    return "from our own address" if all(address in own for address in senders) else ""


def _is_nobody(address: str) -> bool:
    return _NOBODY.fullmatch(address.rpartition("@")[0]) is not None
