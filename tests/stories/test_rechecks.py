"""What patients change or take back long after we read it leaves our screens as well."""

from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from healthberry.core import inbox
from healthberry.core.inbox import View
from healthberry.extensions import db
from healthberry.jobs import maintenance
from healthberry.local.mailbox import Mailbox
from healthberry.local.postgres import Database
from healthberry.models.channels import Channel
from healthberry.models.owned import now
from tests.sandbox_server import Sandbox
from tests.stories.loop import DOMAIN, TRUST, handle, member, sign_up

LONG_AGO = (now() - timedelta(days=60)).isoformat()  # polls look back thirty days at most


def _a_day_passes(database: Database, app: Flask, work: Callable[[], None]) -> None:
    """Let the time come to look again, and for nothing else: no poll."""
    engine = create_engine(database.owner_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        connection.execute(text("UPDATE channels SET recheck_at = now(), next_poll_at = now() + interval '1 day'"))
        connection.execute(text("UPDATE messages SET recheck_at = now() WHERE recheck_at IS NOT NULL"))
    engine.dispose()
    with app.app_context():
        maintenance.sweep()
    work()


def _shown(app: Flask) -> dict[str, bool]:
    with app.app_context():
        return {row.first_words: row.withdrawn for row in inbox.list_conversations(member(), View(), limit=100).rows}


def test_edits_and_withdrawals_on_care_opinion_and_x_appear_in_the_inbox(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    mailbox: Mailbox,
    database: Database,
    work: Callable[[], None],
    register: None,
) -> None:
    ours = handle(sandbox)
    stories = [
        sandbox.post("careopinion", words, ods_code=TRUST, posted_at=LONG_AGO)
        for words in ("The food was cold", "My private diagnosis", "A kind nurse")
    ]
    posts = [
        sandbox.post("x", words, handle=ours, posted_at=LONG_AGO)
        for words in ("Nobody answers the phone", "My private number", "Thank you all")
    ]
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    work()
    assert len(_shown(app)) == 6
    for channel, (edited, gone, _) in (("careopinion", stories), ("x", posts)):
        sandbox.control("PATCH", f"posts/{channel}/{edited}", json={"text": f"I was wrong about {channel}"})
        sandbox.control("DELETE", f"posts/{channel}/{gone}")

    _a_day_passes(database, app, work)

    shown = _shown(app)
    assert [words for words, withdrawn in shown.items() if "private" in words] == []
    assert sorted(words.removeprefix(f"@{ours} ") for words, withdrawn in shown.items() if not withdrawn) == [
        "A kind nurse",
        "I was wrong about careopinion",
        "I was wrong about x",
        "Thank you all",
    ]
    page = client.get("/inbox").get_data(as_text=True)
    assert "private" not in page
    assert page.count("Taken down at the source") >= 2


def test_a_look_that_fails_neither_stops_reading_nor_forgets_anything(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    mailbox: Mailbox,
    database: Database,
    work: Callable[[], None],
    register: None,
) -> None:
    story = sandbox.post("careopinion", "My private diagnosis", ods_code=TRUST, posted_at=LONG_AGO)
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    work()
    sandbox.control("DELETE", f"posts/careopinion/{story}")
    sandbox.fault("careopinion", "rate_limit")

    _a_day_passes(database, app, work)

    with app.app_context():
        member()
        channel = db.session.scalars(db.select(Channel).filter_by(kind="careopinion")).one()
        assert (channel.state, channel.failures_in_a_row) == ("active", 0)
    assert list(_shown(app)) == ["My private diagnosis"]

    _a_day_passes(database, app, work)

    assert list(_shown(app)) == [""]
