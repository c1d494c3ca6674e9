"""Drafts: what one member is writing, kept on the server while they type."""

from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from healthberry.core import conversations
from healthberry.core.errors import Invalid
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.organisations import Member
from healthberry.models.owned import new_id, now
from healthberry.models.replies import Draft

LONGEST = 50_000
LONGEST_WAY = 50


def find(member: Member, conversation_id: UUID) -> Draft | None:
    """Return the member's own draft in this conversation; nobody sees another one's."""
    statement = select(Draft).where(
        Draft.organisation_id == member.organisation_id,
        Draft.conversation_id == conversation_id,
        Draft.member_id == member.id,
    )
    return db.session.scalar(statement)


def save(member: Member, conversation_id: UUID, text: str, version: int, way: str = "") -> Draft | None:
    """Keep `text`, replacing what was there; an empty text leaves no draft. Raises: NotFound, NotAllowed, Invalid.

    `version` is the conversation's that the member is looking at, `way` how they mean to answer.
    """
    require(member, "draft")
    conversation = conversations.readable(member, conversation_id)
    words = text.replace("\x00", "")
    if len(words) > LONGEST:
        raise Invalid(f"That is too long to keep: {len(words):,} characters, at most {LONGEST:,}.", "text")
    if not words.strip() or conversation.erased_at is not None:  # a composer still open may quote what was erased
        drop(member, conversation_id)
        return None
    return put(member.organisation_id, member.id, conversation.id, words, version, way)


def put(organisation_id: UUID, member_id: UUID, conversation_id: UUID, text: str, version: int, way: str = "") -> Draft:
    """Write the draft row, whoever asks: after a failed reply its text comes back here."""
    row = {
        "organisation_id": organisation_id,
        "id": new_id(),
        "conversation_id": conversation_id,
        "member_id": member_id,
        "text": text,
        "way": way.replace("\x00", "")[:LONGEST_WAY],
        "version": version,
        "saved_at": now(),
    }
    changed = {name: row[name] for name in ("text", "way", "version", "saved_at")}
    statement = (
        insert(Draft)
        .values(row)
        .on_conflict_do_update(index_elements=["organisation_id", "conversation_id", "member_id"], set_=changed)
        .returning(Draft)
        .execution_options(populate_existing=True)
    )
    return db.session.scalars(statement).one()


def put_back(
    organisation_id: UUID, member_id: UUID, conversation_id: UUID, text: str, version: int, way: str = ""
) -> None:
    """Let the text of a reply that did not go out be the draft again, unless its writer has begun another one."""
    here = (Draft.organisation_id == organisation_id, Draft.conversation_id == conversation_id)
    begun = db.session.scalar(select(Draft.text).where(*here, Draft.member_id == member_id))
    if not (begun or "").strip():
        put(organisation_id, member_id, conversation_id, text, version, way)


def drop(member: Member, conversation_id: UUID, *, only: str | None = None) -> None:
    """Throw the member's draft away; with `only`, where it says just that: other words stay."""
    statement = delete(Draft).where(
        Draft.organisation_id == member.organisation_id,
        Draft.conversation_id == conversation_id,
        Draft.member_id == member.id,
    )
    if only is not None:
        statement = statement.where(func.btrim(Draft.text, " \n\t") == only.strip())
    db.session.execute(statement)
