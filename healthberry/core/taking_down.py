"""Taking a reply down that said more than it should have: what a worker does on its site, and what goes from here.

A claim is a time until which nobody else tries.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import update

from healthberry.core import channels, events, holds, summaries, suppression, tombstones
from healthberry.core.suppression import Name
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.organisations import Member
from healthberry.models.owned import now
from healthberry.models.replies import Reply
from healthberry.models.rights import Disclosure

_CLAIM: Final = timedelta(minutes=2)
_PAUSES: Final = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))


def claim(organisation_id: UUID, disclosure_id: UUID) -> tuple[Disclosure, Message, Channel] | None:
    """Become the one who takes the reply down; None when it is done, or somebody else is at it. Commit after it."""
    found = db.session.get(Disclosure, (organisation_id, disclosure_id), with_for_update=True)
    if found is None or found.removal != "asked" or found.next_at is None or found.next_at > now():
        return None
    message = db.session.get(Message, (organisation_id, found.message_id))
    channel = db.session.get(Channel, (organisation_id, found.channel_id)) if found.channel_id else None
    if message is None or message.withdrawn_at is not None:
        removed(found, "", None)
        return None
    if channel is None or channel.state == "unlinked":
        by_hand(found, "The channel is not linked any more.")
        return None
    found.next_at, found.attempts = now() + _CLAIM, found.attempts + 1
    return found, message, channel


def settle(organisation_id: UUID, disclosure_id: UUID, trouble: str, *, again: bool) -> None:
    """Note how the try ended: "" where it is down, else why not, and whether to try `again`.

    Where somebody said meanwhile that it is gone, that stands.
    """
    key = (organisation_id, disclosure_id)
    disclosure = db.session.get(Disclosure, key, with_for_update=True, populate_existing=True)
    if disclosure is None or disclosure.removal != "asked":
        return
    if not trouble:
        withdrawn(disclosure)
    elif again:
        later(disclosure, trouble)
    else:
        by_hand(disclosure, trouble)


def withdrawn(disclosure: Disclosure) -> None:
    """Note that its site took the reply down for us: what it still serves of it for a while does not come back."""
    channel = (
        channels.find(disclosure.organisation_id, disclosure.channel_id, lock=True) if disclosure.channel_id else None
    )
    message = db.session.get(Message, (disclosure.organisation_id, disclosure.message_id))
    if channel is not None and message is not None:
        suppression.add(channel, [Name("item", message.remote_id, now())])
    removed(disclosure, "", None)


def later(disclosure: Disclosure, reason: str) -> None:
    """Try again after a pause; after three tries a person has to."""
    if disclosure.attempts > len(_PAUSES):
        by_hand(disclosure, reason)
        return
    disclosure.trouble, disclosure.next_at = reason, now() + _PAUSES[disclosure.attempts - 1]


def by_hand(disclosure: Disclosure, reason: str) -> None:
    """Note that a person has to take it down, and why we can't."""
    disclosure.removal, disclosure.trouble, disclosure.next_at = "by_hand", reason, None
    record("breach_by_hand", disclosure, None)


def removed(found: Disclosure, by: str, member: Member | None) -> None:
    """The words leave the thread and the copy in the making; under a legal hold they are kept sealed.

    What a person says is gone is followed like everything else: if its site shows it again, it comes back.
    """
    found.removal, found.removed_at, found.removed_by, found.next_at, found.trouble = "done", now(), by, None, ""
    org = found.organisation_id
    message = db.session.get(Message, (org, found.message_id))
    if message is not None and message.withdrawn_at is None:
        reply = update(Reply).where(Reply.organisation_id == org, Reply.conversation_id == message.conversation_id)
        gone = reply.where(Reply.remote_id == message.remote_id).values(text="", url=None)
        db.session.execute(gone.execution_options(synchronize_session=False))
        holds.seal(org, Message.id == message.id)
        tombstones.forget_words(org, Message.id == message.id)
        db.session.refresh(message)
        message.source = {"breach": True}
        summaries.refresh(org, [message.conversation_id])
        key = (org, message.conversation_id)
        conversation = db.session.get_one(Conversation, key, with_for_update={"key_share": True})
        conversation.version += 1
    db.session.flush()
    record("breach_removed", found, member)


def record(kind: str, found: Disclosure, member: Member | None, **details: str) -> None:
    """Record what happened to a breach."""
    events.record(
        found.organisation_id,
        kind,
        conversation_id=found.conversation_id,
        channel_id=found.channel_id,
        subject_id=found.id,
        member=member,
        disclosure_id=str(found.id),
        **details,
    )
