"""A channel is unlinked and all that it brought erased, while life goes on at its source."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from healthberry.core import channels
from healthberry.local.mailbox import Mailbox
from tests.sandbox_server import Sandbox
from tests.stories.days import rows
from tests.stories.loop import DOMAIN, TRUST, member, sign_up


def test_an_erased_channel_is_empty_stays_away_and_reads_anew_when_it_is_linked_again(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    mailbox: Mailbox,
    work: Callable[[], None],
    tick: Callable[[], None],
    register: None,
) -> None:
    sandbox.post("careopinion", "Nobody told us why Mum was moved", ods_code=TRUST, posted_at="2026-04-01T10:00:00Z")
    sandbox.post("nhsuk", "A kind nurse in the night", ods_code=TRUST, posted_at="2026-03-01T10:00:00Z")
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    work()
    with app.app_context():
        unlinked = next(one.id for one in channels.channels_of(member()) if one.kind == "careopinion")

    client.post(f"/channels/{unlinked}/unlink", data={"keep": "erased"})
    work()
    assert _texts(app) == ["A kind nurse in the night"]

    sandbox.post("careopinion", "Written after the unlinking", ods_code=TRUST)
    tick()
    assert _texts(app) == ["A kind nurse in the night"]

    client.post(f"/channels/{unlinked}/on")
    work()
    assert sorted(_texts(app)) == [
        "A kind nurse in the night",
        "Nobody told us why Mum was moved",
        "Written after the unlinking",
    ]


def _texts(app: Flask) -> list[str]:
    return [row.first_words for row in rows(app)]
