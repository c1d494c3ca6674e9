"""Restricting: while a request is assessed, the words of a conversation or of one author are for administrators alone.

A conversation is marked, and leaves the search; lists, pages, mails and answers ask for the mark. An author's mark is
kept like that of an erased one (core.suppression), so that what they write meanwhile is restricted from the start.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update

from healthberry.core import channels, conversations, erasing, events, holds, sending, summaries, suppression
from healthberry.core.errors import Invalid, NotFound
from healthberry.core.permissions import require
from healthberry.core.reading_rights import REQUEST
from healthberry.core.suppression import Name
from healthberry.extensions import db
from healthberry.models.channels import Author, Channel
from healthberry.models.conversations import Conversation, Message, SearchText
from healthberry.models.keeping import Erasure, Restriction
from healthberry.models.organisations import Member
from healthberry.models.owned import now
from healthberry.models.replies import Reply

_STOPPED = "This was restricted before your reply went out."


def restrict(member: Member, conversation_id: UUID, who: UUID | None, reason: str) -> Restriction:
    """Restrict a conversation; with `who` (core.erasing.writers), all that its author wrote. Again: the one that lasts.

    Replies that did not leave yet go back to their writers. Raises: NotAllowed, NotFound, Invalid.
    """
    require(member, "manage")
    conversation = conversations.find(member, conversation_id)
    channel = channels.find(member.organisation_id, conversation.channel_id, lock=True)
    author_id = _author(member, conversation_id, who) if who else None
    requests = [one for one in of_conversation(member, conversation_id) if one.kind == REQUEST]
    lasting = next((one for one in requests if one.author_id == author_id), None)
    if lasting is not None:
        return lasting
    made = Restriction(
        organisation_id=member.organisation_id,
        channel_id=channel.id,
        conversation_id=conversation.id,
        author_id=author_id,
        member_id=member.id,
        member_name=member.name,
        reason=holds.checked(reason),
    )
    db.session.add(made)
    db.session.flush()
    if name := _name(made):
        suppression.add(channel, [name], "restricted")
    settle(made, "restricted", member)
    return made


def lift(member: Member, restriction_id: UUID) -> Restriction:
    """Show again what a restriction hid, as far as no other one does; again: nothing. Raises: NotFound, NotAllowed."""
    found = find(member, restriction_id)
    if found.lifted_at is None:
        _end(found, member.name, member)
    return found


def find(member: Member, restriction_id: UUID) -> Restriction:
    """Return a restriction, also one that is over. Raises: NotFound, NotAllowed."""
    found = db.session.get(Restriction, (member.organisation_id, restriction_id))
    if found is None:
        raise NotFound
    require(member, "manage")
    return found


def end_erased(erasure: Erasure, author_id: UUID) -> None:
    """End the restrictions that a request to erase has settled: the author's, and the one on its conversation."""
    here = and_(
        Restriction.author_id.is_(None),
        Restriction.conversation_id == erasure.conversation_id,
        Restriction.kind == REQUEST,
    )
    settled = select(Restriction).where(
        Restriction.organisation_id == erasure.organisation_id,
        Restriction.lifted_at.is_(None),
        or_(Restriction.author_id == author_id, here),
    )
    for found in db.session.scalars(settled).all():
        _end(found, erasure.member_name, None)


def of_conversation(member: Member, conversation_id: UUID) -> Sequence[Restriction]:
    """Return the restrictions that last on a conversation: its own, and its authors'. Raises: NotAllowed."""
    require(member, "manage")
    wrote = select(Message.author_id).where(
        Message.organisation_id == member.organisation_id, Message.conversation_id == conversation_id
    )
    here = or_(Restriction.conversation_id == conversation_id, Restriction.author_id.in_(wrote))
    return listed(member, here)


def at_writers(member: Member, writers: Collection[tuple[UUID, UUID | None]]) -> Sequence[Restriction]:
    """Return what lasts, for requests, on any of these writers, each given as conversation and author (None: unknown).

    Raises: NotAllowed.
    """
    places = [one for one, _ in writers]
    authors = [author for _, author in writers if author is not None]
    whole = and_(Restriction.author_id.is_(None), Restriction.conversation_id.in_(places))
    return listed(member, Restriction.kind == REQUEST, or_(whole, Restriction.author_id.in_(authors)))


