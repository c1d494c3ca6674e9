"""What a job does to a reply: takes it, and notes what became of it."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from healthberry.connectors.base import Reply as OutgoingReply
from healthberry.connectors.base import SentReply
from healthberry.core import answering, claims, conversations, drafts, events, summaries
from healthberry.extensions import db
from healthberry.models.conversations import Conversation, Message
from healthberry.models.organisations import Member
from healthberry.models.owned import new_id, now
from healthberry.models.replies import Reply

_CLAIM = timedelta(seconds=90)
_SETTLE = timedelta(seconds=60)  # a search index may lag: absence counts only after this
_LOOK_AGAIN = timedelta(seconds=15)
_GIVE_UP = timedelta(hours=24)
_STOP_LOOKING = timedelta(days=30)
_HELD_AT_MOST = timedelta(days=14)
_PAUSES = (5, 15, 60, 300, 900)
_TODO = {"queued": "send", "sending": "find", "unknown": "find", "written": "confirm", "copied": "confirm"}
_HELD_UP = "Something went wrong on our side. Your reply is kept, and whoever runs HealthBerry can send it on its way."
_FROZEN = (
    "This did not go out: who acts for the organisation was questioned before it was sent, and that is not decided yet."
)
_NOT_SHOWN = (
    "The site took this reply, but never showed it: its moderators may have refused it."
    " Look there before you try again."
)


def claim(organisation_id: UUID, reply_id: UUID) -> tuple[Reply, str] | None:
    """Take the reply before the provider is called; return it and what to do: "send", "find", "confirm" or "settle".

    None when there is nothing to do, another worker has it, or its author waits for the decision of a dispute: then it
    fails, for what is published can't be taken back. What was being sent when its worker died is looked for
    first; what moderators held is looked for until it shows.
    """
    reply = db.session.get(Reply, (organisation_id, reply_id), with_for_update=True)
    if reply is None or reply.next_attempt_at > now():
        return None
    todo = "settle" if reply.pending else _TODO.get(reply.state)
    if todo is None:
        return None
    if todo == "send" and claims.are_frozen(organisation_id, reply.member_id):
        mark_failed(reply, _FROZEN)
        return None
    reply.next_attempt_at = now() + _CLAIM
    if todo == "send":
        reply.state, reply.attempted_at = "sending", now()
        reply.attempts += 1
        _changed(reply, "reply_sending")
    return reply, todo


def outgoing(reply: Reply) -> OutgoingReply:
    """Return the reply as a connector takes it."""
    conversation = db.session.get_one(Conversation, (reply.organisation_id, reply.conversation_id))
    target = db.session.get_one(Message, (reply.organisation_id, reply.target_id))
    member = db.session.get(Member, (reply.organisation_id, reply.member_id)) if reply.member_id else None
    return OutgoingReply(
        key=reply.key,
        text=reply.text,
        target=answering.facts_of(target, conversation),
        author_name=reply.member_name,
        author_email=member.email if member else "",
        attempted_at=reply.attempted_at,
        queued_at=reply.queued_at,
        way=reply.way,
    )


def mark_sent(reply: Reply, sent: SentReply) -> None:
    """Note that it is out: a message of its own in the thread, the conversation closed as answered."""
    reply.state, reply.pending, reply.reason = "sent", sent.state == "pending", ""
    reply.remote_id, reply.url, reply.sent_at = sent.remote_id, sent.url, now()
    reply.next_attempt_at = now() + _LOOK_AGAIN
    conversation = db.session.get_one(
        Conversation, (reply.organisation_id, reply.conversation_id), with_for_update={"key_share": True}
    )
    _write_message(reply, conversation, sent)
    summaries.refresh(reply.organisation_id, [conversation.id])
    conversations.close_answered(conversation)
    _changed(reply, "replied")


def settle(reply: Reply, found: SentReply | None) -> None:
    """Note what became of a reply that moderators held: it shows, it is held still, or it never came."""
    if found is not None and found.state == "live":
        reply.pending, reply.url = False, found.url or reply.url
        _changed(reply, "reply_shown")
    elif found is None and now() - (reply.sent_at or reply.queued_at) > _HELD_AT_MOST:
        _unwrite_message(reply)
        mark_failed(reply, _NOT_SHOWN)
    else:
        reply.next_attempt_at = now() + _pause_after(now() - (reply.sent_at or reply.queued_at))


def mark_refused(reply: Reply, reason: str) -> None:
    """Note that the site's moderators refused what they had held: it leaves the thread, its text comes back."""
    if reply.pending:
        _unwrite_message(reply)
    mark_failed(reply, reason)


def mark_gone(reply: Reply, reason: str) -> None:
    """Note that what it answers is no longer there. One that was published is gone with it: nothing is left to do."""
    if reply.pending:
        reply.pending = False
        _changed(reply, "reply_gone")
    else:
        mark_failed(reply, reason)


