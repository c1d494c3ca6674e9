"""What would become of a file's rows: new, known, or not usable, and whether the file may be imported at all."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, select

from healthberry.connectors.base import InboundItem
from healthberry.connectors.imports import FileReading, ReadRow
from healthberry.connectors.text import line
from healthberry.core import expiry, suppression
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Message
from healthberry.models.imports import Import

_PREVIEWED = 20
_AT_ONCE = 5_000
_REASONS = 200
_SHOWN_WORDS = 200
_NOT_KEPT = "It is older than what you keep, or was erased on request."


@dataclass
class Checked:
    """The items of a file that are new, with their periods; `known` and `unusable` count the others."""

    new: list[tuple[InboundItem, str]] = field(default_factory=list)
    known: int = 0
    unusable: list[tuple[str, str]] = field(default_factory=list)
    preview: list[dict[str, str]] = field(default_factory=list)
    refused: str = ""

    def outcome(self, reading: FileReading) -> dict[str, Any]:
        """Return all of it as it is kept and shown."""
        reasons = Counter(reason for _, reason in self.unusable)
        return {
            "new": len(self.new),
            "known": self.known,
            "unusable": len(self.unusable),
            "reasons": [[place, reason] for place, reason in self.unusable[:_REASONS]],
            "grouped": [[reason, number] for reason, number in reasons.most_common(10)],
            "counts": len(reading.counts),
            "notes": list(reading.notes),
            "preview": self.preview,
            "refused": self.refused,
        }


def check(channel: Channel, reading: FileReading) -> Checked:
    """Compare a file with what the channel holds; nothing changes."""
    items = [row.item for row in reading.rows if row.item]
    known = _known(channel, [item.remote_id for item in items])
    kept = {item.remote_id for item in expiry.lasting(channel, suppression.sift(channel, items).items)}
    checked = Checked()
    seen: dict[str, str] = {}
    for row in reading.rows:
        one = ReadRow(row.place, reason=_NOT_KEPT) if row.item and row.item.remote_id not in kept else row
        becomes = _sort(one, known, seen, checked)
        if len(checked.preview) < _PREVIEWED:
            checked.preview.append(_shown(one, becomes))
    checked.refused = _refusal(channel, reading, checked)
    return checked


def _sort(row: ReadRow, known: Collection[str], seen: dict[str, str], checked: Checked) -> str:
    """Put a row where it belongs; return in words what becomes of it."""
    if row.item is None:
        checked.unusable.append((row.place, row.reason))
        return row.reason
    if row.item.remote_id in seen:
        reason = f"It has the same number as {seen[row.item.remote_id].lower()}."
        checked.unusable.append((row.place, reason))
        return reason
    seen[row.item.remote_id] = row.place
    if row.item.remote_id in known:
        checked.known += 1
        return "Here already"
    checked.new.append((row.item, row.period))
    return "New"


def _shown(row: ReadRow, becomes: str) -> dict[str, str]:
    item = row.item
    if item is None:
        return {"place": row.place, "becomes": becomes, "said": "", "at": "", "rating": "", "unit": ""}
    rating = f"{item.ratings[0].value:g} of {item.ratings[0].out_of:g}" if item.ratings else ""
    return {
        "place": row.place,
        "becomes": becomes,
        "said": line(item.text, _SHOWN_WORDS),
        "at": item.posted_at.isoformat(),
        "rating": rating,
        "unit": item.service_name or item.service_code or "",
    }


def _known(channel: Channel, remote_ids: Sequence[str]) -> set[str]:
    """Return those of the ids that the channel has already."""
    found: set[str] = set()
    for some in _parts(remote_ids):
        here = (Message.organisation_id == channel.organisation_id, Message.channel_id == channel.id)
        found.update(db.session.scalars(select(Message.remote_id).where(*here, Message.remote_id.in_(some))))
    return found


def _refusal(channel: Channel, reading: FileReading, checked: Checked) -> str:
    """Say why days that were imported before may not come again: the file holds something new of them, but not all that
    is here, so it is no larger export of the same and would double what is there.
    """
    periods = {period for _, period in checked.new if period}
    if not periods:
        return ""
    offered = {row.item.remote_id for row in reading.rows if row.item}
    lost: Counter[str] = Counter()
    for period, remote_id in _of_periods(channel, periods):
        if remote_id not in offered:
            lost[period] += 1
    if not lost:
        return ""
    days = sorted({period.split(" ")[0] for period in lost})
    between = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return (
        f"{sum(lost.values()):,} comments of {between} were imported before and are not in this file, which has other "
        "ones of the same days. To import both would count people twice. Check that the same columns are chosen as the "
        "last time, or take the earlier import back first."
    )


def _of_periods(channel: Channel, periods: Collection[str]) -> Iterable[tuple[str, str]]:
    period = Message.source["period"].astext
    here = (Message.organisation_id == channel.organisation_id, Message.channel_id == channel.id)
    for some in _parts(sorted(periods)):
        statement = select(period, Message.remote_id).where(*here, period.in_(some))
        yield from ((str(one), remote_id) for one, remote_id in db.session.execute(statement))


def _parts(values: Sequence[str]) -> Iterable[list[str]]:
    walk = iter(values)
    while some := list(islice(walk, _AT_ONCE)):
        yield some


def is_of(found: Import) -> ColumnElement[bool]:
    """Return the condition that a message came with this import."""
    condition: ColumnElement[bool] = Message.source["import"].astext == str(found.id)
    return condition
