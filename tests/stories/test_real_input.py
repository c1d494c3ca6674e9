"""The main job on what people really wrote: 6,000 comments as past reviews of a real trust."""

import csv
import io
import logging
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from healthberry.core import inbox
from healthberry.core.inbox import View
from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.models.channels import Channel
from healthberry.models.conversations import Message
from tests.sandbox_server import Sandbox
from tests.stories.loop import DOMAIN, TRUST, answer_by_link, member, sign_up

log = logging.getLogger("real")

FEEDBACK = Path(__file__).resolve().parents[3] / "shared" / "data" / "feedback"
WANTED = 6_000

pytestmark = [
    pytest.mark.real,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not FEEDBACK.exists(), reason="the texts that people really wrote are not on this machine"),
]


def _comments() -> tuple[str, str]:
    """Return the name of the column with the words, and a CSV of the first comments that have any."""
    kept: list[str] = []
    for path in sorted(FEEDBACK.glob("*.csv")):
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
        column = max(rows[0], key=lambda name: sum(len(row[name] or "") for row in rows[:500]))
        kept += [row[column] for row in rows if (row[column] or "").strip()]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["comment"])
    writer.writerows([comment] for comment in kept[:WANTED])
    assert len(kept) >= WANTED
    return "comment", text.getvalue()


def test_what_people_really_wrote_is_neither_lost_nor_doubled_and_can_be_found_and_answered(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    mailbox: Mailbox,
    work: Callable[[], None],
    tick: Callable[[], None],
    register: None,
) -> None:
    column, text = _comments()
    log.info("%s real comments become past reviews of %s", WANTED, TRUST)
    for channel, start, count in (("nhsuk", 0, 4_000), ("careopinion", 4_000, 2_000)):
        body = {
            "channel": channel,
            "ods_code": TRUST,
            "csv": text,
            "text_column": column,
            "start": start,
            "count": count,
        }
        assert sandbox.control("POST", "corpus", json=body)["loaded"] == count
    sandbox.fault("nhsuk", "duplicate_delivery", times=3)
    sandbox.fault("careopinion", "truncated_body", times=1)

    log.info("Signing up as %s, with duplicates and a cut page on the way", TRUST)
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    ends = time.monotonic() + 200
    while not _loaded(app) and time.monotonic() < ends:
        tick()
        log.info("loaded: NHS.UK %s, Care Opinion %s", len(_stored(app, "nhsuk")), len(_stored(app, "careopinion")))

    assert _stored(app, "nhsuk") == _served(sandbox, "nhsuk")
    assert _stored(app, "careopinion") == _served(sandbox, "careopinion")
    assert len(_stored(app, "nhsuk")) + len(_stored(app, "careopinion")) == WANTED
    with app.app_context():
        page = inbox.list_conversations(member(), View(q="ambulance"))
        assert page.rows
        log.info(
            "the set of stored ids equals the set served; a search for a word finds %s on its first page",
            len(page.rows),
        )
        assert all("ambulance" in "".join(words for words, _ in row.snippet or []).lower() for row in page.rows[:5])
    mailbox.clear()
    story = sandbox.post("careopinion", "The ward was spotless", title="Clean ward", ods_code=TRUST)
    answer_by_link(client, mailbox, sandbox, tick, story)
    assert [reply["text"] for reply in sandbox.seen("careopinion", story)["replies"]] == ["Thank you for telling us."]
    assert len(_stored(app, "careopinion")) == 2_002
    log.info("a new story was mailed, opened by its link, answered, and confirmed on the site")


def _loaded(app: Flask) -> bool:
    with app.app_context():
        member()
        states = db.session.scalars(db.select(Channel.backfill_state)).all()
        return len(states) >= 2 and set(states) == {"done"}


def _stored(app: Flask, kind: str) -> set[str]:
    with app.app_context():
        member()
        ours = db.select(Channel.id).filter_by(kind=kind)
        remote_ids = list(db.session.scalars(db.select(Message.remote_id).where(Message.channel_id.in_(ours))))
    assert len(remote_ids) == len(set(remote_ids))
    return set(remote_ids)


def _served(sandbox: Sandbox, channel: str) -> set[str]:
    return set(sandbox.control("GET", f"posts/{channel}", params={"ods_code": TRUST})["remote_ids"])
