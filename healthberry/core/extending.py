"""Two further months for a request about data: once, for a reason, and told within the first month (article 12(3)).

The reason is that it is complex, or that the same person asked much; being busy is none. A complaint is no request of
this kind: it is answered as soon as it can be.
"""

from datetime import date
from typing import Final
from uuid import UUID

from healthberry.core import data_requests, rights_mails
from healthberry.core.errors import Conflict, Invalid
from healthberry.models.organisations import Member
from healthberry.models.owned import now
from healthberry.models.rights import DataRequest

LONGEST: Final = 1000
_MONTHS: Final = 3  # after it was received: the first one, and two more
_NOT_ONE: Final = "complain"


def first_month(request: DataRequest) -> date:
    """Return the day by which it had to be answered at first, and by which an extension has to be told."""
    return data_requests.months_after(data_requests.day_of(request.received_at), 1)


def last_day(request: DataRequest) -> date:
    """Return the day by which it has to be answered once it is extended."""
    return data_requests.months_after(data_requests.day_of(request.received_at), _MONTHS)


def is_possible(request: DataRequest) -> bool:
    """Say whether it may still be extended."""
    still = request.closed_at is None and request.extended_at is None and request.kind != _NOT_ONE
    return still and data_requests.today() <= first_month(request)


def extend(member: Member, request_id: UUID, reason: str, *, told: bool) -> DataRequest:
    """Put off the day of the answer, and tell whoever asked by e-mail; with no address, `told` says that it was done.

    Extended already: it stays as it is. Raises: NotFound, NotAllowed; Conflict for what can't be extended; Invalid.
    """
    found = data_requests.opened(member, request_id)
    if found.extended_at is not None:
        return found
    if not is_possible(found):
        raise Conflict(_refusal(found))
    words = reason.replace("\x00", "").replace("\r\n", "\n").strip()
    if not words or len(words) > LONGEST:
        raise Invalid(f"Write to them why it takes longer, in up to {LONGEST:,} characters.", "extension")
    if not found.contact and not told:
        raise Invalid("There is no e-mail address. Write to them first, and tick that you did.", "told")
    found.extended_at, found.extended_because, found.due_on = now(), words, last_day(found)
    data_requests.step(member, found, "data_request_extended")
    if found.contact:
        rights_mails.tell_of_extension(found)
    rights_mails.remind_anew(found)
    return found


def _refusal(request: DataRequest) -> str:
    if request.kind == _NOT_ONE:
        return "A complaint can't be extended: answer it as soon as you can."
    return "The first month is over. An extension has to be told before its end: answer it now."
