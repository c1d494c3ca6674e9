"""What is no feedback: rules that set it aside, channel by channel, and what people's marks teach. Nothing is deleted.

What is set aside raises no alert and stands in no list but its own, with the reason; bringing it back is one click.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert

from healthberry.connectors.base import InboundItem
from healthberry.core import channels, conversations, events, places, summaries
from healthberry.core.errors import Invalid, NotFound
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.channels import Author, Channel
from healthberry.models.conversations import Conversation, Message, NoiseRule
from healthberry.models.organisations import Member
from healthberry.models.owned import new_id, now

WORD_KINDS = ("must", "must_not")
_MOST_RULES = 200
_LONGEST = 100


@dataclass(frozen=True)
class Shown:
    """One rule as its page shows it, and how many conversations it has set aside."""

    rule: NoiseRule
    count: int


def rules_of(channel: Channel) -> Sequence[NoiseRule]:
    """Return the channel's rules in the order in which they were made."""
    statement = select(NoiseRule).where(
        NoiseRule.organisation_id == channel.organisation_id, NoiseRule.channel_id == channel.id
    )
    return db.session.scalars(statement.order_by(NoiseRule.created_at, NoiseRule.id)).all()


def sort_out(channel: Channel, begun: Mapping[UUID, InboundItem]) -> set[UUID]:
    """Set aside those of these new conversations that a rule of the channel says are noise; return them."""
    rules = rules_of(channel) if begun else ()
    if not rules:
        return set()
    caught: dict[UUID, list[UUID]] = {}
    for conversation_id, item in begun.items():
        words = f"{item.title}\n{item.text}"
        if rule := _caught_by(rules, words, item.author.remote_id):
            caught.setdefault(rule.id, []).append(conversation_id)
    for rule_id, ids in caught.items():
        _put_aside(channel.organisation_id, ids, rule_id)
    return {one for ids in caught.values() for one in ids}


def _caught_by(rules: Sequence[NoiseRule], words: str, author_id: str | None) -> NoiseRule | None:
    for rule in rules:
        if rule.kind == "author" and author_id == rule.value:
            return rule
        if rule.kind == "must_not" and _has(words, rule.value):
            return rule
    wanted = [rule for rule in rules if rule.kind == "must"]
    if wanted and not any(_has(words, rule.value) for rule in wanted):
        return wanted[0]
    return None


def _has(words: str, phrase: str) -> bool:
    return _pattern(phrase).search(words) is not None


@lru_cache(maxsize=4096)
def _pattern(phrase: str) -> re.Pattern[str]:
    """Match whole words, in any case, with any space between them."""
    inner = r"\s+".join(re.escape(word) for word in phrase.split())
    return re.compile(rf"(?<!\w){inner}(?!\w)", re.IGNORECASE)


def _put_aside(organisation_id: UUID, ids: Collection[UUID], rule_id: UUID | None) -> None:
    statement = update(Conversation).where(Conversation.organisation_id == organisation_id, Conversation.id.in_(ids))
    values = {"status": "aside", "closed_reason": None, "snoozed_until": None, "aside_rule_id": rule_id}
    db.session.execute(statement.values(**values))
    for conversation_id in ids:
        summaries.forget_loaded(organisation_id, conversation_id)


def whole(member: Member, channel_id: UUID, *, lock: bool = False) -> Channel:
    """Return a channel to somebody who may filter all that comes on it. Raises: NotFound, NotAllowed."""
    require(member, "handle")
    channel = channels.find(member.organisation_id, channel_id, lock=lock)
    places.require_all_of(member, channel_id)
    return channel


def listed(member: Member, channel_id: UUID) -> tuple[Channel, Sequence[Shown]]:
    """Return the channel and its rules. Raises: NotFound, NotAllowed."""
    channel = whole(member, channel_id)
    counted = select(Conversation.aside_rule_id, func.count()).where(
        Conversation.organisation_id == member.organisation_id,
        Conversation.status == "aside",
        Conversation.aside_rule_id.is_not(None),
    )
    counts: dict[UUID | None, int] = dict(iter(db.session.execute(counted.group_by(Conversation.aside_rule_id))))
    return channel, [Shown(rule, counts.get(rule.id, 0)) for rule in rules_of(channel) if rule.kind != "refused"]


def add(member: Member, channel_id: UUID, kind: str, phrases: Sequence[str]) -> int:
    """Add words that must or must not occur; those that are there already are left out. Return how many are new.

    They hold for what comes from now on, and for what is open, unanswered and nobody's. Raises: NotFound, NotAllowed,
    Invalid.
    """
    channel = whole(member, channel_id, lock=True)
    if kind not in WORD_KINDS:
        raise Invalid("Choose whether the words must or must not be there.", "kind")
    wanted = list(dict.fromkeys(" ".join(one.replace("\x00", "").split()) for one in phrases))
    wanted = [one for one in wanted if one]
    if not wanted:
        raise Invalid("Write at least one word.", "words")
    if any(len(one) > _LONGEST or not re.search(r"\w", one) for one in wanted):
        raise Invalid(f"Write words or short phrases, one on each line, of up to {_LONGEST} characters.", "words")
    if len(rules_of(channel)) + len(wanted) > _MOST_RULES:
        raise Invalid(f"A channel can have up to {_MOST_RULES} filters.", "words")
    return _add(member, channel, [(kind, one.casefold(), one) for one in wanted])


