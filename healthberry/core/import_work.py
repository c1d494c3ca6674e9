"""What a worker does with an uploaded file: looks at it, checks its rows, imports all or none of them, erases them.

The file is parsed while no transaction is open. A worker that dies loses the file to the next one when its claim runs
out; a file that ends three workers is given up.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from itertools import islice
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from healthberry.connectors.base import Importer, InboundItem
from healthberry.connectors.errors import NotImported
from healthberry.connectors.imports import FileLook, FileReading, UnitCounts, Upload
from healthberry.core import channels, copies, events, import_checks, imports, ingest, summaries
from healthberry.core.errors import Conflict
from healthberry.extensions import db
from healthberry.models.channels import Author, Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.imports import WORKING, FftCounts, Import
from healthberry.models.organisations import Organisation
from healthberry.models.owned import now

_CLAIM = timedelta(seconds=300)
_MOST_ATTEMPTS = 3
_AT_ONCE = 500
_GIVEN_UP = "This file could not be read: it is damaged, or holds more than we can take in. Upload it in parts."
_DAY_OVER = "The file was kept for a day and then deleted. Upload it again."
Told = Callable[[int, int], None]


def claim(organisation_id: UUID, import_id: UUID) -> Import | None:
    """Become the one who works on this import; None when nothing is to be done, or somebody else is at it."""
    found = imports.with_content(organisation_id, import_id)
    if found is None or found.state not in WORKING or found.next_at > now():
        return None
    found.attempts += 1
    found.next_at = now() + _CLAIM
    if found.attempts > _MOST_ATTEMPTS and found.state != "undoing":
        fail(found, _GIVEN_UP)
        return None
    if found.content is None and found.state != "undoing":
        fail(found, _DAY_OVER)
        return None
    return found


def fail(found: Import, reason: str) -> None:
    """Give a file up, and say why."""
    found.state, found.reason, found.content, found.outcome = "failed", reason, None, {}


def importer_for(found: Import) -> Importer:
    """Return what reads this file. Raises: NotImported for a kind that takes none any more."""
    importer = imports.importer_of(channels.find(found.organisation_id, found.channel_id))
    if importer is None:
        raise NotImported("This kind of channel takes no files.")
    return importer


def upload_of(found: Import) -> Upload:
    """Return the file as importers take it."""
    return Upload(found.file_name, found.content or b"")


def answered(look: FileLook, answers: dict[str, str]) -> bool:
    """Say whether every question has an answer that it allows."""
    return all(answers.get(one.name, "") in dict(one.choices) for one in look.questions)


def keep_look(found: Import, look: FileLook) -> None:
    """Keep what is asked of the file: its member has to answer."""
    found.look = {"says": look.says, "questions": [_kept(asdict(one)) for one in look.questions]}
    found.state = "asking" if look.questions else "checking"
    if found.state == "checking":
        found.next_at, found.attempts = now(), 0


def keep_check(found: Import, reading: FileReading) -> None:
    """Keep what would become of its rows: its member decides."""
    channel = channels.find(found.organisation_id, found.channel_id)
    counts = _own(found.organisation_id, reading.counts)
    checked = import_checks.check(channel, reading)
    found.outcome = {**checked.outcome(reading), "counts": len(counts)}
    found.outcome["new"] += len(counts)
    found.state = "ready"


def carry_out(found: Import, reading: FileReading, told: Told) -> None:
    """Import every new row in this transaction; `told` is given how many of how many are stored.

    Raises: Conflict where the file may not be imported any more; NotImported where a row was refused.
    """
    channel = channels.find(found.organisation_id, found.channel_id, lock=True)
    _refuse_other(found, channel)
    checked = import_checks.check(channel, reading)
    if checked.refused:
        raise Conflict(checked.refused)
    items = [_marked(found, item, period) for item, period in checked.new]
    stored = _store(channel, items, told)
    counts = _own(found.organisation_id, reading.counts)
    _keep_counts(found, counts)
    if reading.archived:
        _archive(found)
    channel.items_loaded += stored
    channel.last_success_at = now()
    found.outcome = {**checked.outcome(reading), "preview": [], "counts": len(counts), "stored": stored}
    found.outcome["new"] += len(counts)
    found.state, found.content, found.finished_at, found.look = "done", None, now(), {}
    events.record(
        found.organisation_id, "backfill_progress", channel_id=channel.id, items=channel.items_loaded, imported=stored
    )


def erase_part(found: Import) -> bool:
    """Erase the next conversations that came with an import and all that belongs to them; return whether more is there.

    A conversation that holds something of elsewhere loses only what came with the import.
    """
    of_import = (Message.organisation_id == found.organisation_id, Message.channel_id == found.channel_id)
    ids = db.session.scalars(
        select(Message.conversation_id).where(*of_import, import_checks.is_of(found)).distinct().limit(_AT_ONCE)
    ).all()
    if not ids:
        _end_undo(found)
        return False
    channel = channels.find(found.organisation_id, found.channel_id, lock=True)
    here = (Message.organisation_id == found.organisation_id, Message.conversation_id.in_(ids))
    gone = db.session.scalar(select(func.count()).where(*here, import_checks.is_of(found))) or 0
    kept = _others(found, here)
    db.session.execute(delete(Message).where(*here, import_checks.is_of(found)))
    copies.forget(found.organisation_id, list(set(ids) - kept))
    db.session.execute(
        delete(Conversation).where(
            Conversation.organisation_id == found.organisation_id, Conversation.id.in_(set(ids) - kept)
        )
    )
    summaries.refresh(found.organisation_id, kept)
    channel.items_loaded = max(channel.items_loaded - gone, 0)
    found.next_at = now() + _CLAIM
    return True


def _others(found: Import, here: tuple[ColumnElement[bool], ...]) -> set[UUID]:
    """Return those conversations in which somebody said something that did not come with the import."""
    elsewhere = import_checks.is_of(found).is_not(True)
    others = select(Message.conversation_id).where(*here, elsewhere, Message.direction == "inbound")
    return set(db.session.scalars(others.distinct()))


def _end_undo(found: Import) -> None:
    here = (FftCounts.organisation_id == found.organisation_id, FftCounts.import_id == found.id)
    db.session.execute(delete(FftCounts).where(*here))
    _forget_authors(found)
    found.state, found.finished_at, found.outcome = "undone", now(), {}
    events.record(found.organisation_id, "channel_erased", channel_id=found.channel_id)


def _forget_authors(found: Import) -> None:
    """Forget authors of whom nothing is left."""
    written = select(Message.author_id).where(
        Message.organisation_id == found.organisation_id,
        Message.channel_id == found.channel_id,
        Message.author_id.is_not(None),
    )
    here = (Author.organisation_id == found.organisation_id, Author.channel_id == found.channel_id)
    db.session.execute(
        delete(Author).where(*here, Author.id.not_in(written)).execution_options(synchronize_session=False)
    )


def _refuse_other(found: Import, channel: Channel) -> None:
    if channel.state not in ("active", "failing"):
        raise Conflict("The channel was switched off or unlinked meanwhile, so nothing was imported.")
    here = (Import.organisation_id == found.organisation_id, Import.channel_id == channel.id)
    same = select(Import.id).where(*here, Import.sha256 == found.sha256, Import.state == "done")
    if db.session.scalar(same) is not None:
        raise Conflict("This very file was imported meanwhile.")


def _marked(found: Import, item: InboundItem, period: str) -> InboundItem:
    """Let an item say which import brought it, and of which days it is."""
    marks = {"import": str(found.id), **({"period": period} if period else {})}
    return replace(item, source={**item.source, **marks})


def _store(channel: Channel, items: Sequence[InboundItem], told: Told) -> int:
    stored, walk = 0, iter(items)
    while some := list(islice(walk, _AT_ONCE)):
        added = ingest.store_page(channel, some, backfill=True, imported=True).messages
        if added != len(some):
            raise NotImported("Our database refuses some of these rows. Nothing was imported.")
        stored += added
        told(stored, len(items))
    return stored


def _own(organisation_id: UUID, counts: Sequence[UnitCounts]) -> list[UnitCounts]:
    """Return the counts of the organisation and its sites; published tables hold everybody's."""
    code = db.session.get_one(Organisation, organisation_id).ods_code
    return [one for one in counts if code and one.code.startswith(code)]


