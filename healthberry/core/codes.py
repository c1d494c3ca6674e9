"""Six-digit codes that prove a mailbox: made, limited, checked once.

A code is kept as an HMAC under the secret key; the e-mail also carries a link whose key is another HMAC over the
same row, so that neither can be worked out from the database. Asking looks the same for a known and an unknown address.

Anybody may ask for anybody's address. So what strangers may have sent to it is limited, tightly for each network and
more widely for all together: no mailbox is flooded. A browser in which the address was proven before has an allowance
of its own, which strangers can't use up; and each letter that they cause lets its reader have another one.
"""

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select

from healthberry.core.errors import CoreError, Invalid
from healthberry.extensions import db, part
from healthberry.models.organisations import EmailCode
from healthberry.models.owned import new_id, now

LIFE_SECONDS = 600
MOST_TRIES = 5
KEPT = timedelta(days=2)

_QUARTER, _DAY = timedelta(minutes=15), timedelta(days=1)
_SEVERAL = (
    "We have sent several codes to this address already. Use the newest one,"
    " open the link in any of these e-mails to have another one sent, or wait"
)
_MANY = "Many codes were asked for with this address. Open the link in any of these e-mails to have one sent, or wait"


class TooMany(CoreError):
    """Asked too often; `reason` says for what, `wait_seconds` how long until it is worth another try."""

    def __init__(self, reason: str, wait_seconds: int) -> None:
        super().__init__(reason)
        self.wait_seconds = wait_seconds


class Refused(Invalid):
    """The code does not open anything; `reason` says why, `over` that a new one is needed."""

    def __init__(self, reason: str, *, over: bool) -> None:
        super().__init__(reason, "code")
        self.over = over


@dataclass(frozen=True)
class Issued:
    """A fresh code in clear, for the e-mail alone; `link_key` is what the link in it carries."""

    id: UUID
    code: str
    link_key: str


@dataclass(frozen=True)
class _Limit:
    counted: tuple[ColumnElement[bool], ...]
    most: int
    within: timedelta
    reason: str


def ask(purpose: str, email: str, subject: str, ip: str, *, name: str = "", browser: str = "") -> Issued:
    """Make a code for a normalised address, good for 10 minutes and 5 tries. Raises: TooMany.

    `subject` is the organisation it is about, "" for none yet; a hospital's whole staff shares few addresses, so the
    limit of an IP address is wide. `browser` names one whose owner has proven this address before, "" a stranger's.
    """
    ip = network(ip)
    for limit in _limits(purpose, email, subject, ip, browser):
        _keep_to(limit)
    row = EmailCode(id=new_id(), purpose=purpose, email=email, subject=subject, ip=ip, browser=browser, name=name)
    code = f"{secrets.randbelow(10**6):06}"
    row.code_hash = _mac("code", row.id, code)
    row.expires_at = now() + timedelta(seconds=LIFE_SECONDS)
    db.session.add(row)
    db.session.flush()
    return Issued(row.id, code, _mac("link", row.id))


def find(code_id: UUID) -> EmailCode | None:
    """Return the row behind a code page."""
    return db.session.get(EmailCode, code_id)


def check(code_id: UUID | None, typed: str) -> EmailCode:
    """Use up the code if it is the right one, and return what it stands for.

    A wrong try counts even though this raises: the caller commits either way. Raises: Refused.
    """
    row = _usable(code_id)
    digits = "".join(character for character in typed if character.isdigit())
    if len(digits) != 6 or not digits.isascii():
        raise Refused("Enter the six digits of the code from the e-mail", over=False)
    if row.tries >= MOST_TRIES:
        raise Refused("That was the fifth wrong code. Ask for a new one.", over=True)
    if not hmac.compare_digest(row.code_hash, _mac("code", row.id, digits)):
        row.tries += 1
        left = MOST_TRIES - row.tries
        if not left:
            raise Refused("That was the fifth wrong code. Ask for a new one.", over=True)
        tries = "1 more try" if left == 1 else f"{left} more tries"
        raise Refused(f"That is not the code in our newest e-mail to you. You have {tries}.", over=False)
    row.used_at = now()
    return row