def block(member: Member, conversation_id: UUID) -> NoiseRule:
    """Set aside what this conversation's author wrote, and whatever they write from now on. Again: it stays so.

    Raises: NotFound, NotAllowed, Invalid where the channel does not say who wrote it.
    """
    require(member, "handle")
    conversation = conversations.readable(member, conversation_id)
    author = db.session.scalar(_author(conversation.organisation_id, conversation.id))
    if author is None or not author.remote_id:
        raise Invalid("This channel does not say who wrote it, so the author can't be blocked.", "author")
    channel = whole(member, conversation.channel_id, lock=True)
    _add(member, channel, [("author", author.remote_id, author.screen_name or author.remote_id)])
    return next(rule for rule in rules_of(channel) if (rule.kind, rule.value) == ("author", author.remote_id))


def says_author(organisation_id: Any, conversation_id: Any) -> ColumnElement[bool]:
    """Return whether the channel says who wrote a conversation, so that they can be blocked, as a column."""
    author = _author(organisation_id, conversation_id).with_only_columns(Author.remote_id)
    return func.coalesce(author.scalar_subquery(), "") != ""


def _author(organisation_id: Any, conversation_id: Any) -> Select[Author]:
    return (
        select(Author)
        .join(Message, (Message.organisation_id == Author.organisation_id) & (Message.author_id == Author.id))
        .where(
            Message.organisation_id == organisation_id,
            Message.conversation_id == conversation_id,
            Message.direction == "inbound",
        )
        .order_by(Message.posted_at, Message.id)
        .limit(1)
    )


def _add(member: Member, channel: Channel, wanted: Sequence[tuple[str, str, str]]) -> int:
    rows = [
        {
            "organisation_id": member.organisation_id,
            "id": new_id(),
            "channel_id": channel.id,
            "kind": kind,
            "value": value,
            "label": label,
            "member_id": member.id,
            "created_at": now(),
        }
        for kind, value, label in wanted
    ]
    added = db.session.execute(insert(NoiseRule).on_conflict_do_nothing().returning(NoiseRule.id), rows).all()
    if added:
        events.record(member.organisation_id, "noise_changed", channel_id=channel.id, member=member)
        _sort_out_open(channel)
    return len(added)


def remember_refusal(member: Member, channel: Channel, phrase: str) -> None:
    """Keep a phrase that was suggested and not wanted. Again: it stays so."""
    value = " ".join(phrase.replace("\x00", "").split())[:_LONGEST]
    if value:
        _add(member, channel, [("refused", value.casefold(), value)])


def _sort_out_open(channel: Channel) -> None:
    """Let the rules have what is open already, as long as nobody has taken or answered it."""
    opening = (
        select(Message.conversation_id, Message.title, Message.text, Author.remote_id)
        .outerjoin(Author, (Author.organisation_id == Message.organisation_id) & (Author.id == Message.author_id))
        .join(
            Conversation,
            (Conversation.organisation_id == Message.organisation_id) & (Conversation.id == Message.conversation_id),
        )
        .where(
            Message.organisation_id == channel.organisation_id,
            Message.direction == "inbound",
            Message.withdrawn_at.is_(None),
            Conversation.channel_id == channel.id,
            Conversation.status == "open",
            Conversation.replied.is_(False),
            Conversation.assignee_id.is_(None),
        )
        .ext(distinct_on(Message.conversation_id))
        .order_by(Message.conversation_id, Message.posted_at, Message.id)
    )
    rules = rules_of(channel)
    caught: dict[UUID, list[UUID]] = {}
    for conversation_id, title, words, author_id in db.session.execute(opening):
        if rule := _caught_by(rules, f"{title}\n{words}", author_id):
            caught.setdefault(rule.id, []).append(conversation_id)
    for rule_id, ids in caught.items():
        _put_aside(channel.organisation_id, ids, rule_id)
        for conversation_id in ids:
            events.record(channel.organisation_id, "set_aside", conversation_id=conversation_id, channel_id=channel.id)


def remove(member: Member, channel_id: UUID, rule_id: UUID) -> int:
    """Remove a rule, and bring back all that it has set aside; return how many. Raises: NotFound, NotAllowed."""
    channel = whole(member, channel_id, lock=True)
    rule = db.session.get(NoiseRule, (member.organisation_id, rule_id))
    if rule is None or rule.channel_id != channel.id:
        raise NotFound
    back = update(Conversation).where(
        Conversation.organisation_id == member.organisation_id,
        Conversation.aside_rule_id == rule.id,
        Conversation.status == "aside",
    )
    ids = set(db.session.scalars(back.values(status="open", aside_rule_id=None).returning(Conversation.id)))
    db.session.delete(rule)
    db.session.flush()
    summaries.settle(member.organisation_id, ids)
    events.record(member.organisation_id, "noise_changed", channel_id=channel.id, member=member)
    for conversation_id in sorted(ids):
        summaries.forget_loaded(member.organisation_id, conversation_id)
        events.record(member.organisation_id, "reopened", conversation_id=conversation_id, member=member)
    return len(ids)


def reason(conversation: Conversation) -> str:
    """Say for people why a conversation was set aside."""
    rule = None
    if conversation.aside_rule_id is not None:
        rule = db.session.get(NoiseRule, (conversation.organisation_id, conversation.aside_rule_id))
    if rule is None:
        return "Somebody set it aside."
    return {
        "author": f"Its author is blocked on this channel: {rule.label}.",
        "must": "It has none of the words that posts on this channel must have.",
    }.get(rule.kind, f"It has the words “{rule.label}”.")
