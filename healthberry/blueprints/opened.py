"""An open conversation: what its templates need beside the page that core loads."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from healthberry.blueprints import found, listing, snoozes
from healthberry.blueprints.found import Found
from healthberry.blueprints.guard import member, number
from healthberry.core import answering, audit, events, inbox, members, thread
from healthberry.core.inbox import View
from healthberry.core.thread import Page
from healthberry.models.conversations import Message
from healthberry.models.owned import now


@dataclass(frozen=True)
class Composer:
    """What the composer shows. `version` and `seen` say what its writer looked at; `length` is the channel's count.

    `conflict` says that the thread moved on, `news` is what came in since; `error` is why the text was refused. `way`
    is how it is to be answered, where there are several ways. `found` is what in the text should not be public;
    `stopped` says that it was not published for that, `reason` why it is to be all the same.
    """

    text: str
    version: int
    seen: str
    length: int
    limit: int | None
    way: str = ""
    saved: datetime | None = None
    error: str = ""
    conflict: str = ""
    news: Sequence[Message] = ()
    note: str = ""
    note_error: str = ""
    found: Found | None = None
    stopped: bool = False
    reason: str = ""
    reason_error: str = ""

    @property
    def over(self) -> int:
        """Return by how much the text is too long, 0 where it is not."""
        return max(self.length - self.limit, 0) if self.limit is not None else 0

    @property
    def just_saved(self) -> bool:
        """Say whether the draft was kept within the last minute."""
        return self.saved is not None and now() - self.saved < timedelta(minutes=1)


def composer_of(page: Page, text: str | None = None, **changes: Any) -> Composer:
    """Return the composer of `page`, with the member's draft where no `text` is given."""
    draft = page.draft
    words = text if text is not None else (draft.text if draft else "")
    length, limit = answering.count(page.channel, words)
    way = changes.pop("way", draft.way if draft else "")
    made = Composer(
        text=words,
        version=page.conversation.version,
        seen=now().isoformat(),
        length=length,
        limit=limit,
        way=way,
        saved=draft.saved_at if draft and text is None else None,
        found=found.look(page, words, way) if page.can["draft"] else None,
    )
    return replace(made, **changes)


def thread_context(page: Page, view: View, composer: Composer | None = None) -> dict[str, Any]:
    """Return what the middle pane's templates need."""
    newer, older = inbox.neighbours(member(), view, page.conversation.id)
    return {
        "page": page,
        "view": view,
        "number": page.number,
        "newer": newer,
        "older": older,
        "composer": composer or composer_of(page),
        "snoozes": snoozes.choices(),
        "proven": True,
        "next_step": members.next_step(member()),
    }


def whole_context(page: Page, view: View, composer: Composer | None = None) -> dict[str, Any]:
    """Return what the whole page needs: the list too. Whichever was read first says what the page surely contains."""
    around, opened = listing.list_context(view), thread_context(page, view, composer)
    return {**around, **opened, "number": min(page.number, around["number"])}


def open_page(conversation_id: UUID) -> Page:
    """Return the page of one conversation as this request's member sees it. Raises: NotFound.

    That somebody read what is restricted is written into the audit log, and committed.
    """
    page = thread.open_conversation(member(), conversation_id, number())
    if page.why:
        audit.read(member(), "conversation", conversation_id)
        events.commit()
    return page


def news_since(page: Page, seen: str) -> list[Message]:
    """Return the messages that came, changed or went since the moment `seen`; the newest one where none did."""
    messages = [entry.message for entry in page.entries if entry.message is not None]
    try:
        since = datetime.fromisoformat(seen)
        moments = [(one, (one.received_at, one.edited_at, one.withdrawn_at)) for one in messages]
        news = [one for one, changes in moments if any(change and change > since for change in changes)]
    except (ValueError, TypeError):  # no moment, or one without its zone
        news = []
    return news or messages[-1:]


def month(experienced: str) -> str:
    """Return "May 2027" for "2027-05"; anything else as it is."""
    year, _, number = experienced.partition("-")
    known = number.isdigit() and 1 <= int(number) <= 12
    return f"{calendar.month_name[int(number)]} {year}" if known else experienced