def listed(member: Member, *which: ColumnElement[bool]) -> Sequence[Restriction]:
    """Return the restrictions that last, the oldest first. Raises: NotAllowed."""
    require(member, "manage")
    mine = (Restriction.organisation_id == member.organisation_id, Restriction.lifted_at.is_(None))
    return db.session.scalars(select(Restriction).where(*mine, *which).order_by(Restriction.since)).all()


def follow(channel: Channel, threads: Collection[str]) -> None:
    """Restrict the conversations of these threads: somebody wrote there whose words are restricted."""
    if threads:
        here = (Conversation.organisation_id == channel.organisation_id, Conversation.channel_id == channel.id)
        fresh = update(Conversation).where(*here, Conversation.remote_thread_id.in_(threads))
        _run(fresh.where(~Conversation.restricted).values(restricted=True))


def _author(member: Member, conversation_id: UUID, who: UUID) -> UUID:
    found = next((one for one in erasing.writers(member, conversation_id) if one.id == who), None)
    if found is None or found.author_id is None:
        raise Invalid("The channel does not say who wrote it. Restrict this conversation instead.", "who")
    return found.author_id


def _name(restriction: Restriction) -> Name | None:
    key = (restriction.organisation_id, restriction.author_id)
    author = db.session.get(Author, key) if restriction.author_id else None
    return Name("author", author.remote_id) if author is not None and author.remote_id else None


def _end(found: Restriction, by: str, member: Member | None) -> None:
    channel = channels.find(found.organisation_id, found.channel_id, lock=True)
    found.lifted_at, found.lifted_by = now(), by
    db.session.flush()
    others = (Restriction.organisation_id == found.organisation_id, Restriction.author_id == found.author_id)
    if (name := _name(found)) and db.session.scalar(select(~exists().where(*others, Restriction.lifted_at.is_(None)))):
        suppression.remove(channel, [name], "restricted")
    settle(found, "restriction_lifted", member)


def settle(restriction: Restriction, kind: str, member: Member | None) -> None:
    """Bring the marks of the conversations in line with the restrictions that last, and the search with the marks."""
    org = restriction.organisation_id
    theirs = select(Message.conversation_id).where(
        Message.organisation_id == org, Message.author_id == restriction.author_id
    )
    here = or_(Conversation.id == restriction.conversation_id, Conversation.id.in_(theirs))
    marked = update(Conversation).where(Conversation.organisation_id == org, here, Conversation.restricted != _wanted())
    values = {"restricted": ~Conversation.restricted, "version": Conversation.version + 1}
    changed = marked.values(**values).returning(Conversation.id, Conversation.restricted)
    rows = db.session.execute(changed.execution_options(synchronize_session=False)).all()
    hidden = [row.id for row in rows if row.restricted]
    _run(delete(SearchText).where(SearchText.organisation_id == org, SearchText.conversation_id.in_(hidden)))
    summaries.index(org, [row.id for row in rows if not row.restricted])
    _stop_replies(org, hidden)
    for row in rows:
        summaries.forget_loaded(org, row.id)
    about = {*(row.id for row in rows), restriction.conversation_id}
    for one in sorted(about):
        events.record(
            org,
            kind,
            conversation_id=one,
            channel_id=restriction.channel_id,
            member=member,
            restriction_id=str(restriction.id),
            why=restriction.kind,
        )


def _wanted() -> ColumnElement[bool]:
    """Return whether a conversation has to be restricted by what lasts."""
    lasting = and_(
        Restriction.organisation_id == Conversation.organisation_id,
        Restriction.channel_id == Conversation.channel_id,
        Restriction.lifted_at.is_(None),
    )
    # Two selects deep, what belongs to the outer ones has to be named.
    wrote = (
        select(Message.id)
        .where(
            Message.organisation_id == Conversation.organisation_id,
            Message.conversation_id == Conversation.id,
            Message.author_id == Restriction.author_id,
        )
        .correlate(Conversation, Restriction)
        .exists()
    )
    return exists().where(lasting, or_(Restriction.conversation_id == Conversation.id, wrote))


def _stop_replies(organisation_id: UUID, ids: Collection[UUID]) -> None:
    waiting = select(Reply).where(Reply.organisation_id == organisation_id, Reply.conversation_id.in_(ids))
    for reply in db.session.scalars(waiting.where(Reply.state.in_(("queued", "written", "copied"))).with_for_update()):
        sending.mark_failed(reply, _STOPPED)


def _run(statement: Any) -> None:
    db.session.execute(statement.execution_options(synchronize_session=False))
