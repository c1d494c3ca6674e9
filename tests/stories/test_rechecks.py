"""What patients change or take back long after we read it leaves our screens as well."""

from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.local.postgres import Database
from healthberry.models.channels import Channel
from healthberry.models.owned import now
from tests.sandbox_server import Sandbox
from tests.stories.days import a_day_passes, what_shows
from tests.stories.loop import DOMAIN, TRUST, handle, member, sign_up

LONG_AGO = (now() - timedelta(days=60)).isoformat()  # polls look back thirty days at most


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
    assert len(what_shows(app)) == 6
    for channel, (edited, gone, _) in (("careopinion", stories), ("x", posts)):
        sandbox.control("PATCH", f"posts/{channel}/{edited}", json={"text": f"I was wrong about {channel}"})
        sandbox.control("DELETE", f"posts/{channel}/{gone}")

    a_day_passes(database, app, work)

    shown = what_shows(app)
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

    a_day_passes(database, app, work)

    with app.app_context():
        member()
        channel = db.session.scalars(db.select(Channel).filter_by(kind="careopinion")).one()
        assert (channel.state, channel.failures_in_a_row) == ("active", 0)
    assert list(what_shows(app)) == ["My private diagnosis"]

    a_day_passes(database, app, work)

    assert list(what_shows(app)) == [""]
