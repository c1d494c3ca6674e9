"""A copy of what is held about one author, as one channel knows them, for whoever asked for it (UK GDPR, article 15).

Within one organisation, never across channels. What others wrote in the same conversation is theirs and stays out; so
does what the administrator may not read (core.reading_rights): it is counted, and they are told how to be let in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import undefer

from healthberry.core import data_matches, data_requests, details, holds, members, reading_rights, subject_traces
from healthberry.core.data_matches import Match
from healthberry.core.errors import Conflict
from healthberry.extensions import db
from healthberry.models.activities import Activity, Note
from healthberry.models.attachments import Attachment
from healthberry.models.channels import Author, Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.keeping import Restriction
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from healthberry.models.rights import DataRequest

MOST: Final = 10_000  # messages; whoever wrote more is answered in parts, by hand


@dataclass(frozen=True)
class SubjectCopy:
    """All that the file says; `left_out` counts conversations that the administrator may not read.

    `requests` are all that came from the same address, `elsewhere` what we take for the same words on another site, and
    `unsent` answers that were begun and did not go out; they come with the notes.
    """

    organisation: Organisation
    request: DataRequest
    made_at: datetime
    channel: Channel
    author: Author | None
    screen_name: str
    conversations: Sequence[Conversation]
    messages: Sequence[Message]
    answers: Sequence[Message]
    notes: Sequence[Note]
    history: Sequence[Activity]
    restrictions: Sequence[Restriction]
    files: Sequence[Attachment]
    requests: Sequence[DataRequest]
    elsewhere: Sequence[Conversation]
    unsent: Sequence[str]
    left_out: int

    def beside(self, message: Message) -> Sequence[tuple[str, str]]:
        """Return what the site says of a message beside its words."""
        return details.pairs(message.source)


def make(member: Member, request_id: UUID, who: str, reason: str, *, with_notes: bool) -> SubjectCopy:
    """Return the copy for a request, and write down who took it, why and how much.

    `who` is the key of a find (core.data_matches). Raises: NotFound, NotAllowed, Invalid; Conflict where it is too much
    for one file, or nothing of it may be read.
    """
    request = data_requests.find(member, request_id)
    words = holds.checked(reason)
    match = data_matches.chosen(member, request.about, who)
    made = _made(member, request, match, with_notes)
    data_requests.step(member, request, "data_copied", f"{words} ({len(made.messages):,} messages)"[:200])
    return made


def _made(member: Member, request: DataRequest, match: Match, with_notes: bool) -> SubjectCopy:
    theirs = _messages(member, match)
    if len(theirs) > MOST:
        raise Conflict(f"They wrote more than {MOST:,} messages: too much for one file.")
    readable, left_out = _readable(member, theirs)
    if not readable:
        raise Conflict("All of it is restricted. Give yourself permission to read it first: that is written down.")
    ids = list(readable)
    messages = [one for one in theirs if one.conversation_id in readable]
    org = member.organisation_id
    return SubjectCopy(
        organisation=members.organisation_of(member),
        request=request,
        made_at=now(),
        channel=match.channel,
        author=db.session.get(Author, (org, match.writer.author_id)) if match.writer.author_id else None,
        screen_name=messages[-1].screen_name,
        conversations=list(readable.values()),
        messages=messages,
        answers=_answers(org, ids, messages),
        notes=_of(Note, org, ids, Note.created_at) if with_notes else [],
        history=_of(Activity, org, ids, Activity.at),
        restrictions=_of(Restriction, org, ids, Restriction.since),
        files=_files(org, messages),
        requests=subject_traces.requests(request),
        elsewhere=subject_traces.elsewhere(member, list(readable.values())),
        unsent=subject_traces.unsent(org, ids) if with_notes else [],
        left_out=left_out,
    )


def _messages(member: Member, match: Match) -> Sequence[Message]:
    """Where the channel does not say who wrote it, only this conversation is known to be theirs."""
    mine = (Message.organisation_id == member.organisation_id, Message.direction == "inbound")
    if match.writer.author_id is None:
        theirs: Any = (Message.conversation_id == match.conversation_id, Message.author_id.is_(None))
        theirs = (*theirs, Message.screen_name == match.writer.screen_name)
    else:
        theirs = (Message.author_id == match.writer.author_id,)
    statement = select(Message).where(*mine, *theirs, Message.withdrawn_at.is_(None))
    return db.session.scalars(statement.order_by(Message.posted_at, Message.id).limit(MOST + 1)).all()


def _readable(member: Member, messages: Sequence[Message]) -> tuple[Mapping[UUID, Conversation], int]:
    ids = {one.conversation_id for one in messages}
    mine = (Conversation.organisation_id == member.organisation_id, Conversation.id.in_(ids))
    found = db.session.scalars(select(Conversation).where(*mine).order_by(Conversation.started_at)).all()
    readable = {one.id: one for one in found if reading_rights.may_read(member, one)}
    return readable, len(ids) - len(readable)


def _of(model: Any, organisation_id: UUID, ids: Sequence[UUID], order: Any, *which: Any) -> Sequence[Any]:
    mine = (model.organisation_id == organisation_id, model.conversation_id.in_(ids))
    return db.session.scalars(select(model).where(*mine, *which).order_by(order)).all()


def _answers(organisation_id: UUID, ids: Sequence[UUID], theirs: Sequence[Message]) -> Sequence[Message]:
    """Our answers to them: where others wrote in the same conversation too, those that answer theirs by its id."""
    ours = _of(Message, organisation_id, ids, Message.posted_at, Message.direction == "outbound")
    mine, known = {one.id for one in theirs}, {one.remote_id for one in theirs}
    inbound = _of(Message, organisation_id, ids, Message.posted_at, Message.direction == "inbound")
    shared = {one.conversation_id for one in inbound if one.id not in mine}
    return [one for one in ours if one.conversation_id not in shared or one.in_reply_to in known]


def _files(organisation_id: UUID, messages: Sequence[Message]) -> Sequence[Attachment]:
    ids = [one.id for one in messages]
    mine = (Attachment.organisation_id == organisation_id, Attachment.message_id.in_(ids))
    return db.session.scalars(
        select(Attachment).where(*mine).order_by(Attachment.id).options(undefer(Attachment.body))
    ).all()
