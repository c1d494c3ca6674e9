"""A source that stops: the pages say so, administrators get one mail, and one more when it is read again."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from healthberry.local.mailbox import Mailbox
from healthberry.local.postgres import Database
from tests.sandbox_server import Sandbox
from tests.stories.days import later

TIME_PASSES = (
    "UPDATE channels SET last_success_at = last_success_at - interval '25 minutes',"
    " watched_from = watched_from - interval '1 day', next_poll_at = now() WHERE kind = 'nhsuk'"
)


def subjects(mailbox: Mailbox) -> list[str]:
    """Return the subjects of the mails about a silent channel."""
    return sorted(one.headers["Subject"] for one in mailbox.messages() if "NHS.UK is" in one.headers["Subject"])


def test_a_source_that_stops_is_noticed_told_once_and_told_once_more_when_it_is_over(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    mailbox: Mailbox,
    database: Database,
    work: Callable[[], None],
    tick: Callable[[], None],
    organisation: None,
) -> None:
    work()
    assert "has not been read" not in client.get("/settings").text
    sandbox.control("POST", "faults", json={"channel": "nhsuk", "kind": "server_error", "times": 1000})

    later(database, app, work, TIME_PASSES)
    assert "NHS.UK has not been read since" in client.get("/settings").text
    tick()
    tick()
    assert subjects(mailbox) == ["NHS.UK is not read at present"]

    sandbox.control("DELETE", "faults")
    tick()
    tick()
    assert "has not been read" not in client.get("/settings").text
    assert subjects(mailbox) == ["NHS.UK is not read at present", "NHS.UK is read again"]