def _keep_counts(found: Import, counts: Sequence[UnitCounts]) -> None:
    rows = [
        {
            "organisation_id": found.organisation_id,
            "month": one.month,
            "service": one.service,
            "level": one.level,
            "code": one.code,
            "name": one.name,
            "import_id": found.id,
            "suppressed": one.answers is None,
            **dict(zip(_ANSWERS, one.answers or (None,) * len(_ANSWERS), strict=True)),
        }
        for one in counts
    ]
    if rows:
        statement = insert(FftCounts)
        changed = {name: statement.excluded[name] for name in ("import_id", "suppressed", *_ANSWERS)}
        keys = ["organisation_id", "month", "service", "level", "code", "name"]
        db.session.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), rows)


_ANSWERS = ("very_good", "good", "neither", "poor", "very_poor", "dont_know")


def _archive(found: Import) -> None:
    """Close what came with an import: it is there to be read, and nobody has to act on it."""
    brought = select(Message.conversation_id).where(
        Message.organisation_id == found.organisation_id,
        Message.channel_id == found.channel_id,
        import_checks.is_of(found),
    )
    db.session.execute(
        update(Conversation)
        .where(
            Conversation.organisation_id == found.organisation_id,
            Conversation.id.in_(brought),
            Conversation.historic,
            Conversation.status == "open",
        )
        .values(status="closed", closed_reason="no_reply_needed")
        .execution_options(synchronize_session=False)
    )


def _kept(question: dict[str, object]) -> dict[str, object]:
    return {name: question[name] for name in ("name", "label", "hint", "choices", "default")}
