"""What became of the alerts about a conversation: grouped for its page, and told to open pages as they go out."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import inf
from uuid import UUID

from sqlalchemy import Executable, Uuid, bindparam, select

from healthberry.core import events, outbox
from healthberry.extensions import db
from healthberry.models.organisations import Member
from healthberry.models.owned import now
from healthberry.models.replies import MailCause, OutboxMail

_PAUSE_SECONDS = 1.0
_OUTCOMES = ("sent", "waiting", "delayed", "skipped", "failed")


@dataclass(frozen=True)
class Delivery:
    """Alerts about one conversation that fared alike.

    `outcome` is sent, waiting, delayed (the last try failed, another follows), skipped (there was no need any more) or
    failed; `reason` says why, for people. `together` are mails that tell of others too. `next_attempt_at` is the
    earliest of delayed ones, None where it is due.
    """

    outcome: str
    reason: str
    together: bool
    member_ids: Sequence[UUID]
    next_attempt_at: datetime | None = None


def of_conversation(member: Member, conversation_id: UUID) -> list[Delivery]:
    """Return how the alerts about this conversation fared, good news first; [] where there were none."""
    groups: dict[tuple[int, str, bool], list[OutboxMail]] = {}
    for mail in _mails(member.organisation_id, conversation_id):
        outcome = _outcome(mail)
        reason = "" if outcome in ("sent", "waiting") else mail.reason
        groups.setdefault((_OUTCOMES.index(outcome), reason, mail.conversation_id is None), []).append(mail)
    return [
        Delivery(
            outcome=_OUTCOMES[rank],
            reason=reason,
            together=together,
            member_ids=[mail.member_id for mail in mails if mail.member_id],
            next_attempt_at=_still_to_come(mails) if _OUTCOMES[rank] == "delayed" else None,
        )
        for (rank, reason, together), mails in sorted(groups.items(), key=lambda group: group[0])
    ]


class Progress:
    """Tells open pages how the alerts of an organisation fare: at once, then once a second for each conversation.

    A page of feedback for a large team is hundreds of mails. As many numbered changes would make every browser that
    was away for a moment load its list anew.
    """

    def __init__(self, organisation_id: UUID) -> None:
        self._organisation_id = organisation_id
        self._waiting: set[UUID | None] = set()
        self._told_at: dict[UUID | None, float] = {}

    def moved(self, conversation_id: UUID | None) -> None:
        """A mail about this conversation (None: about many) was sent, skipped, put off or given up. Commit after it."""
        self._waiting.add(conversation_id)
        self._tell(time.monotonic() - _PAUSE_SECONDS)

    def finish(self) -> None:
        """Tell what has waited. Commit after it."""
        self._tell(inf)

    def _tell(self, latest: float) -> None:
        """Tell of those that nobody was told of since the moment `latest`."""
        for conversation_id in [one for one in self._waiting if self._told_at.get(one, -inf) <= latest]:
            self._waiting.discard(conversation_id)
            self._told_at[conversation_id] = time.monotonic()
            events.record(self._organisation_id, outbox.MOVED, conversation_id=conversation_id)


def _mails(organisation_id: UUID, conversation_id: UUID) -> Sequence[OutboxMail]:
    of_it = {"organisation_id": organisation_id, "conversation_id": conversation_id}
    return sorted(db.session.scalars(_question(), of_it), key=lambda mail: (mail.queued_at, mail.id))


@lru_cache(maxsize=1)
def _question() -> Executable:
    """Write the question once: it takes longer to write than to answer."""
    conversation_id = bindparam("conversation_id", type_=Uuid)
    mine = select(OutboxMail).where(OutboxMail.organisation_id == bindparam("organisation_id", type_=Uuid))
    alone = mine.where(OutboxMail.conversation_id == conversation_id)
    together = (
        mine.join(
            MailCause,
            (MailCause.organisation_id == OutboxMail.organisation_id) & (MailCause.about == OutboxMail.about),
        )
        .where(OutboxMail.conversation_id.is_(None))
        .where(MailCause.conversation_id == conversation_id)
    )
    # Two questions, each over an index of its own; joined by OR they would read the whole outbox.
    return select(OutboxMail).from_statement(alone.union_all(together))


def _outcome(mail: OutboxMail) -> str:
    if mail.state == "queued" and mail.reason:
        return "delayed"
    return "waiting" if mail.state in ("queued", "sending") else mail.state


def _still_to_come(mails: Sequence[OutboxMail]) -> datetime | None:
    earliest = min(mail.next_attempt_at for mail in mails)
    return earliest if earliest > now() else None
