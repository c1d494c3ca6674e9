"""Working on uploaded files: what takes time, step by step, each in a transaction of its own."""

import json
from uuid import UUID

from flask import current_app
from redis.exceptions import RedisError

from healthberry.connectors.errors import NotImported
from healthberry.core import events, import_work, imports, scope
from healthberry.core.errors import Conflict
from healthberry.core.events import commit
from healthberry.extensions import db
from healthberry.jobs.base import job
from healthberry.models.imports import Import

_TOLD_SECONDS = 600


@job("backfill", timeout_seconds=280, kind="import")
def work(organisation: str, import_id: str) -> None:
    """Do what this import waits for: look at the file, check it, import it or take it back."""
    organisation_id = UUID(organisation)
    scope.enter(organisation_id)
    found = import_work.claim(organisation_id, UUID(import_id))
    if found is None:
        commit()
        return
    if found.state == "undoing":
        _erase(found)
        return
    try:
        _take_in(found)
    except (NotImported, Conflict) as error:
        events.forget()
        found = imports.with_content(organisation_id, UUID(import_id))
        if found is not None:
            import_work.fail(found, error.reason)
    commit()
    if found is not None and found.state == "checking":
        work.nudge(organisation, import_id)


def _take_in(found: Import) -> None:
    importer, upload = import_work.importer_for(found), import_work.upload_of(found)
    state, answers, ids = found.state, dict(found.answers), (found.organisation_id, found.id)
    commit()  # the file is parsed while no connection is held
    look = importer.look(upload, answers)
    reading = importer.read(upload, answers) if state != "reading" and import_work.answered(look, answers) else None
    again = imports.with_content(*ids)
    if again is None or again.state != state:
        return  # somebody dropped it meanwhile
    if reading is None:
        import_work.keep_look(again, look)
    elif state == "checking":
        import_work.keep_check(again, reading)
    else:
        import_work.carry_out(again, reading, lambda stored, total: _tell(ids[1], stored, total))


def _erase(found: Import) -> None:
    more = True
    while more:
        more = import_work.erase_part(found)
        commit()
        db.session.refresh(found)


def _tell(import_id: UUID, stored: int, total: int) -> None:
    """Let the page show how far it is; the transaction itself shows nothing before its end."""
    try:
        current_app.extensions["valkey"].set(imports.told_key(import_id), json.dumps([stored, total]), ex=_TOLD_SECONDS)
    except RedisError:
        return
