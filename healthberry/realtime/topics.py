"""What a page wants to hear of, and the HTML that brings it up to date.

A topic is compared by its value: pages with equal topics, whose members may see the same, get the same bytes.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

from flask import render_template

from healthberry.core import channels, conversations, inbox, thread
from healthberry.core.errors import Invalid, NotFound
from healthberry.core.events import Event
from healthberry.core.inbox import Row, View
from healthberry.core.permissions import may
from healthberry.models.organisations import Member
from healthberry.realtime.pieces import Sheet

# After these a conversation may be in a view that it was not in before.
_MAY_ENTER = frozenset(
    {"conversation_arrived", "author_returned", "woke", "reopened", "waiting", "snoozed", "closed", "assigned"}
)


class Topic(Protocol):
    """What a page listens to."""

    def concerns(self, change: Event) -> bool:
        """Say whether the page may have to change."""

    def paint(self, sheet: Sheet, member: Member, change: Event) -> str:
        """Return the HTML that brings the page of `member` up to date, "" where nothing has to change."""


@dataclass(frozen=True)
class Inbox:
    """The list, narrowed to a view."""

    view: View

    def concerns(self, change: Event) -> bool:
        """Follow every conversation, and what a backfill brings in."""
        return change.conversation_id is not None or change.kind == "backfill_progress"

    def paint(self, sheet: Sheet, member: Member, change: Event) -> str:
        """Return the row: in its place, and among the arrivals where it may be new here. One that left is greyed."""
        if change.conversation_id is None:
            return render_template("stream/_loaded.html")
        found = self._row(sheet, member, change, change.conversation_id)
        if found is None:
            return ""
        row, belongs = found
        enters = belongs and change.kind in _MAY_ENTER
        only_new = change.kind == "conversation_arrived"
        if only_new and not belongs:
            return ""
        sees = may(member, "see_colleagues")
        key = ("row", self.view, sees, row.unread, belongs, enters, only_new, row.id)
        context = {"row": row, "view": self.view, "left": not belongs, "enters": enters, "only_new": only_new}
        return sheet.once(key, change.number, lambda: render_template("stream/_row.html", **context))

    def _row(self, sheet: Sheet, member: Member, change: Event, conversation_id: UUID) -> tuple[Row, bool] | None:
        """Ask the list's own query once for all who get the same answer; only the unread mark is each member's."""
        asker: Hashable = member.id if self._is_personal() else may(member, "see_colleagues")
        key = ("found", self.view, asker, conversation_id)
        answer = sheet.once(key, change.number, lambda: (inbox.row_of(member, self.view, conversation_id),))
        if answer[0] is None:
            return None
        row, belongs = answer[0]
        unread = sheet.once(
            ("unread", conversation_id),
            change.number,
            lambda: inbox.unread_members(member.organisation_id, conversation_id),
        )
        return replace(row, unread=member.id in unread), belongs

    def _is_personal(self) -> bool:
        return self.view.assigned == "me" or self.view.unread


@dataclass(frozen=True)
class Thread:
    """One conversation, without its composer."""

    conversation_id: UUID

    def concerns(self, change: Event) -> bool:
        """Follow this conversation alone."""
        return change.conversation_id == self.conversation_id

    def paint(self, sheet: Sheet, member: Member, change: Event) -> str:
        """Return the entries, the head and the state of the reply."""
        return sheet.once(("thread", self, member.id), change.number, lambda: self._render(member))

    def _render(self, member: Member) -> str:
        try:
            page = thread.open_conversation(member, self.conversation_id)
        except NotFound:
            return ""
        return render_template("stream/_thread.html", page=page, member=member)


@dataclass(frozen=True)
class Channels:
    """The cards of the channels."""

    def concerns(self, change: Event) -> bool:
        """Follow the channels themselves, not what arrives on them."""
        return change.channel_id is not None and change.conversation_id is None

    def paint(self, sheet: Sheet, member: Member, change: Event) -> str:
        """Return the card."""
        key = ("channel", change.channel_id, member.level, member.role)
        return sheet.once(key, change.number, lambda: self._render(member, change.channel_id))

    def _render(self, member: Member, channel_id: UUID | None) -> str:
        found = [channel for channel in channels.channels_of(member) if channel.id == channel_id]
        return render_template("stream/_channel.html", channel=found[0], member=member) if found else ""


def asked_for(member: Member, args: Mapping[str, str]) -> tuple[Topic, ...]:
    """Return what a page wants to hear of.

    `view=inbox` is the list, narrowed as `View.from_args` says; `view=conversation` the same list with the
    `conversation` beside it; `view=channels` the channels' cards.

    Raises: Invalid for a view that does not exist; NotFound for a conversation that the member may not see.
    """
    view = args.get("view", "")
    if view == "channels":
        return (Channels(),)
    if view == "conversation":
        return (Inbox(View.from_args(args)), Thread(_conversation_id(member, args)))
    if view == "inbox":
        return (Inbox(View.from_args(args)),)
    raise Invalid("There is no such view to follow.", "view")


def _conversation_id(member: Member, args: Mapping[str, str]) -> UUID:
    try:
        wanted = UUID(args.get("conversation", ""))
    except ValueError as error:
        raise NotFound from error
    return conversations.find(member, wanted).id
