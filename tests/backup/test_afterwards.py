"""After a restore nothing goes on as if nothing had happened since the backup."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet

from healthberry.backup import said, take
from healthberry.backup.restore import Restored, Restorer
from healthberry.core import scope, sending
from healthberry.extensions import db
from healthberry.local.postgres import Database
from healthberry.models.channels import Channel
from tests.backup.saved import KEY


@pytest.fixture
def restored(taken: take.Backup, restorer: Restorer) -> Restored:
    """The office, restored."""
    return restorer.restore(taken.path, KEY)


def _asked(database: Database, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.owner_url) as connection:
        return connection.execute(query.encode()).fetchall()


def test_replies_on_their_way_are_looked_for_before_anything_is_sent(restored: Restored, empty: Database) -> None:
    states = dict(_asked(empty, "SELECT text, state FROM replies"))
    rows = _asked(empty, "SELECT organisation_id, id FROM replies WHERE state = 'unknown' ORDER BY text")
    todo = []
    for organisation_id, reply_id in rows:
        scope.enter(organisation_id)
        claimed = sending.claim(organisation_id, reply_id)
        todo.append(claimed and claimed[1])
    db.session.rollback()

    assert restored.after.replies == 2
    assert states == {
        "Thank you, queued.": "unknown",
        "Thank you, sending.": "unknown",
        "Thank you, sent.": "sent",
    }
    assert todo == ["find", "find"]


def test_mails_that_waited_are_named_and_not_sent(restored: Restored, empty: Database) -> None:
    mails = _asked(empty, "SELECT state, reason FROM outbox_mails")

    assert len(mails) == 3
    assert {state for state, _ in mails} == {"skipped"}
    assert all("may have been sent before" in reason for _, reason in mails)
    assert len(restored.after.mails) == 3
    assert "\n".join(said.of_restore(restored)).count(restored.after.mails[0].email) == 3


def test_nothing_waits_for_a_worker_that_is_gone(restored: Restored, empty: Database) -> None:
    (channel,) = _asked(
        empty,
        "SELECT claimed_until, backfill_claimed_until, token_claimed_until, next_poll_at <= now(), reread_at"
        " FROM channels",
    )
    due = {kind for (kind,) in _asked(empty, "SELECT kind FROM due_work(now())")}

    assert channel == (None, None, None, True, None)
    assert {"poll", "reply"} <= due
    assert "mail" not in due


def test_everybody_signs_in_again(taken: take.Backup, restored: Restored, database: Database, empty: Database) -> None:
    before = _asked(database, "SELECT id, session_key FROM members")
    after = _asked(empty, "SELECT id, session_key FROM members")

    assert [row[0] for row in before] == [row[0] for row in after]
    assert [row[1] for row in before] != [row[1] for row in after]


def test_a_channel_that_is_never_asked_stays_so(
    office: Channel, owner: psycopg.Connection, database: Database, restorer: Restorer, empty: Database, tmp_path: Path
) -> None:
    owner.execute("UPDATE channels SET next_poll_at = NULL")
    path = take.take(database.owner_url, KEY, lambda _: tmp_path / "pushed", restorer.progress).path
    restorer.restore(path, KEY)

    assert _asked(empty, "SELECT next_poll_at FROM channels") == [(None,)]


def test_what_no_key_opens_is_named(
    office: Channel, owner: psycopg.Connection, database: Database, restorer: Restorer, empty: Database, tmp_path: Path
) -> None:
    owner.execute(
        "INSERT INTO organisation_details (organisation_id, alert_excerpts, discovery_problems, suppression_key)"
        " SELECT organisation_id, false, '[]', sealed_secrets FROM channels"
        " ON CONFLICT (organisation_id) DO UPDATE SET suppression_key = excluded.suppression_key"
    )
    path = take.take(database.owner_url, KEY, lambda _: tmp_path / "sealed", restorer.progress).path
    other = replace(restorer.settings, channel_keys=(Fernet.generate_key().decode(),))
    restored = replace(restorer, settings=other).restore(path, KEY)
    ((organisation_id, channel_id),) = _asked(empty, "SELECT organisation_id, id FROM channels")
    told = "\n".join(said.of_restore(restored))

    assert (restored.after.unopened, restored.after.forgetful) == ([channel_id], [organisation_id])
    assert (str(channel_id) in told, str(organisation_id) in told) == (True, True)
    assert restorer.restore(path, KEY, replace=True).after.forgetful == []


def test_the_operator_is_told_of_erasures_with_the_time_of_the_backup(restored: Restored) -> None:
    told = "\n".join(said.of_restore(restored))

    assert f"{restored.taken_at:%d %B %Y, %H:%M} UTC" in told
    assert "Erasures that were done since must be done again" in told
    assert restored.taken_at.utcoffset() == timedelta(0)