def mark_unknown(reply: Reply) -> None:
    """Note that nobody answered: it may be out. It is looked for before anything else happens."""
    reply.state, reply.next_attempt_at = "unknown", now() + _LOOK_AGAIN
    reply.reason = ""
    _changed(reply, "reply_unknown")


def mark_failed(reply: Reply, reason: str) -> None:
    """Note why it can't go out, and put the text back where it was written, unless other words stand there by now."""
    reply.state, reply.reason, reply.pending = "failed", reason, False
    if reply.member_id is not None:
        drafts.put_back(
            reply.organisation_id, reply.member_id, reply.conversation_id, reply.text, reply.version, reply.way
        )
    _changed(reply, "reply_failed")


def retry_later(reply: Reply, reason: str, retry_after: float | None = None) -> None:
    """Put it back on the queue for a later attempt: it certainly did not go out."""
    pause = retry_after or _PAUSES[min(reply.attempts, len(_PAUSES) - 1)]
    reply.state, reply.reason = "queued", reason
    reply.next_attempt_at = now() + timedelta(seconds=pause)
    _changed(reply, "reply_delayed")


def send_now(reply: Reply) -> None:
    """Put it back on the queue for the next worker: it certainly did not go out, and what stood in the way is gone."""
    reply.state, reply.reason, reply.next_attempt_at = "queued", "", now()


def not_found(reply: Reply) -> bool:
    """Note that the site does not show it; say whether it is certain enough now to send it again."""
    attempted_at = reply.attempted_at or reply.queued_at
    if now() - attempted_at > _SETTLE:
        reply.state, reply.next_attempt_at = "queued", now()
        return True
    reply.next_attempt_at = now() + _LOOK_AGAIN
    return False


def look_later(reply: Reply, reason: str = "") -> None:
    """Look again later: soon at first, ever more rarely after; a day for what was sent, a month for what was copied.

    `reason` says to people what stands in the way of looking.
    """
    since = now() - (reply.attempted_at or reply.queued_at)
    if since > (_GIVE_UP if reply.state in ("sending", "unknown") else _STOP_LOOKING):
        mark_failed(reply, "We could not find your reply on the site. Check there before you publish it again.")
        return
    reply.next_attempt_at = now() + _pause_after(since)
    if reply.reason != reason:
        reply.reason = reason
        _changed(reply, "reply_delayed")


def held_up(organisation_id: UUID, reply_id: UUID) -> None:
    """Say to people that a reply waits because something is wrong with us, and that nothing of it is lost."""
    reply = db.session.get(Reply, (organisation_id, reply_id))
    if reply is not None and reply.state in _TODO:
        reply.reason = _HELD_UP
        _changed(reply, "reply_delayed")


def _pause_after(since: timedelta) -> timedelta:
    return min(max(since / 4, timedelta(seconds=5)), timedelta(minutes=15))


def _write_message(reply: Reply, conversation: Conversation, sent: SentReply) -> None:
    row = {
        "organisation_id": reply.organisation_id,
        "id": new_id(),
        "conversation_id": conversation.id,
        "channel_id": conversation.channel_id,
        "remote_id": sent.remote_id,
        "direction": "outbound",
        "member_id": reply.member_id,
        "screen_name": reply.member_name,
        "title": "",
        "text": reply.text,
        "ratings": [],
        "attachments": [],
        "source": {"private": True} if sent.private or _answers_private(reply) else {},
        "url": sent.url,
        "historic": False,
        "posted_at": now(),
        "received_at": now(),
    }
    # The poll may have seen it on the site before its sender's answer was noted: then it gets its writer's name here.
    # Where a site keeps one answer and took this in its place, these words stand there now.
    named = {"member_id": row["member_id"], "screen_name": row["screen_name"], "direction": "outbound"}
    replaced = {"text": row["text"], "url": row["url"], "posted_at": row["posted_at"], "withdrawn_at": None}
    statement = insert(Message).values(row)
    statement = statement.on_conflict_do_update(
        index_elements=["organisation_id", "channel_id", "remote_id"],
        set_=named | replaced if reply.mode == "api" else named,
    )
    db.session.execute(statement)


def _answers_private(reply: Reply) -> bool:
    target = db.session.get_one(Message, (reply.organisation_id, reply.target_id))
    return target.source.get("private") is True


def _unwrite_message(reply: Reply) -> None:
    """Take out of the thread what never showed on the site, and open the conversation that it had closed."""
    here = (Message.organisation_id == reply.organisation_id, Message.conversation_id == reply.conversation_id)
    db.session.execute(delete(Message).where(*here, Message.remote_id == reply.remote_id))
    summaries.refresh(reply.organisation_id, [reply.conversation_id])
    conversation = db.session.get_one(Conversation, (reply.organisation_id, reply.conversation_id))
    conversation.status, conversation.closed_reason = "open", None
    reply.version = conversation.version


def _changed(reply: Reply, kind: str) -> None:
    member = db.session.get(Member, (reply.organisation_id, reply.member_id)) if reply.member_id else None
    events.record(
        reply.organisation_id, kind, conversation_id=reply.conversation_id, subject_id=reply.id, member=member
    )
