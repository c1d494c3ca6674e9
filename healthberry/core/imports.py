"""Uploading files: taken, looked at by a worker, asked about, checked, and only then imported; a day long taken back.

A worker does what takes time (import_work.py); here is what members see and decide.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import PurePosixPath
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import undefer

from healthberry.connectors.base import Importer
from healthberry.connectors.text import line
from healthberry.core import audit, channels, events, holds
from healthberry.core.errors import Conflict, Invalid, NotFound
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.imports import Import
from healthberry.models.organisations import Member
from healthberry.models.owned import now

LARGEST_BYTES = 10 * 1024 * 1024
KEPT = timedelta(days=1)
_MOST_WAITING = 20  # files of one organisation that are kept at once
_LISTED = 50
_LONGEST_ANSWER = 200


def channel_for(member: Member, channel_id: UUID) -> Channel:
    """Return the channel that files are uploaded to. Raises: NotFound, also for kinds that take none; NotAllowed."""
    channel = channels.find(member.organisation_id, channel_id)
    if importer_of(channel) is None:
        raise NotFound
    require(member, "manage")
    return channel


def importer_of(channel: Channel) -> Importer | None:
    """Return what reads the files of this channel, None where it takes none."""
    return channels.connector_of(channel).importer()


def upload(member: Member, channel_id: UUID, name: str, content: bytes) -> Import:
    """Keep a file for a worker to look at; nothing of it is in the inbox yet.

    Raises: NotFound; NotAllowed; Invalid for a file of another kind, an empty or too large one; Conflict where the very
    same file was imported before, the channel is off, or too many files wait already.
    """
    channel = channel_for(member, channel_id)
    if channel.state not in ("active", "failing"):
        raise Conflict("This channel is switched off. Switch it on before you upload a file.")
    shown = line(PurePosixPath(name.replace("\\", "/")).name, 200)
    _check_file(channels.capabilities_of(channel.kind).imports, shown, content)
    digest = hashlib.sha256(content).hexdigest()
    refuse_same_file(channel, digest)
    if _waiting(member.organisation_id) >= _MOST_WAITING:
        raise Conflict("Too many files wait to be imported. Import or remove some of them first.")
    made = Import(
        organisation_id=member.organisation_id,
        channel_id=channel.id,
        member_id=member.id,
        member_name=member.name,
        file_name=shown,
        size_bytes=len(content),
        sha256=digest,
        content=content,
    )
    db.session.add(made)
    db.session.flush()
    _work(made, "reading")
    audit.did(member, "file_uploaded", "channel", channel.id, import_id=str(made.id), size_bytes=len(content))
    return made


def find(member: Member, import_id: UUID, *, lock: bool = False) -> Import:
    """Return an import. Raises: NotFound, NotAllowed."""
    found = db.session.get(Import, (member.organisation_id, import_id), with_for_update=lock or None)
    if found is None:
        raise NotFound
    require(member, "manage")
    return found


def imports_of(member: Member, channel: Channel) -> Sequence[Import]:
    """Return what was uploaded to a channel, the newest first."""
    of_channel = (Import.organisation_id == member.organisation_id, Import.channel_id == channel.id)
    statement = select(Import).where(*of_channel).order_by(Import.made_at.desc(), Import.id.desc()).limit(_LISTED)
    return db.session.scalars(statement).all()


def answer(member: Member, import_id: UUID, given: Mapping[str, str]) -> Import:
    """Keep what was chosen for the questions of the file, and have its rows checked.

    Raises: NotFound; NotAllowed; Invalid with the question that is open; Conflict where nothing is asked.
    """
    found = find(member, import_id, lock=True)
    if found.state != "asking":
        raise Conflict("Nothing is asked about this file any more. Look at how it stands.")
    answers = {}
    for question in found.look.get("questions", []):
        chosen = given.get(question["name"], "")[:_LONGEST_ANSWER]
        if chosen not in {value for value, _ in question["choices"]}:
            raise Invalid(f"Choose: {question['label']}", question["name"])
        answers[question["name"]] = chosen
    found.answers = answers
    _work(found, "checking")
    return found


def ask_again(member: Member, import_id: UUID) -> Import:
    """Go back to the questions of a file that was checked. Raises: NotFound, NotAllowed, Conflict."""
    found = find(member, import_id, lock=True)
    if found.state != "ready":
        raise Conflict("This file is past its questions. Look at how it stands.")
    found.state, found.outcome = "asking", {}
    _changed(found)
    return found


def start(member: Member, import_id: UUID) -> Import:
    """Have a checked file imported, all of it or nothing; again: nothing happens.

    Raises: NotFound; NotAllowed; Conflict where it is not ready, or not to be imported.
    """
    found = find(member, import_id, lock=True)
    if found.state in ("importing", "done"):
        return found
    if found.state != "ready" or found.outcome.get("refused") or not found.outcome.get("new"):
        raise Conflict("This file cannot be imported as it is. Look at how it stands.")
    _work(found, "importing")
    _did(member, "import_started", found)
    return found


def drop(member: Member, import_id: UUID) -> UUID:
    """Forget a file that was not imported; return its channel's id. Raises: NotFound, NotAllowed, Conflict."""
    found = find(member, import_id, lock=True)
    if found.state in ("importing", "done", "undoing", "undone"):
        raise Conflict("This file is imported already. You can take the import back instead.")
    channel_id = found.channel_id
    db.session.delete(found)
    db.session.flush()
    _did(member, "file_removed", found)
    return channel_id


