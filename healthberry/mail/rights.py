"""The mails about people's rights. To whoever asked: the reference and the days. To whoever answers: that it came.

What somebody typed into the form is in none of them: nobody can make us send their words to another's mailbox.
"""

from datetime import date, datetime
from email.message import EmailMessage
from zoneinfo import ZoneInfo

from healthberry.core import data_requests, disclosures
from healthberry.core.alerts import mail_domain
from healthberry.core.rights_mails import Letter
from healthberry.mail import links
from healthberry.mail.headers import clean, one_line
from healthberry.mail.messages import write
from healthberry.models.owned import now
from healthberry.models.rights import DataRequest, Disclosure

_NAME_CHARACTERS = 80
_LONDON = ZoneInfo("Europe/London")


def write_letter(letter: Letter, kind: str, message_id: str, *, clock: datetime | None = None) -> EmailMessage:
    """Return the mail. All of one request, or breach, name the same root: mail programs fold them."""
    at = clock or now()
    subject = letter.request or letter.disclosure
    root = f"<rights.{subject.id if subject else ''}@{mail_domain()}>"
    about = _request(letter.request) if letter.request else {}
    if letter.disclosure:
        about = _breach(letter.disclosure)
    context = {
        "organisation": one_line(letter.organisation.name, _NAME_CHARACTERS),
        "dpo_name": one_line(letter.dpo[0], _NAME_CHARACTERS),
        "dpo_email": one_line(letter.dpo[1], _NAME_CHARACTERS * 2),
        "why": one_line(letter.why, _NAME_CHARACTERS * 4),
        **about,
    }
    headers = {"In-Reply-To": root, "References": root}
    return write(letter.to, kind, context, name=letter.name, message_id=message_id, headers=headers, clock=at)


def _request(request: DataRequest) -> dict[str, str]:
    return {
        "reference": request.reference,
        "asked": data_requests.KINDS[request.kind],
        "due": _day(request.due_on),
        "acknowledge": _day(request.acknowledge_by) if request.acknowledge_by else "",
        "outcome": data_requests.OUTCOMES.get(request.outcome, "").partition(":")[0].partition(",")[0],
        "answer": clean(request.answer),
        "because": clean(request.extended_because),
        "request_url": links.address("data_requests.show", request_id=str(request.id)),
    }


def _breach(disclosure: Disclosure) -> dict[str, str]:
    return {
        "found": _moment(disclosure.found_at),
        "until": _moment(disclosures.due_at(disclosure)),
        "what": ", ".join(disclosures.WHAT[one].lower() for one in disclosure.what),
        "by": one_line(disclosure.member_name, _NAME_CHARACTERS),
        "removal": disclosure.removal,
        "breach_url": links.address("disclosures.show", disclosure_id=str(disclosure.id)),
    }


def _moment(moment: datetime) -> str:
    local = moment.astimezone(_LONDON)
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
