"""What is raw of an erased author: pieces that nothing could read, deliveries, files that wait, filters."""

import re
from collections import Counter
from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from healthberry.core import quarantine
from healthberry.extensions import db
from healthberry.models.channels import Author, Channel, QuarantinedItem
from healthberry.models.conversations import NoiseRule
from healthberry.models.imports import Import
from healthberry.models.pushes import PushDelivery

_SHORTEST = 5  # letters of an id that is looked for in raw pieces: a shorter one would be found in everybody's
_WAITING = ("reading", "asking", "checking", "ready", "failed")
_AT_ONCE = 500


def forget_raw(channel: Channel, remote_ids: Collection[str]) -> None:
    """Delete what is kept raw under these very ids."""
    quarantine.forget(channel, remote_ids)


def forget_author(channel: Channel, author: Author) -> Counter[str]:
    """Delete raw pieces that name the author, files that may, and a filter that blocks them; return counts.

    A piece is theirs where their id, handle or address stands in it as a word of its own. A name is not looked for:
    others have it too.
    """
    counts: Counter[str] = Counter()
    if named := _naming(author):
        counts["pieces"] = _forget_pieces(channel, named)
        counts["deliveries"] = len(
            _delete(PushDelivery, channel, _naming_ids(PushDelivery, PushDelivery.body, channel, named))
        )
    mine = (Import.organisation_id == channel.organisation_id, Import.channel_id == channel.id)
    waiting = delete(Import).where(*mine, Import.state.in_(_WAITING)).returning(Import.id)
    counts["uploads"] = len(db.session.scalars(waiting.execution_options(synchronize_session=False)).all())
    blocked = (NoiseRule.organisation_id == channel.organisation_id, NoiseRule.channel_id == channel.id)
    theirs = (NoiseRule.kind == "author", NoiseRule.value == (author.remote_id or ""))
    db.session.execute(delete(NoiseRule).where(*blocked, *theirs).execution_options(synchronize_session=False))
    return counts


def _forget_pieces(channel: Channel, named: re.Pattern[str]) -> int:
    ids = _naming_ids(QuarantinedItem, QuarantinedItem.raw, channel, named)
    gone = len(_delete(QuarantinedItem, channel, ids))
    if gone:
        channel.items_quarantined = Channel.items_quarantined - gone
        db.session.flush()
    return gone


def _naming(author: Author) -> re.Pattern[str] | None:
    handle = author.screen_name if author.screen_name.startswith("@") else None
    names = {name for name in (author.remote_id, handle, author.url) if name and len(name) >= _SHORTEST}
    if not names:
        return None
    return re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in sorted(names)))


def _naming_ids(model: Any, raw: Any, channel: Channel, named: re.Pattern[str]) -> list[UUID]:
    """Return the ids of the channel's pieces that name them, reading a few hundred at a time."""
    found: list[UUID] = []
    after: UUID | None = None
    while True:
        mine = select(model.id, raw).where(
            model.organisation_id == channel.organisation_id, model.channel_id == channel.id
        )
        more = mine if after is None else mine.where(model.id > after)
        rows = db.session.execute(more.order_by(model.id).limit(_AT_ONCE)).all()
        found += [row[0] for row in rows if named.search(row[1])]
        if len(rows) < _AT_ONCE:
            return found
        after = rows[-1][0]


def _delete(model: Any, channel: Channel, ids: Collection[UUID]) -> list[UUID]:
    gone = delete(model).where(model.organisation_id == channel.organisation_id, model.id.in_(ids)).returning(model.id)
    return list(db.session.scalars(gone.execution_options(synchronize_session=False)))
