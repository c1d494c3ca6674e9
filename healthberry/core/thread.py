"""Everything that the page of one conversation shows, loaded at once and in order."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select

from healthberry.connectors.base import Capabilities, ReplyPermission
from healthberry.core import (
    answering,
    channels,
    conversations,
    copies,
    deliveries,
    details,
    drafts,
    events,
    grants,
    holds,
    noise,
    places,
    reading_rights,
    replies,
)
from healthberry.core.copies import Elsewhere
from healthberry.core.deliveries import Delivery
from healthberry.core.opening import Opened, opened
from healthberry.core.permissions import may
from healthberry.core.veiling import veiled_conversation, veiled_message
from healthberry.extensions import db
from healthberry.models.activities import Activity, Note
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.organisations import Member
from healthberry.models.replies import Draft, Reply

# What is worth a line between the messages; the messages and notes themselves stand for the rest.
_SHOWN = (
    "assigned",
    "closed",
    "waiting",
    "snoozed",
    "reopened",
    "woke",
    "reply_failed",
    "reply_copied",
    "author_returned",
    "joined",
    "parted",
    "aside",
    "set_aside",
    "words_erased",
    "restricted",
    "restriction_lifted",
    "hold_placed",
    "hold_lifted",
    "guard_overridden",
)
# Written once: to write a question takes as long as to answer it.
_ORGANISATION, _CONVERSATION = bindparam("organisation_id", type_=Uuid), bindparam("conversation_id", type_=Uuid)
_MESSAGES = (
    select(Message)
    .where(Message.organisation_id == _ORGANISATION, Message.conversation_id == _CONVERSATION)
    .order_by(Message.posted_at, Message.id)
)
_ACTIVITIES = (
    select(Activity)
    .where(Activity.organisation_id == _ORGANISATION, Activity.conversation_id == _CONVERSATION)
    .where(Activity.kind.in_(_SHOWN))
    .order_by(Activity.number)
)
_ACTIONS = ("draft", "publish", "handle", "see_colleagues", "override_guard", "curate", "manage")


@dataclass(frozen=True)
class Entry:
    """One thing in the thread; exactly one of message, note and activity is given."""

    kind: str
    at: datetime
    message: Message | None = None
    note: Note | None = None
    activity: Activity | None = None


@dataclass(frozen=True)
class Page:
    """What the page of one conversation shows to one member. `number` is the newest change that it contains."""

    conversation: Conversation
    channel: Channel
    capabilities: Capabilities
    entries: Sequence[Entry]
    draft: Draft | None
    reply: Reply | None
    answered: bool  # from elsewhere, since that reply was written
    permission: ReplyPermission
    number: int
    can: dict[str, bool]
    assignee: Member | None = None
    colleagues: Sequence[Member] = ()
    deliveries: Sequence[Delivery] = ()  # of the alerts about it
    names: dict[str, str] = field(default_factory=dict)  # of members, by id as text
    elsewhere: Sequence[Elsewhere] = ()  # the same story on other sites
    aside: str = ""  # why it was set aside, for people
    may_block: bool = False  # its author, on this channel
    held: str = ""  # why nothing may be published from here just now
    on_hold: bool = False  # under a legal hold; told to administrators
    why: Collection[str] = ()  # why it is restricted (core.reading_rights.kinds); told to whoever may read it
    refused: str = ""  # why its words are not for this member; the page then holds none of them
    givers: Collection[str] = ()  # who may let them read it

    def voice(self, message: Message) -> str:
        """Return whose words it is: colleagues are named only to those who may see them."""
        ours = message.member_id is not None and not self.can["see_colleagues"]
        return (self.channel.account or self.channel.label) if ours else message.screen_name

    def beside(self, message: Message) -> list[tuple[str, str]]:
        """Return what the site says beside the words of a message, as pairs of label and value."""
        return [] if message.withdrawn_at else details.pairs(message.source)

    @property
    def about_it(self) -> list[tuple[str, str]]:
        """What the site says beside the words with which the conversation began."""
        opening = next((one.message for one in self.entries if one.message is not None), None)
        return self.beside(opening) if opening is not None and opening.direction == "inbound" else []

    def outgrew_its_answer(self, message: Message) -> bool:
        """Say whether its author changed it after the organisation's last answer, which may no longer fit."""
        spoken = (entry.message for entry in self.entries if entry.message is not None)
        answers = [one.posted_at for one in spoken if one.direction == "outbound" and one.withdrawn_at is None]
        if message.direction != "inbound" or not answers:
            return False
        # What was changed before it was first read has no time of ours; then its source may have told the order.
        told = message.source.get("edited_after_reply") is True and message.edited_at is None
        return told or (message.edited_at is not None and message.edited_at > max(answers))


