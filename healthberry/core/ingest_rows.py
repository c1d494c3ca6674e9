"""What a page becomes in rows: its authors, the conversation of each thread, and the messages that are new."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from healthberry.connectors.base import Capabilities, InboundItem
from healthberry.core import attachments, register
from healthberry.core.bulk import insert_unknown, look_up
from healthberry.core.channels import capabilities_of
from healthberry.core.details import source_of
from healthberry.core.recheck_times import next_recheck
from healthberry.extensions import db
from healthberry.models.channels import Author, Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.organisations import Organisation
from healthberry.models.owned import new_id, now

_FIRST_WORDS = 200
_FUTURE = timedelta(minutes=10)


def authors(channel: Channel, items: Sequence[InboundItem]) -> dict[str, UUID]:
    """Store who wrote these, and return their ids by the channel's."""
    known = {item.author.remote_id: item.author for item in items if item.author.remote_id}
    if not known:
        return {}
    rows = [
        {
            "organisation_id": channel.organisation_id,
            "id": new_id(),
            "channel_id": channel.id,
            "remote_id": remote_id,
            "screen_name": author.screen_name,
            "url": author.url,
        }
        for remote_id, author in sorted(known.items())
    ]
    insert_unknown(Author, rows, "id")
    found = look_up(channel, Author.remote_id, known, Author.remote_id, Author.id)
    return {row.remote_id: row.id for row in found}


def conversations(
    channel: Channel, items: Sequence[InboundItem], *, historic: bool
) -> tuple[dict[str, UUID], dict[UUID, InboundItem]]:
    """Store what threads are new; return the conversation of each thread, and with what each new one begins."""
    if not items:
        return {}, {}
    firsts: dict[str, InboundItem] = {}
    for item in items:
        first = firsts.get(item.thread_id)
        if first is None or (item.direction, item.posted_at) < (first.direction, first.posted_at):
            firsts[item.thread_id] = item
    services = _services(channel, firsts.values())
    rows = [
        _conversation_row(channel, first, historic) | services.get(first.service_code or "", {})
        for _, first in sorted(firsts.items())
        if first.direction == "inbound"
    ]
    wanted = Conversation.remote_thread_id
    new = {row.remote_thread_id: row.id for row in insert_unknown(Conversation, rows, "remote_thread_id", "id")}
    known = look_up(channel, wanted, firsts.keys() - new.keys(), wanted, Conversation.id)
    threads = new | {row.remote_thread_id: row.id for row in known}
    return threads, {conversation_id: firsts[name] for name, conversation_id in new.items()}


def _services(channel: Channel, firsts: Collection[InboundItem]) -> dict[str, dict[str, str | None]]:
    """Name the sites by the register, where the channel gives only their codes; the organisation itself is no site.

    Some codes carry the name of a service behind the site's: "RXX01 outpatients".
    """
    codes = {item.service_code for item in firsts if item.service_code}
    if not codes:
        return {}
    owner = db.session.get_one(Organisation, channel.organisation_id)
    known = register.names(db.session(), {code.split(" ")[0] for code in codes})
    named: dict[str, dict[str, str | None]] = {}
    for code in codes:
        site, _, service = code.partition(" ")
        if code == owner.ods_code:
            named[code] = {"service_code": None, "service_name": None}
        elif site in known:
            named[code] = {"service_name": f"{known[site]}, {service}" if service else known[site]}
    return named


def _conversation_row(channel: Channel, first: InboundItem, historic: bool) -> dict[str, Any]:
    rating = first.ratings[0] if first.ratings else None
    posted_at = not_in_future(first.posted_at)
    return {
        "organisation_id": channel.organisation_id,
        "id": new_id(),
        "channel_id": channel.id,
        "channel_kind": channel.kind,
        "remote_thread_id": first.thread_id,
        "screen_name": first.author.screen_name,
        "title": first.title,
        "first_words": _first_words(first.text),
        "url": first.url,
        "rating": rating.value if rating else None,
        "rating_out_of": rating.out_of if rating else None,
        "service_code": first.service_code,
        "service_name": first.service_name,
        "author_role": first.author_role,
        "experienced": first.experienced,
        "syndication_key": first.syndication_key,
        "status": "open",
        "copy_parted": False,
        "also_on": [],
        "historic": historic,
        "withdrawn": False,
        "replied": False,
        "version": 1,
        "started_at": posted_at,
        "last_activity_at": posted_at if historic else now(),  # what is live comes on top of the list
        "arrived_at": now(),
    }


def messages(
    channel: Channel,
    items: Sequence[InboundItem],
    writers: Mapping[str, UUID],
    threads: Mapping[str, UUID],
    *,
    historic: bool,
) -> tuple[Sequence[Row[Any]], list[InboundItem]]:
    """Store what messages are new, all in `threads`; return conversation_id and direction of each, and the known items.

    An id that comes twice is one message, as it came last.
    """
    unique = {item.remote_id: item for item in items}
    rules = capabilities_of(channel.kind)
    rows = [
        _message_row(channel, item, writers, threads, historic) | {"recheck_at": _first_recheck(rules, item)}
        for _, item in sorted(unique.items())
    ]
    added = insert_unknown(Message, rows, "remote_id", "conversation_id", "direction", "id")
    for row in added:
        attachments.keep(channel.organisation_id, row.id, unique[row.remote_id].files)
    new = {row.remote_id for row in added}
    return added, [item for remote_id, item in unique.items() if remote_id not in new]


def _first_recheck(rules: Capabilities, item: InboundItem) -> datetime | None:
    """Only what others wrote is looked at again: our own answers are not listed by their ids everywhere."""
    return next_recheck(rules, item.posted_at, now()) if item.direction == "inbound" else None


def _message_row(
    channel: Channel, item: InboundItem, writers: Mapping[str, UUID], threads: Mapping[str, UUID], historic: bool
) -> dict[str, Any]:
    message_id = new_id()
    return {
        "organisation_id": channel.organisation_id,
        "id": message_id,
        "conversation_id": threads[item.thread_id],
        "channel_id": channel.id,
        "remote_id": item.remote_id,
        "also_id": item.also or None,
        "direction": item.direction,
        "author_id": writers.get(item.author.remote_id or ""),
        "screen_name": item.author.screen_name,
        "title": item.title,
        "text": item.text,
        "in_reply_to": item.in_reply_to,
        "ratings": ratings_of(item),
        "attachments": [*(dict(one) for one in item.attachments), *attachments.named(message_id, item.files)],
        "url": item.url,
        "source": source_of(item, {}),
        "may_not_reply": item.may_not_reply,
        "historic": historic,
        "posted_at": not_in_future(item.posted_at),
        "received_at": now(),
    }


def ratings_of(item: InboundItem) -> list[dict[str, Any]]:
    """Return the ratings as a message keeps them."""
    return [{"name": r.name, "value": r.value, "out_of": r.out_of} for r in item.ratings]


def _first_words(text: str) -> str:
    return " ".join(text[: _FIRST_WORDS * 2].split())[:_FIRST_WORDS]


def not_in_future(moment: datetime) -> datetime:
    """A provider's clock may be wrong: nothing stays on top of the list because it claims to be from tomorrow."""
    return min(moment, now() + _FUTURE)
