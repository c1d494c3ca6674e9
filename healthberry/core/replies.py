"""Replies: written once, sent once, and never silently lost.

By API: queued → sending → sent | failed | unknown; an unknown outcome is looked up before any second attempt.
Assisted: written → copied → sent, when the site shows it. One reply at a time is on its way in a conversation.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from healthberry.connectors.base import ReplyPermission
from healthberry.core import conversations, drafts, events, guarded, reading_rights
from healthberry.core.answering import count, held, permission, target_of
from healthberry.core.channels import capabilities_of
from healthberry.core.channels import find as find_channel
from healthberry.core.errors import Conflict, Invalid, NotAllowed, NotFound
from healthberry.core.guarded import LetStand
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Message
from healthberry.models.organisations import Member
from healthberry.models.owned import new_id, now
from healthberry.models.replies import Reply

UNDERWAY = ("queued", "sending", "unknown", "written", "copied")
_BEGINNING = {"api": "queued", "assisted": "written"}
_UNITS = {"bytes": "bytes (some letters take two, emoji four)"}
_MOVED_ON = "Something new came in while you were writing. Read it before you publish."


def in_progress(organisation_id: UUID, conversation_id: UUID) -> Reply | None:
    """Return the newest reply that is on its way or failed; None when the last one went out or was taken back."""
    statement = (
        select(Reply)
        .where(Reply.organisation_id == organisation_id, Reply.conversation_id == conversation_id)
        .order_by(Reply.queued_at.desc())
        .limit(1)
    )
    reply = db.session.scalar(statement)
    if reply is None or not (reply.state in (*UNDERWAY, "failed") or reply.pending):
        return None
    return None if reply.state == "failed" and answer_since(reply) else reply


def answer_since(reply: Reply) -> Message | None:
    """Return the organisation's newest answer that came in from elsewhere since this one was written."""
    statement = (
        select(Message)
        .where(
            Message.organisation_id == reply.organisation_id,
            Message.conversation_id == reply.conversation_id,
            Message.direction == "outbound",
            Message.member_id.is_(None),
            Message.withdrawn_at.is_(None),
            Message.received_at > reply.queued_at,
        )
        .order_by(Message.received_at.desc(), Message.id.desc())
        .limit(1)
    )
    return db.session.scalar(statement)


def queue_reply(
    member: Member,
    conversation_id: UUID,
    text: str,
    version: int,
    way: str = "",
    let_stand: LetStand | None = None,
) -> Reply:
    """Put a reply on its way. `version` is the conversation's that it was written against.

    `way` is one of those that the channel offers for this message, "" for the usual one; `let_stand` is why it is to be
    published although something was found in it.

    Raises: NotFound; NotAllowed with the next step; Conflict when the thread moved on, another reply is on its way, or
    the channel is not read at present (what was said there since is not known); Invalid for an empty or too long text,
    and for a way that is not open (any more); Guarded where something in it should not be public.
    """
    require(member, "publish")
    conversation = conversations.find(member, conversation_id, lock=True)
    reading_rights.require(member, conversation)
    if conversation.version != version:
        raise Conflict(_MOVED_ON)
    channel = find_channel(member.organisation_id, conversation.channel_id)
    target = target_of(member.organisation_id, conversation_id)
    allowed = permission(channel, conversation, target)
    if target is None or allowed.mode == "none":
        raise NotAllowed(allowed.reason)
    _is_read(channel, allowed)
    chosen, words = _way(allowed, way), _checked(channel, text)
    kinds = guarded.check(member, channel, allowed, words, chosen, let_stand)
    reply = Reply(
        organisation_id=member.organisation_id,
        id=new_id(),
        conversation_id=conversation.id,
        target_id=target.id,
        member_id=member.id,
        member_name=member.name,
        mode=allowed.mode,
        text=words,
        way=chosen,
        version=version,
        let_stand=kinds,
        state=_BEGINNING[allowed.mode],
    )
    reply.key = str(reply.id)
    _only_one(reply)
    drafts.drop(member, conversation_id)
    guarded.note(member, reply, let_stand)
    _changed(reply, "reply_queued" if reply.mode == "api" else "reply_written", member)
    return reply


def find(member: Member, reply_id: UUID) -> Reply:
    """Return the reply. Raises: NotFound; NotAllowed where its conversation is restricted, and not for them."""
    reply = db.session.get(Reply, (member.organisation_id, reply_id))
    if reply is None:
        raise NotFound
    conversations.readable(member, reply.conversation_id)
    return reply