def open_conversation(member: Member, conversation_id: UUID, number: int | None = None) -> Page:
    """Load the page. Changes nothing. `number` is a change that it surely contains. Raises: NotFound."""
    # The number first: a change between the two is then shown twice, never missed.
    number = events.last_number(member.organisation_id) if number is None else number
    there = opened(member, conversation_id)
    conversation, channel = there.conversation, there.channel
    sees_colleagues = may(member, "see_colleagues")
    people = conversations.colleagues(member) if sees_colleagues else [member]
    messages = _messages(member.organisation_id, conversation_id)
    asks_for_reply = sees_colleagues and there.has_reply
    reply = replies.in_progress(member.organisation_id, conversation_id) if asks_for_reply else None
    permission = answering.permission(channel, conversation, answering.target_among(messages))
    page = Page(
        conversation=conversation,
        channel=channel,
        capabilities=channels.capabilities_of(channel.kind),
        entries=_in_order(messages, _beside(there) if sees_colleagues else []),
        draft=drafts.find(member, conversation_id) if there.has_draft else None,
        reply=reply,
        answered=reply is not None and replies.answer_since(reply) is not None,
        permission=permission,
        number=number,
        can={action: may(member, action) for action in _ACTIONS},
        assignee=_assignee(conversation, people) if sees_colleagues else None,
        colleagues=[one for one in people if places.sees(one, conversation)] if sees_colleagues else (),
        deliveries=deliveries.of_conversation(member, conversation_id) if sees_colleagues and there.has_mails else (),
        names={str(person.id): person.name for person in people},
        elsewhere=copies.elsewhere(member, conversation) if there.has_copies else (),
        aside=noise.reason(conversation) if conversation.status == "aside" else "",
        may_block=places.sees_all_of(member, channel.id) and there.says_author,
        held=answering.held(channel, permission),
        on_hold=may(member, "manage") and bool(holds.of_conversation(member, conversation_id)),
    )
    if not conversation.restricted:
        return page
    if refused := reading_rights.refusal(member, conversation):
        return veil(page, refused, grants.givers(member.organisation_id) if sees_colleagues else ())
    return replace(page, why=reading_rights.kinds(conversation))


def veil(page: Page, refused: str, givers: Collection[str] = ()) -> Page:
    """Return the page of a restricted conversation as whoever may not read it sees it: no words, names or links.

    What colleagues wrote about it may repeat it, and is left out with it.
    """
    said = [one for one in page.entries if one.note is None and not _is_reasoned(one)]
    return replace(
        page,
        conversation=veiled_conversation(page.conversation),
        entries=[replace(one, message=veiled_message(one.message)) if one.message else one for one in said],
        draft=None,
        reply=None,
        permission=ReplyPermission("none", refused),
        elsewhere=(),
        may_block=False,
        refused=refused,
        givers=givers,
    )


def _is_reasoned(entry: Entry) -> bool:
    return entry.activity is not None and entry.activity.kind == "guard_overridden"


def _messages(organisation_id: UUID, conversation_id: UUID) -> Sequence[Message]:
    of_it = {"organisation_id": organisation_id, "conversation_id": conversation_id}
    return db.session.scalars(_MESSAGES, of_it).all()


def _in_order(messages: Sequence[Message], beside: Sequence[Entry]) -> list[Entry]:
    entries = [Entry("message", message.posted_at, message=message) for message in messages]
    return sorted([*entries, *beside], key=lambda entry: entry.at)


def _beside(there: Opened) -> list[Entry]:
    """Return what colleagues wrote about it and did with it."""
    owned = (there.conversation.organisation_id, there.conversation.id)
    entries = [Entry("did", activity.at, activity=activity) for activity in _activities(*owned)]
    if not there.has_notes:
        return entries
    notes = db.session.scalars(select(Note).where(Note.organisation_id == owned[0], Note.conversation_id == owned[1]))
    return [*(Entry("note", note.created_at, note=note) for note in notes), *entries]


def _activities(organisation_id: UUID, conversation_id: UUID) -> Sequence[Activity]:
    of_it = {"organisation_id": organisation_id, "conversation_id": conversation_id}
    return db.session.scalars(_ACTIVITIES, of_it).all()


def _assignee(conversation: Conversation, people: Sequence[Member]) -> Member | None:
    return next((person for person in people if person.id == conversation.assignee_id), None)
