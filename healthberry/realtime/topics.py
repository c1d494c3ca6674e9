"""What a page wants to hear of, and the HTML that brings it up to date.

A topic is compared by its value: pages with equal topics, whose members may see the same, get the same bytes.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from flask import current_app, render_template

from healthberry.core import channels, conversations, inbox_conditions, inbox_standing, outbox, places, thread, warnings
from healthberry.core.errors import Invalid, NotFound
from healthberry.core.events import Event
from healthberry.core.inbox_views import View
from healthberry.core.permissions import may
from healthberry.models.organisations import ORGANISATION_VERIFIED, Member
from healthberry.realtime.pieces import Sheet

# After these a conversation may be in a view that it was not in before.
_MAY_ENTER = frozenset(
    {
        "conversation_arrived",
        "author_returned",
        "woke",
        "reopened",
        "waiting",
        "snoozed",
        "closed",
        "assigned",
        "replied",
        "source_changed",
        "aside",
        "set_aside",
        "joined",
        "parted",
    }
)


# After these only loading the list anew can show what is there.
_BY_THE_HUNDRED = {"backfill_progress": "more", "channel_erased": "erased"}


_HELD = frozenset({"channel_stale", "channel_fresh_again"})  # after these a reply may have to wait, or no longer
# After these it may be another channel that is silent, or none; or a piece is no longer neglected.
_WARNED = frozenset({"channel_stale", "channel_fresh_again", "channel_not_watched", "quarantine_handled"})


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
        """Follow every conversation, and what is loaded or erased by the hundred; a row does not say who was told."""
        if change.kind == outbox.MOVED:
            return False
        return change.conversation_id is not None or change.kind in _BY_THE_HUNDRED

    def paint(self, sheet: Sheet, member: Member, change: Event) -> str:
        """Return the row: in its place, and among the arrivals where it may be new here. One that left is greyed."""
        if change.conversation_id is None:
            return _render("stream/_loaded.html", what=_BY_THE_HUNDRED[change.kind])
        ask_lists(sheet, [(self, member)], change)
        standing = sheet.find(("standing", change.conversation_id), change.number)
        if standing is None or not places.sees(member, standing.row):
            return ""
        row, belongs = standing.row_for(member), sheet.find(self.question(member, change), change.number)
        enters = belongs and change.kind in _MAY_ENTER
        only_new = change.kind == "conversation_arrived"
        if only_new and not belongs:
            return ""
        key = ("row", self.view, may(member, "see_colleagues"), row.unread, belongs, enters, only_new, row.id)
        context = {"row": row, "view": self.view, "left": not belongs, "enters": enters, "only_new": only_new}
        return sheet.once(key, change.number, lambda: _render("stream/_row.html", **context))

    def question(self, member: Member, change: Event) -> Hashable:
        """Return the key under which it is kept whether the conversation belongs to this list of `member`."""
        return ("belongs", self.view, inbox_conditions.asker(member, self.view), change.conversation_id)


def ask_lists(sheet: Sheet, readers: Iterable[tuple[Topic, Member]], change: Event) -> None:
    """Ask the list's own conditions about a changed conversation: once for all readers, each distinct question once.

    What is known already is not asked again; topics other than lists are left out.
    """
    if change.conversation_id is None:
        return
    questions = {
        topic.question(member, change): (member, topic.view)
        for topic, member in readers
        if isinstance(topic, Inbox) and topic.concerns(change)
    }
    # In one order, so that the same views make the same statement, which the database layer then knows already.
    unknown = sorted((key for key in questions if sheet.find(key, change.number) is None), key=repr)
    if not unknown:
        return
    standing = inbox_standing.standing([questions[key] for key in unknown], change.conversation_id)
    sheet.keep(("standing", change.conversation_id), standing)
    for key, belongs in zip(unknown, standing.belongs if standing else (), strict=False):
        sheet.keep(key, belongs)


@dataclass(frozen=True)
class Thread:
    """One conversation, without its composer."""

    conversation_id: UUID

    def concerns(self, change: Event) -> bool:
        """Follow this conversation alone, the mails that tell of many, and silent channels: it may be one of them."""
        if change.conversation_id is None:
            return change.kind == outbox.MOVED or change.kind in _HELD
        return change.conversation_id == self.conversation_id

    def paint(self, sheet: Sheet, member: Member, change: Event) -> str:
        """Return the entries, the head, the details and the state of the reply.

        Of an alert that moved, the details; of a channel that fell silent, whether it can be answered.
        """
        if change.kind in _HELD:
            template = "stream/_held.html"
        elif change.kind != outbox.MOVED:
            template = "stream/_thread.html"
        elif may(member, "see_colleagues"):
            template = "stream/_details.html"
        else:
            return ""
        return sheet.once((template, self, member.id), change.number, lambda: self._render(template, member))

    def _render(self, template: str, member: Member) -> str:
        try:
            page = thread.open_conversation(member, self.conversation_id)
        except NotFound:
            return ""
        return _render_page(template, page=page, member=member)


@dataclass(frozen=True)
class Channels:
    """The cards of the channels."""

    def concerns(self, change: Event) -> bool:
        """Follow the channels themselves, not what arrives on them."""
        return change.channel_id is not None and change.conversation_id is None

    def paint(self, sheet: Sheet, member: Member, change: Event) -> str:
        """Return the card; of a channel that is unlinked, that it goes and stands among the others of its kind."""
        # At level 1 it depends on who else is there, which only the one who asks can say.
        sharers = (member.level, member.role) if member.level > 1 else member.id
        key = ("channel", change.channel_id, sharers)
        return sheet.once(key, change.number, lambda: self._render(member, change.channel_id))

    def _render(self, member: Member, channel_id: UUID | None) -> str:
        found = [channel for channel in channels.channels_of(member) if channel.id == channel_id]
        if not found:
            unlinked = channels.unlinked_of(member)
            return _render_page("stream/_unlinked.html", channel_id=channel_id, unlinked=unlinked, member=member)
        switches = channels.may_switch(member)
        return _render_page("stream/_channel.html", channel=found[0], member=member, may_switch=switches)


@dataclass(frozen=True)
class Warned:
    """What every page warns of: channels that are silent, pieces that wait unread."""

    def concerns(self, change: Event) -> bool:
        """Follow what says that a channel fell silent, spoke again, or counts no more."""
        return change.kind in _WARNED

    def paint(self, sheet: Sheet, member: Member, change: Event) -> str:
        """Return the warnings of the organisation, none of them where all is well; the same for all its members."""
        return sheet.once(self, change.number, lambda: self._render(member))

    def _render(self, member: Member) -> str:
        return _render_page("stream/_warnings.html", warned=warnings.of_organisation(member.organisation_id))


@dataclass(frozen=True)
class Present:
    """What is to be warned of now: `about` compares with another look, `html` takes the place of the warnings."""

    about: Hashable
    html: str


def present_warnings(organisation_id: UUID) -> Present:
    """Return what every page of an organisation has to warn of now, whether or not anybody recorded a change."""
    found = warnings.of_organisation(organisation_id)
    about = (
        tuple((one.channel_id, one.since, one.trouble) for one in found.stale),
        tuple((one.channel_id, one.count) for one in found.neglected),
    )
    return Present(about, _render_page("stream/_warnings.html", warned=found))


@dataclass(frozen=True)
class Trust:
    """That its member may publish from now on: for pages that were drawn while they might not.

    `place` is the id of what says so on the page.
    """

    place: str

    def concerns(self, change: Event) -> bool:
        """Follow the people."""
        return change.kind.startswith("member")

    def paint(self, sheet: Sheet, member: Member, change: Event) -> str:
        """Return the good news, once it is."""
        if member.level < ORGANISATION_VERIFIED:
            return ""
        return sheet.once(self, change.number, lambda: _render("stream/_trusted.html", place=self.place))


def asked_for(member: Member, args: Mapping[str, str]) -> tuple[Topic, ...]:
    """Return what a page wants to hear of.

    `view=inbox` is the list, narrowed as `View.from_args` says; `view=conversation` the same list with the
    `conversation` beside it; `view=channels` the channels' cards; `view=house` nothing of its own. All of them hear of
    what every page warns of. With `level=1` also when its member may publish.

    Raises: Invalid for a view that does not exist; NotFound for a conversation that the member may not see.
    """
    view = args.get("view", "")
    trust = (Trust("next-step" if view == "channels" else "trust"),) if args.get("level") == "1" else ()
    always = (Warned(), *trust)
    if view == "house":
        return always
    if view == "channels":
        return (Channels(), *always)
    if view == "conversation":
        return (Inbox(View.from_args(args)), Thread(_conversation_id(member, args)), *always)
    if view == "inbox":
        return (Inbox(View.from_args(args)), *always)
    raise Invalid("There is no such view to follow.", "view")


def _conversation_id(member: Member, args: Mapping[str, str]) -> UUID:
    try:
        wanted = UUID(args.get("conversation", ""))
    except ValueError as error:
        raise NotFound from error
    return conversations.find(member, wanted).id


def _render(template: str, **context: Any) -> str:
    """Render what knows no request: rows, by the thousand, without asking who is signed in."""
    return current_app.jinja_env.get_template(template).render(context)


def _render_page(template: str, **context: Any) -> str:
    """Render as for a request of nobody in particular, so that addresses can be built and the HTML can be shared."""
    with current_app.test_request_context("/stream", base_url=current_app.extensions["settings"].public_url):
        return render_template(template, **context)
