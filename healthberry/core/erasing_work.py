"""What a worker does with a request to erase: the author's conversations part by part, then what names them elsewhere.

In each part the channel's row is held, so that no page is stored meanwhile, and the ids are suppressed in the same
transaction that forgets the words. Again: nothing is left, and nothing changes.
"""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, delete, exists, literal, or_, select, text, update

from healthberry.core import (
    channels,
    copies,
    erasing_leftovers,
    events,
    restricting,
    summaries,
    suppression,
    tombstones,
)
from healthberry.core.suppression import Name
from healthberry.extensions import db
from healthberry.models.activities import Activity, Note
from healthberry.models.channels import Author, Channel
from healthberry.models.conversations import Conversation, CopyPrint, Message
from healthberry.models.keeping import Erasure
from healthberry.models.owned import now
from healthberry.models.replies import Draft, OutboxMail, Reply

AT_ONCE = 50  # conversations
_CLAIM = timedelta(minutes=2)
_UNSENT = ("failed", "written", "copied", "cancelled")
_ERASED = "What it was about was erased on request."


def claim(organisation_id: UUID, erasure_id: UUID) -> bool:
    """Become the one who goes on with it; False when it is done, or somebody else is at it. Commit after it."""
    erasure = _locked(organisation_id, erasure_id)
    if erasure is None or erasure.next_at is None or erasure.next_at > now():
        return False
    erasure.next_at = now() + _CLAIM
    return True


def put_back(organisation_id: UUID, erasure_id: UUID) -> None:
    """Let another worker go on with it at once."""
    erasure = _locked(organisation_id, erasure_id)
    if erasure is not None and erasure.next_at is not None:
        erasure.next_at = now()


def erase_part(organisation_id: UUID, erasure_id: UUID) -> bool:
    """Erase what the author wrote in their next conversations; return whether there may be more."""
    erasure = _locked(organisation_id, erasure_id)
    if erasure is None or erasure.next_at is None:
        return False
    channel = channels.find(organisation_id, erasure.channel_id, lock=True)
    ids = _next_conversations(erasure)
    if not ids:
        _finish(erasure, channel)
        return False
    erasure.next_at = now() + _CLAIM
    counts = Counter(erasure.counts)
    counts["conversations"] += len(ids)
    _forget_messages(erasure, channel, ids, counts)
    _forget_around(erasure, ids, counts)
    summaries.refresh(organisation_id, ids)
    copies.promote(organisation_id, ids)
    _forget_conversations(channel, ids, counts)
    for conversation_id in sorted(ids):
        events.record(organisation_id, "words_erased", conversation_id=conversation_id, channel_id=channel.id)
    erasure.counts = dict(counts)
    return True


def _next_conversations(erasure: Erasure) -> set[UUID]:
    statement = select(Message.conversation_id).where(*_theirs(erasure)).distinct().limit(AT_ONCE)
    return set(db.session.scalars(statement)) if erasure.author_id else set()


def _theirs(erasure: Erasure) -> tuple[ColumnElement[bool], ...]:
    mine = (Message.organisation_id == erasure.organisation_id, Message.author_id == erasure.author_id)
    return (*mine, Message.direction != "outbound", Message.withdrawn_at.is_(None))


def _forget_messages(erasure: Erasure, channel: Channel, ids: Collection[UUID], counts: Counter[str]) -> None:
    """Forget their words, and what others' messages repeat of them."""
    org = erasure.organisation_id
    here = and_(Message.organisation_id == org, Message.conversation_id.in_(ids))
    wanted = or_(and_(*_theirs(erasure)), _unsigned(channel, erasure), _answers(erasure))
    columns = (Message.id, Message.remote_id, Message.also_id, Message.title, Message.direction, Message.attachments)
    gone = db.session.execute(select(*columns).where(here, wanted, Message.withdrawn_at.is_(None))).all()
    theirs = [row for row in gone if row.direction != "outbound"]
    counts["messages"] += len(theirs)
    counts["answers"] += len(gone) - len(theirs)
    counts["files"] += sum(len(row.attachments) for row in gone)
    tombstones.forget_words(org, Message.id.in_([row.id for row in gone]))
    bare = {"url": None, "source": {"erased": True}, "in_reply_to": None, "may_not_reply": None, "also_id": None}
    _run(update(Message).where(Message.organisation_id == org, Message.id.in_([row.id for row in gone])).values(**bare))
    _suppress(channel, gone)
    _rename(channel, ids, theirs)
    titles = {row.title for row in theirs if row.title}
    _run(update(Message).where(here, Message.title.in_(titles)).values(title=""))
    bare_source = Message.source.op("-")(literal("quoted", Text))
    _run(update(Message).where(here, Message.source.has_key("quoted")).values(source=bare_source))


def _unsigned(channel: Channel, erasure: Erasure) -> ColumnElement[bool]:
    """In a private thread, what nobody signed (an answer came back) speaks of them, by their address."""
    if not channels.capabilities_of(channel.kind).private:
        return Message.id.is_(None)
    return and_(Message.author_id.is_(None), Message.direction == "inbound")


def _answers(erasure: Erasure) -> ColumnElement[bool]:
    return Message.direction == "outbound" if erasure.wanted.get("answers") else Message.id.is_(None)


def _suppress(channel: Channel, gone: Sequence[Any]) -> None:
    ids = {one for row in gone for one in (row.remote_id, row.also_id) if one}
    suppression.add(channel, [Name("item", one) for one in ids])
    erasing_leftovers.forget_raw(channel, ids)


