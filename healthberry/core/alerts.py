"""Who is told by e-mail about what is new: written to the outbox in the transaction that stores it, once per person."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from healthberry.core import events, organisations
from healthberry.core.errors import NotFound
from healthberry.core.events import Event
from healthberry.core.outbox import Claimed
from healthberry.extensions import db, part
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import new_id, now
from healthberry.models.replies import OutboxMail

ONE = "new_conversation"
MANY = "many_new"
MOST_SINGLE_MAILS = 20
_MOST_NUDGES = 8


@dataclass(frozen=True)
class Alert:
    """All that one alert mail says, loaded before the database is let go.

    `conversation` is None in a mail about many; then `count` are new in channels of the kinds `channel_kinds`.
    `excerpt` says that the organisation wants the first words in its mails.
    """

    member: Member
    organisation: Organisation
    conversation: Conversation | None
    channel_kinds: Sequence[str]
    count: int = 1
    excerpt: bool = False


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
    causes = _causes(organisation_id, conversation_ids) if members else []
    rows = [
        {**cause, "organisation_id": organisation_id, "id": new_id(), "member_id": member_id, **_fresh()}
        for cause in causes
        for member_id in members
    ]
    if not rows:
        return
    statement = insert(OutboxMail).values(rows).on_conflict_do_nothing().returning(OutboxMail.id)
    for mail_id in db.session.execute(statement).scalars().all()[:_MOST_NUDGES]:
        events.tell(Event(organisation_id, 0, "mail_queued", subject_id=mail_id))


def load(mail: Claimed) -> Alert:
    """Load what the claimed mail is about. Raises: NotNeeded when nobody needs to be told any more."""
    member = db.session.get(Member, (mail.organisation_id, mail.member_id), populate_existing=True)
    organisation = db.session.get(Organisation, mail.organisation_id)
    if member is None or organisation is None or member.left_at is not None:
        raise NotNeeded("They have left the organisation.")
    if not member.wants_alerts:
        raise NotNeeded("They turned these e-mails off.")
    if mail.kind == MANY:
        count, kinds = _read_about(mail.about)
        return Alert(member, organisation, None, kinds, count)
    conversation = _still_new(mail)
    excerpt = organisations.details_of(organisation.id).alert_excerpts
    return Alert(member, organisation, conversation, [conversation.channel_kind], excerpt=excerpt)


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


def mail_domain() -> str:
    """Return the domain that our Message-IDs end in: the host under which people reach HealthBerry."""
    host = urlsplit(part("settings").public_url).hostname or "localhost"
    return "localhost" if ":" in host else host.encode("idna").decode()


def _recipients(organisation_id: UUID) -> Sequence[UUID]:
    statement = select(Member.id).where(
        Member.organisation_id == organisation_id, Member.left_at.is_(None), Member.wants_alerts
    )
    return db.session.scalars(statement.order_by(Member.id)).all()


def _causes(organisation_id: UUID, conversation_ids: Collection[UUID]) -> list[dict[str, Any]]:
    if len(conversation_ids) <= MOST_SINGLE_MAILS:
        return [{"kind": ONE, "about": str(one), "conversation_id": one} for one in sorted(conversation_ids)]
    statement = select(Conversation.channel_kind).where(
        Conversation.organisation_id == organisation_id, Conversation.id.in_(conversation_ids)
    )
    kinds = sorted(set(db.session.scalars(statement)))
    return [{"kind": MANY, "about": _about(conversation_ids, kinds), "conversation_id": None}]


def _fresh() -> dict[str, Any]:
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


def _about(conversation_ids: Collection[UUID], kinds: Sequence[str]) -> str:
    """The cause of a mail about many: how many, in which kinds of channel, and a mark of exactly these."""
    digest = hashlib.sha256(b"".join(sorted(one.bytes for one in conversation_ids))).hexdigest()[:32]
    return f"{len(conversation_ids)} {','.join(kinds)} {digest}"


def _read_about(about: str) -> tuple[int, list[str]]:
    count, kinds, _ = about.split(" ")
    return int(count), kinds.split(",")


def _still_new(mail: Claimed) -> Conversation:
    conversation = db.session.get(Conversation, (mail.organisation_id, mail.conversation_id), populate_existing=True)
    if conversation is None or conversation.withdrawn:
        raise NotNeeded("It was taken down before the e-mail went out.")
    if conversation.status == "closed":
        raise NotNeeded("It was closed before the e-mail went out.")
    return conversation