def retry(member: Member, reply_id: UUID) -> Reply:
    """Send a failed reply again, as it is; a draft with other words stays.

    Raises: NotFound; NotAllowed; Conflict when it is not waiting for that, the thread moved on since it was written, or
    the channel is not read at present; Invalid when the way that it was to take is no longer open; Guarded where
    something in it should not be public that nobody let stand (it was written before replies were looked through).
    """
    require(member, "publish")
    reply = _find(member, reply_id)
    if reply.state != "failed":
        raise Conflict("This reply is not waiting for another try.")
    conversation = conversations.find(member, reply.conversation_id, lock=True)
    if conversation.version != reply.version:
        raise Conflict(_MOVED_ON)
    channel = find_channel(member.organisation_id, conversation.channel_id)
    allowed = permission(channel, conversation, target_of(member.organisation_id, conversation.id))
    if allowed.mode == "none":
        raise NotAllowed(allowed.reason)
    _is_read(channel, allowed)
    reply.way = _way(allowed, reply.way)
    guarded.check(member, channel, allowed, reply.text, reply.way, before=reply.let_stand)
    reply.mode, reply.state, reply.reason, reply.attempts = allowed.mode, _BEGINNING[allowed.mode], "", 0
    reply.next_attempt_at = reply.queued_at = now()
    reply.attempted_at = None
    _only_one(reply)
    drafts.drop(member, reply.conversation_id, only=reply.text)
    _changed(reply, "reply_queued" if reply.mode == "api" else "reply_written", member)
    return reply


def take_back(member: Member, reply_id: UUID) -> Reply:
    """Put the text of a failed, written or copied reply back into the member's draft, below other words in it.

    Raises: NotFound, NotAllowed, Conflict.
    """
    require(member, "publish")
    reply = _find(member, reply_id)
    if reply.state not in ("failed", "written", "copied"):
        raise Conflict("This reply is already on its way.")
    conversation = conversations.find(member, reply.conversation_id)
    reply.state = "cancelled"
    begun = drafts.find(member, conversation.id)
    words = reply.text
    if begun is not None and not reply.text.startswith(begun.text.strip()):
        words = f"{begun.text}\n\n{reply.text}"
    if begun is None or reply.text not in begun.text:
        drafts.put(member.organisation_id, member.id, conversation.id, words, conversation.version, reply.way)
    _changed(reply, "reply_taken_back", member)
    return reply


def mark_copied(member: Member, reply_id: UUID) -> Reply:
    """Note that the text was copied to the site; from now on we look for it there. Raises: NotFound, NotAllowed."""
    require(member, "publish")
    reply = _find(member, reply_id)
    if reply.state == "written":
        reply.state, reply.attempted_at, reply.next_attempt_at = "copied", now(), now()
        _changed(reply, "reply_copied", member)
    return reply


def confirm(member: Member, reply_id: UUID) -> Reply:
    """Let the answer that came in from the site be this reply: a person says that it is.

    Raises: NotFound, NotAllowed; Conflict where none came in or the reply is not waiting to be seen.
    """
    require(member, "publish")
    reply = _find(member, reply_id)
    seen = answer_since(reply)
    if reply.state not in ("written", "copied") or seen is None:
        raise Conflict("There is no answer on the site that this could be.")
    seen.member_id, seen.screen_name = reply.member_id, reply.member_name
    reply.state, reply.reason = "sent", ""
    reply.remote_id, reply.url, reply.sent_at = seen.remote_id, seen.url, now()
    conversations.close_answered(conversations.find(member, reply.conversation_id, lock=True))
    _changed(reply, "replied", member)
    return reply


def _is_read(channel: Channel, allowed: ReplyPermission) -> None:
    if why := held(channel, allowed):
        raise Conflict(why)


def _way(allowed: ReplyPermission, way: str) -> str:
    """Return the way to take. What was meant to be private must never go out the usual way instead."""
    names = [one.name for one in allowed.ways]
    if not way:
        return names[0] if names else ""
    if way not in names:
        raise Invalid("It can no longer be answered in this way. Choose again how to answer.", "way")
    return way


def _checked(channel: Channel, text: str) -> str:
    words = text.replace("\x00", "").replace("\r\n", "\n").strip()
    if not words:
        raise Invalid("Write your reply first.", "text")
    length, limit = count(channel, words)
    longest = limit or drafts.LONGEST
    if length > longest:
        rules = capabilities_of(channel.kind)
        units = _UNITS.get(rules.counting, "characters")
        raise Invalid(f"{rules.place} takes up to {longest:,} {units}. Take out {length - longest:,}.", "text")
    return words


def _find(member: Member, reply_id: UUID) -> Reply:
    reply = db.session.get(Reply, (member.organisation_id, reply_id), with_for_update=True)
    if reply is None:
        raise NotFound
    conversations.readable(member, reply.conversation_id)
    return reply


def _only_one(reply: Reply) -> None:
    db.session.add(reply)
    try:
        with db.session.begin_nested():
            db.session.flush()
    except IntegrityError as error:
        raise Conflict("A colleague's reply is already on its way.") from error


def _changed(reply: Reply, kind: str, member: Member) -> None:
    events.record(
        reply.organisation_id, kind, conversation_id=reply.conversation_id, subject_id=reply.id, member=member
    )
