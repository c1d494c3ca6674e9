"""Who is told by e-mail about what is new: written to the outbox in the transaction that stores it, once per person."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select, update

from healthberry.core import audit, events, places, register
from healthberry.core.bulk import insert_unknown
from healthberry.core.errors import NotFound
from healthberry.core.events import Event
from healthberry.core.outbox import Claimed
from healthberry.core.permissions import may
from healthberry.core.places import Places
from healthberry.extensions import db, part
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member, Organisation, OrganisationDetails
from healthberry.models.owned import new_id, now
from healthberry.models.replies import MailCause, OutboxMail

ONE = "new_conversation"
MANY = "many_new"
MOST_SINGLE_MAILS = 20
_MOST_NUDGES = 8
_ANY = None  # in place of the id of one conversation
_NOT_THEIRS = "It is about nothing that their team sees."


@dataclass(frozen=True)
class Alert:
    """All that one alert mail says, loaded before the database is let go: the `conversations`, newest first.

    `sites` are names of the register by ODS code. `excerpt`
    says that the organisation wants the first words in its mails.
    """

    member: Member
    organisation: Organisation
    conversations: Sequence[Conversation]
    sites: Mapping[str, str]
    excerpt: bool = False

    def site(self, conversation: Conversation) -> str:
        """Return the name of the site that it is about, else the organisation's.

        Never that of a service ("outpatients", "sexual health"), which may say what somebody is treated for: this is
        what a subject may hold.
        """
        return self.sites.get(_site_code(conversation), self.organisation.name)


@dataclass(frozen=True)
class Subscription:
    """Whether a member gets the alerts of an organisation."""

    organisation_name: str
    on: bool


class NotNeeded(Exception):
    """The alert has lost its point; the text says why, for people."""


def queue_for_new(organisation_id: UUID, conversation_ids: Collection[UUID]) -> None:
    """Put an alert for each member who wants them and each of these new conversations into the outbox.

    More than twenty at once become one mail each member. A second call with the same conversations adds nothing. Tells
    "mail_queued" for the first eight mails only, since one job sends all that waits in its organisation.
    """
    members = _recipients(organisation_id) if conversation_ids else []
    causes = _causes(conversation_ids) if members else []
    seen = _seen(organisation_id, members, conversation_ids)
    rows = [
        {**cause, "organisation_id": organisation_id, "id": new_id(), "member_id": member.id, **fresh()}
        for cause in causes
        for member in members
        if member.id not in seen or cause["conversation_id"] in seen[member.id]
    ]
    mail_ids = [row.id for row in insert_unknown(OutboxMail, rows, "id")]
    if causes and len(conversation_ids) > MOST_SINGLE_MAILS:
        _remember_causes(organisation_id, causes[0]["about"], conversation_ids)
    for mail_id in mail_ids[:_MOST_NUDGES]:
        events.tell(Event(organisation_id, 0, "mail_queued", subject_id=mail_id))


def load(mail: Claimed) -> Alert:
    """Load what the claimed mail is about. Raises: NotNeeded when nobody needs to be told any more."""
    statement = (
        select(Member, Organisation, OrganisationDetails.alert_excerpts)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .outerjoin(OrganisationDetails, OrganisationDetails.organisation_id == Member.organisation_id)
        .where(Member.organisation_id == mail.organisation_id, Member.id == mail.member_id, Member.left_at.is_(None))
    )
    found = db.session.execute(statement.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotNeeded("They have left the organisation.")
    member, organisation, excerpt = found
    if not may(member, "read"):
        raise NotNeeded("Their role does not let them read it.")
    if not member.wants_alerts:
        raise NotNeeded("They turned these e-mails off.")
    conversations = _still_new_together(mail, member) if mail.kind == MANY else [_still_new(mail, member)]
    codes = {_site_code(one) for one in conversations if one.service_code}
    return Alert(member, organisation, conversations, register.names(db.session(), codes), bool(excerpt))


def subscription(organisation_id: UUID, member_id: UUID) -> Subscription:
    """Return whether this member gets alerts, and for which organisation. Raises: NotFound when they have left."""
    statement = (
        select(Organisation.name, Member.wants_alerts)
        .join(Member, Member.organisation_id == Organisation.id)
        .where(Organisation.id == organisation_id, Member.id == member_id, Member.left_at.is_(None))
    )
    found = db.session.execute(statement).one_or_none()
    if found is None:
        raise NotFound("This link is no longer in use: no e-mails are sent for it.")
    return Subscription(found.name, found.wants_alerts)


def switch(organisation_id: UUID, member_id: UUID, on: bool) -> None:
    """Turn this member's alerts on or off; the same again changes nothing. Raises: NotFound when they have left."""
    if subscription(organisation_id, member_id).on is on:
        return
    statement = update(Member).where(Member.organisation_id == organisation_id, Member.id == member_id)
    db.session.execute(statement.values(wants_alerts=on))
    audit.nobody_did(organisation_id, "alerts_switched", "member", member_id, on=on)  # whoever holds the e-mail


