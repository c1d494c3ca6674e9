"""Asking to be let publish: the administrators of one's organisation, or whoever runs this installation."""

import shlex

from healthberry.core import events, members, operator
from healthberry.extensions import part
from healthberry.mail import links, send
from healthberry.models.organisations import Member
from healthberry.register.kinds import kind_label

_USEFUL_SECONDS = 24 * 3600


def ask_administrators(member: Member) -> None:
    """Ask for approval; again within a day: they are not told again. Commits."""
    told = members.administrators(member.organisation_id) if members.ask_approval(member) else []
    addresses, context = [one.email for one in told], _about(member)
    events.commit()
    for address in addresses:
        send.post(
            address,
            "approval",
            {**context, "people_url": links.address("people.index")},
            useful_seconds=_USEFUL_SECONDS,
        )


def ask_operator(member: Member) -> None:
    """Ask to be checked, once; the operator is told by e-mail where one is set, and has a list. Commits."""
    new = members.ask_check(member)
    one = members.organisation_of(member)
    code = operator.code_of(one)
    context = {
        **_about(member),
        "code": code,
        "kind": kind_label(one.kind),
        "place": ", ".join(filter(None, (one.town, one.postcode))),
        # Addresses may hold characters that mean something to a shell, and this line is made to be copied there.
        "command": f"healthberry members verify {shlex.quote(member.email)} {code}",
    }
    events.commit()
    address = part("settings").operator_email
    if new and address:
        send.post(address, "check", context, useful_seconds=_USEFUL_SECONDS)


def _about(member: Member) -> dict[str, str]:
    return {"person": member.name, "email": member.email, "organisation": members.organisation_of(member).name}