def check_link(code_id: UUID | None, link_key: str) -> EmailCode:
    """Use up the code by the link in its e-mail, and return what it stands for. Raises: Refused."""
    row = find_by_link(code_id, link_key, lock=True)
    row.used_at = now()
    return row


def find_by_link(code_id: UUID | None, link_key: str, *, lock: bool = False) -> EmailCode:
    """Return what the link stands for without using it. Raises: Refused."""
    row = _usable(code_id, lock=lock)
    if not _is_key(row, link_key):
        raise Refused("This link is not complete. Copy the whole address, or type the code instead.", over=True)
    return row


def find_by_old_link(code_id: UUID, link_key: str) -> EmailCode | None:
    """Return what a link stood for that opens nothing any more; None where it is not complete, or forgotten.

    Whoever has it has read the mailbox lately: reason enough to send another code, and for nothing else.
    """
    row = find(code_id)
    return row if row is not None and _is_key(row, link_key) else None


def forget_old(at: datetime | None = None) -> int:
    """Delete codes older than two days, which no limit counts any more; return how many."""
    gone = delete(EmailCode).where(EmailCode.made_at < (at or now()) - KEPT).returning(EmailCode.id)
    return len(db.session.execute(gone).all())


def _usable(code_id: UUID | None, *, lock: bool = True) -> EmailCode:
    row = db.session.get(EmailCode, code_id, with_for_update=lock or None, populate_existing=True) if code_id else None
    if row is None:
        raise Refused("This code page is not complete. Ask for a new code.", over=True)
    if row.used_at is not None:
        raise Refused("This code was used already. Ask for a new one.", over=True)
    if row.expires_at <= now():
        raise Refused("This code is older than 10 minutes. Ask for a new one.", over=True)
    return row


def _limits(purpose: str, email: str, subject: str, ip: str, browser: str) -> Sequence[_Limit]:
    limits = _own(email, browser) if browser else _of_strangers(purpose, email, ip)
    if subject:
        reason = "Too many people are signing up for this organisation at once. Wait"
        limits.append(_Limit((EmailCode.subject == subject,), 30, _QUARTER, reason))
    return limits


def _own(email: str, browser: str) -> list[_Limit]:
    mine = (EmailCode.email == email, EmailCode.browser == browser)
    return [_Limit(mine, 5, _QUARTER, _SEVERAL), _Limit(mine, 25, _DAY, _SEVERAL)]


def _of_strangers(purpose: str, email: str, ip: str) -> list[_Limit]:
    """Count each purpose apart, known or not: letters about what an address has no part in bring no link."""
    theirs, here = EmailCode.browser == "", EmailCode.ip == ip
    all_of_them = (EmailCode.email == email, EmailCode.purpose == purpose, theirs)
    from_here = (*all_of_them, here)
    return [
        _Limit(from_here, 5, _QUARTER, _SEVERAL),
        _Limit(from_here, 10, _DAY, _SEVERAL),
        _Limit(all_of_them, 15, _QUARTER, _MANY),
        _Limit(all_of_them, 40, _DAY, _MANY),
        _Limit((theirs, here), 60, _QUARTER, "Too many codes were asked for from your network. Wait"),
    ]


def _keep_to(limit: _Limit) -> None:
    since = now() - limit.within
    asked = select(func.count(), func.min(EmailCode.made_at)).where(*limit.counted, EmailCode.made_at > since)
    count, oldest = db.session.execute(asked).one()
    if count >= limit.most:
        wait = max(60, int((oldest - since).total_seconds()))
        raise TooMany(f"{limit.reason} {_words(wait)}.", wait)


def _words(seconds: int) -> str:
    minutes = -(-seconds // 60)
    if minutes >= 120:
        return f"{-(-minutes // 60)} hours"
    return "a minute" if minutes == 1 else f"{minutes} minutes"


def _is_key(row: EmailCode, link_key: str) -> bool:
    return hmac.compare_digest(_mac("link", row.id).encode(), link_key.encode("utf-8", "replace"))


def _mac(use: str, code_id: UUID, code: str = "") -> str:
    key = f"{part('settings').secret_key}/email-code/{use}".encode()
    return hmac.new(key, f"{code_id}:{code}".encode(), hashlib.sha256).hexdigest()


def network(ip: str) -> str:
    """Return the address as limits count it: an IPv6 network is one household, not 2^64 of them."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip[:60]
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
