"""Reading a page of a mailbox: what its e-mails hold, what becomes of those that were read, where to go on."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from healthberry.connectors import email_items
from healthberry.connectors import email_reach as reach
from healthberry.connectors.base import Access, BadItem, InboundItem
from healthberry.connectors.email_box import Box, Stored
from healthberry.connectors.email_form import MOVED_TO
from healthberry.connectors.email_items import Parents
from healthberry.connectors.email_parts import Parsed, parse
from healthberry.connectors.email_walks import Walk
from healthberry.connectors.reading import Unreadable
from healthberry.connectors.text import clean

_SEEN: Final = b"\\Seen"
_LONGEST_RAW: Final = 20_000


@dataclass
class Found:
    """What a page of e-mails held; `kept` are the UIDs of its items."""

    items: list[InboundItem] = field(default_factory=list)
    bad: list[BadItem] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)

    def add(self, stored: Stored, item: InboundItem | None) -> None:
        """Take an item, once; None is an e-mail that is no part of a conversation."""
        if item is None:
            return
        self.kept.append(stored.uid)
        if all(one.remote_id != item.remote_id for one in self.items):
            self.items.append(item)


def read(box: Box, access: Access, uids: Sequence[int], *, sent: bool) -> Found:
    """Read e-mails one by one: what can't be read, and what no person wrote, is kept aside."""
    stored = [one for start in range(0, len(uids), 10) for one in box.fetch(uids[start : start + 10])]
    parents = Parents(lambda message_id: _head(box, message_id))
    for one in stored:
        parents.add(parse(one.raw))
    own = frozenset({reach.address(access), str(access.config.get("user", "")).lower()})
    found = Found()
    for one in stored:
        try:
            item = email_items.sent(one, own, parents) if sent else email_items.received(one, own, parents)
        except Unreadable as reason:
            found.bad.append(_bad(one, str(reason)))
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
            found.bad.append(_bad(one, f"It could not be read ({type(error).__name__})."))
        else:
            found.add(one, item)
    return found


def tidied(box: Box, access: Access, walk: Walk) -> Walk:
    """Mark or move what is kept by now; twice changes nothing."""
    uids = [uid for uid in walk.stored if isinstance(uid, int)]
    if uids and reach.after(access) != "leave":
        validity, _ = box.select(reach.folder(access), write=True)
        if validity == walk.inbox.validity and reach.after(access) == "read":
            box.flag(uids, _SEEN)
        elif validity == walk.inbox.validity:
            box.move(uids, MOVED_TO)
    return replace(walk, stored=())


def onward(walk: Walk, access: Access, more: bool) -> Walk:
    """Go on in the same folder, then in the one for sent e-mail where there is one, then to the end."""
    if more:
        return walk
    if walk.stage == "inbox" and access.config.get("sent"):
        return replace(walk, stage="sent")
    return replace(walk, stage="end")


def _head(box: Box, message_id: str) -> Parsed | None:
    found = box.fetch(box.named(message_id)[:1], head=True)
    return parse(found[0].raw) if found else None


def _bad(stored: Stored, reason: str) -> BadItem:
    raw = clean(stored.raw[: _LONGEST_RAW * 2].decode("utf-8", "replace"), _LONGEST_RAW)
    return BadItem(raw, reason, email_items.key(stored, parse(stored.raw)))
