"""What members, and administrators for their organisation, decide in the settings."""

from typing import Any

from healthberry.core import audit, mailboxes, organisations
from healthberry.core.contacts import contacts_of
from healthberry.core.errors import Invalid
from healthberry.core.permissions import require
from healthberry.models.organisations import Member

_LONGEST_NAME = 200


def save_settings(member: Member, *, name: str, wants_alerts: bool) -> None:
    """Keep what members decide for themselves."""
    changed = [
        field for field, kept in (("name", name), ("wants_alerts", wants_alerts)) if getattr(member, field) != kept
    ]
    member.name = name
    member.wants_alerts = wants_alerts
    if changed:
        audit.did(member, "own_settings_changed", "member", member.id, changed=changed)


def save_organisation(member: Member, *, alert_excerpts: bool, contacts: str | None = None) -> None:
    """Decide whether alerts hold the first words of a story, and which contacts are harmless in public replies.

    `contacts` are telephone numbers and e-mail addresses, one a line; None leaves them as they are.

    Raises: NotAllowed; Invalid (contacts) with the first line that is neither.
    """
    require(member, "manage")
    before = organisations.details_of(member.organisation_id)
    wanted: dict[str, Any] = {"alert_excerpts": alert_excerpts}
    if contacts is not None:
        wanted["published_contacts"] = contacts_of(contacts)
    changed = [name for name, value in wanted.items() if getattr(before, name) != value]
    if changed:
        organisations.keep(member.organisation_id, **wanted)
        audit.did(member, "settings_changed", alert_excerpts=alert_excerpts, changed=changed)


def save_data_contact(member: Member, name: str, email: str) -> None:
    """Keep who answers for data protection; both blank for nobody. Raises: NotAllowed, Invalid (dpo_email)."""
    require(member, "manage")
    typed, address = " ".join(name.replace("\x00", "").split())[:_LONGEST_NAME], email.strip()
    if typed and not address:
        raise Invalid("Enter the e-mail address at which they are reached.", "dpo_email")
    if address:
        try:
            mailboxes.normalise(address)
        except Invalid as invalid:
            raise Invalid(invalid.reason, "dpo_email") from None
    wanted = {"dpo_name": typed, "dpo_email": address}
    before = organisations.details_of(member.organisation_id)
    changed = [one for one, value in wanted.items() if getattr(before, one) != value]
    if changed:
        organisations.keep(member.organisation_id, **wanted)
        audit.did(member, "settings_changed", changed=changed)