def can_undo(found: Import) -> bool:
    """Say whether an import can still be taken back: for a day after it was done."""
    return found.state == "done" and found.finished_at is not None and now() - found.finished_at < KEPT


def undo(member: Member, import_id: UUID) -> Import:
    """Have everything erased that came with an import, within a day; again: nothing happens.

    Raises: NotFound; NotAllowed; Conflict after a day, and under a legal hold.
    """
    found = find(member, import_id, lock=True)
    if found.state in ("undoing", "undone"):
        return found
    if not can_undo(found):
        raise Conflict("An import can be taken back for a day after it was done. This one stays.")
    holds.refuse_erasing(channels.find(member.organisation_id, found.channel_id, lock=True))
    _work(found, "undoing")
    _did(member, "import_taken_back", found)
    return found


def forget_old() -> None:
    """Forget files that nobody came back to for a day, of all organisations."""
    db.session.execute(text("SELECT forget_imports(:before)"), {"before": now() - KEPT})


def told_key(import_id: UUID) -> str:
    """Return under which name it is told how far an import is."""
    return f"hb:import:{import_id}"


def refuse_same_file(channel: Channel, digest: str) -> None:
    """Raise Conflict where this very file is in the channel already, or on its way into it."""
    statement = select(Import).where(
        Import.organisation_id == channel.organisation_id,
        Import.channel_id == channel.id,
        Import.sha256 == digest,
        Import.state.in_(("importing", "done", "undoing")),
    )
    before = db.session.scalars(statement.limit(1)).first()
    if before is not None:
        raise Conflict(f"This very file was imported already, by {before.member_name} on {_day(before)}.")


def with_content(organisation_id: UUID, import_id: UUID) -> Import | None:
    """Return an import with its file, locked; None where it is gone."""
    here = (Import.organisation_id == organisation_id, Import.id == import_id)
    return db.session.scalar(select(Import).where(*here).options(undefer(Import.content)).with_for_update())


def _day(found: Import) -> str:
    at = found.finished_at or found.made_at
    return f"{at.day} {at:%B %Y}"


def _check_file(endings: Sequence[str], name: str, content: bytes) -> None:
    if not content:
        raise Invalid("Choose a file that is not empty.", "file")
    if len(content) > LARGEST_BYTES:
        raise Invalid(f"The file is larger than {LARGEST_BYTES // 1024 // 1024} MB. Upload it in parts.", "file")
    if not name.lower().endswith(tuple(endings)):
        raise Invalid(f"Choose a file that ends in {' or '.join(endings)}.", "file")


def _waiting(organisation_id: UUID) -> int:
    kept = select(func.count()).where(Import.organisation_id == organisation_id, Import.content.is_not(None))
    return db.session.scalar(kept) or 0


def _work(found: Import, state: str) -> None:
    """Hand it to a worker."""
    found.state, found.next_at, found.attempts, found.reason = state, now(), 0, ""
    _changed(found)


def _did(member: Member, action: str, found: Import) -> None:
    audit.did(member, action, "channel", found.channel_id, import_id=str(found.id))


def _changed(found: Import) -> None:
    db.session.flush()
    events.tell(
        events.Event(found.organisation_id, 0, "import_waiting", channel_id=found.channel_id, subject_id=found.id)
    )