def _rename(channel: Channel, ids: Collection[UUID], theirs: Sequence[Any]) -> None:
    """Let nothing stand under the source's ids, which may hold a name or an address."""
    rows = [
        {"id": str(row.id), "old": row.remote_id, "new": suppression.renamed(channel, "item", row.remote_id)}
        for row in theirs
    ]
    values = {"org": channel.organisation_id, "ids": list(ids), "rows": json.dumps(rows)}
    for statement in (_RENAME, _RENAME_ANSWERED):
        db.session.execute(statement, values)


_RENAME = text("""
UPDATE messages m SET remote_id = given.new
  FROM json_to_recordset(CAST(:rows AS json)) AS given (id uuid, old text, new text)
 WHERE m.organisation_id = :org AND m.id = given.id
""")
_RENAME_ANSWERED = text("""
UPDATE messages m SET in_reply_to = given.new
  FROM json_to_recordset(CAST(:rows AS json)) AS given (id uuid, old text, new text)
 WHERE m.organisation_id = :org AND m.conversation_id = ANY(:ids) AND m.in_reply_to = given.old
""")


def _forget_around(erasure: Erasure, ids: Collection[UUID], counts: Counter[str]) -> None:
    """Forget drafts, replies that did not go out, reasons, and, where wanted, notes and texts of replies that did."""
    org = erasure.organisation_id
    counts["drafts"] += _run(delete(Draft).where(Draft.organisation_id == org, Draft.conversation_id.in_(ids)))
    mine = update(Reply).where(Reply.organisation_id == org, Reply.conversation_id.in_(ids))
    unsent = mine.where(Reply.state.in_(_UNSENT), or_(Reply.text != "", Reply.state != "cancelled"))
    counts["drafts"] += _run(unsent.values(text="", state="cancelled", url=None))
    # One that moderators hold is out as far as we are concerned: it must not come back as a draft.
    _run(mine.where(Reply.state == "sent", Reply.pending).values(pending=False))
    if erasure.wanted.get("answers"):
        _run(mine.where(Reply.state == "sent").values(text="", url=None))
    # That something was let stand in a public reply stays known; the reason, in a colleague's words, may speak of them.
    let_stand = (Activity.conversation_id.in_(ids), Activity.kind == "guard_overridden")
    unreasoned = Activity.details.op("-")(literal("reason", Text))
    _run(update(Activity).where(Activity.organisation_id == org, *let_stand).values(details=unreasoned))
    if erasure.wanted.get("notes"):
        counts["notes"] += _run(delete(Note).where(Note.organisation_id == org, Note.conversation_id.in_(ids)))


def _forget_conversations(channel: Channel, ids: Collection[UUID], counts: Counter[str]) -> None:
    """Where the opening was theirs: forget what the conversation says of it, and alerts that were still to go out.

    The thread's own id goes too, unless others still talk there: an answer to them needs it.
    """
    org = channel.organisation_id
    mine = and_(Conversation.organisation_id == org, Conversation.id.in_(ids), Conversation.withdrawn)
    others = exists().where(
        Message.organisation_id == org,
        Message.conversation_id == Conversation.id,
        Message.direction != "outbound",
        Message.withdrawn_at.is_(None),
    )
    rows = db.session.execute(select(Conversation.id, Conversation.remote_thread_id, others).where(mine)).all()
    suppression.add(channel, [Name("thread", row.remote_thread_id) for row in rows if not row[2]])
    for row in rows:
        bare: dict[str, Any] = {"url": None, "syndication_key": None, "author_role": None, "erased_at": now()}
        if not row[2]:
            bare["remote_thread_id"] = suppression.renamed(channel, "thread", row.remote_thread_id)
        _run(update(Conversation).where(Conversation.organisation_id == org, Conversation.id == row.id).values(**bare))
    opened = [row.id for row in rows]
    _run(delete(CopyPrint).where(CopyPrint.organisation_id == org, CopyPrint.conversation_id.in_(opened)))
    waiting = update(OutboxMail).where(OutboxMail.organisation_id == org, OutboxMail.conversation_id.in_(opened))
    counts["mails"] += _run(waiting.where(OutboxMail.state == "queued").values(state="skipped", reason=_ERASED))
    for conversation_id in opened:
        summaries.forget_loaded(org, conversation_id)


def _finish(erasure: Erasure, channel: Channel) -> None:
    """Forget the author themselves, and what is raw of them."""
    counts = Counter(erasure.counts)
    key = (erasure.organisation_id, erasure.author_id)
    author = db.session.get(Author, key) if erasure.author_id else None
    if author is not None:
        counts.update(erasing_leftovers.forget_author(channel, author))
        restricting.end_erased(erasure, author.id)
        db.session.delete(author)
    erasure.counts, erasure.author_id = {name: count for name, count in counts.items() if count}, None
    erasure.next_at, erasure.finished_at = None, now()
    db.session.flush()
    org, about = erasure.organisation_id, str(erasure.id)
    events.record(org, "erasure_finished", channel_id=channel.id, subject_id=erasure.id, erasure_id=about)


def _run(statement: Any) -> int:
    done: Any = db.session.execute(statement.execution_options(synchronize_session=False))
    return int(done.rowcount)


def _locked(organisation_id: UUID, erasure_id: UUID) -> Erasure | None:
    return db.session.get(Erasure, (organisation_id, erasure_id), with_for_update=True, populate_existing=True)