def mail_domain() -> str:
    """Return the domain that our Message-IDs end in: the host under which people reach HealthBerry."""
    host = urlsplit(part("settings").public_url).hostname or "localhost"
    return "localhost" if ":" in host else host.encode("idna").decode()


def _recipients(organisation_id: UUID) -> Sequence[Member]:
    statement = select(Member).where(
        Member.organisation_id == organisation_id, Member.left_at.is_(None), Member.wants_alerts
    )
    return [one for one in db.session.scalars(statement.order_by(Member.id)) if may(one, "read")]


def _seen(organisation_id: UUID, members: Sequence[Member], ids: Collection[UUID]) -> dict[UUID, set[UUID | None]]:
    """Return which of these conversations the members see who do not see everything, and `_ANY` for any of them."""
    limits = {one.id: found for one in members if (found := places.of(one)) is not None}
    seen: dict[Places, set[UUID | None]] = {}
    for one in set(limits.values()):
        here = (Conversation.organisation_id == organisation_id, Conversation.id.in_(ids), *places.within(one))
        seen[one] = set(db.session.scalars(select(Conversation.id).where(*here)))
    return {member_id: {*seen[one], _ANY} if seen[one] else set() for member_id, one in limits.items()}


def _causes(conversation_ids: Collection[UUID]) -> list[dict[str, Any]]:
    if len(conversation_ids) <= MOST_SINGLE_MAILS:
        return [{"kind": ONE, "about": str(one), "conversation_id": one} for one in sorted(conversation_ids)]
    mark = hashlib.sha256(b"".join(sorted(one.bytes for one in conversation_ids))).hexdigest()[:32]
    return [{"kind": MANY, "about": mark, "conversation_id": None}]


def _remember_causes(organisation_id: UUID, about: str, conversation_ids: Collection[UUID]) -> None:
    rows = [
        {"organisation_id": organisation_id, "about": about, "conversation_id": one} for one in sorted(conversation_ids)
    ]
    insert_unknown(MailCause, rows)


def fresh() -> dict[str, Any]:
    """Return the columns of a mail that has just been put into the outbox, under a Message-ID of its own."""
    at = now()
    message_id = f"<alert.{new_id()}@{mail_domain()}>"
    return {
        "message_id": message_id,
        "state": "queued",
        "attempts": 0,
        "reason": "",
        "queued_at": at,
        "next_attempt_at": at,
    }


def _still_new(mail: Claimed, member: Member) -> Conversation:
    conversation = db.session.get(Conversation, (mail.organisation_id, mail.conversation_id), populate_existing=True)
    if conversation is None or conversation.withdrawn:
        raise NotNeeded("It was taken down before the e-mail went out.")
    if not places.sees(member, conversation):
        raise NotNeeded(_NOT_THEIRS)
    if conversation.restricted:
        raise NotNeeded("It was restricted before the e-mail went out.")
    if conversation.status == "closed":
        raise NotNeeded("It was closed before the e-mail went out.")
    return conversation


def _still_new_together(mail: Claimed, member: Member) -> Sequence[Conversation]:
    """Those that were closed meanwhile are still told of, as closed: the mail of a colleague named them too."""
    statement = (
        select(Conversation)
        .join(
            MailCause,
            (MailCause.organisation_id == Conversation.organisation_id)
            & (MailCause.conversation_id == Conversation.id),
        )
        .where(Conversation.organisation_id == mail.organisation_id, MailCause.about == mail.about)
        .where(Conversation.withdrawn.is_(False), Conversation.restricted.is_(False), *places.seen(member))
        .order_by(Conversation.started_at.desc(), Conversation.id)
    )
    found = db.session.scalars(statement.execution_options(populate_existing=True)).all()
    if all(one.status == "closed" for one in found):
        raise NotNeeded("All that came in with it were closed or taken down before the e-mail went out.")
    return found


def _site_code(conversation: Conversation) -> str:
    """The code of a site may have a service behind it: "RXX01 outpatients"."""
    return (conversation.service_code or "").split(" ")[0]
