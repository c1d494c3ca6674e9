"""Care Connect's address: linked from the pages, problems taken with their pictures, answered by e-mail."""

import base64
import re
from io import BytesIO
from typing import NamedTuple
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from werkzeug.test import TestResponse

from healthberry.connectors.reading import withdrawn
from healthberry.core import ingest, scope
from healthberry.extensions import db
from healthberry.jobs import pushes
from healthberry.models.attachments import Attachment
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.pushes import PushDelivery
from tests.world import World

PROBLEM = {
    "organisation": "RXX01",
    "commissioned": "0",
    "category": "parking",
    "description": "No disabled bays",
    "reporter_name": "A Person",
    "reporter_email": "a@example.org",
    "source": "phone",
}


class Linked(NamedTuple):
    """A channel as its linking showed it."""

    organisation_id: UUID
    id: UUID
    user: str
    password: str
    page: str


@pytest.fixture
def linked(client: FlaskClient, world: World) -> Linked:
    organisation = world.organisation()
    world.signed_in(client, world.member(organisation))
    page = client.post("/channels/add/careconnect", data={"codes": "RXX\nRXX01"}).text
    user = re.search(r"cc-[0-9a-f]{12}", page)
    password = re.search(r"(?<![\w-])[\w-]{32}(?![\w-])", page.rpartition("Password")[2])
    assert user
    assert password
    scope.enter(organisation.id)
    channel = db.session.scalars(select(Channel).filter_by(kind="careconnect")).one()
    return Linked(organisation.id, channel.id, user[0], password[0], page)


def report(app: Flask, user: str, password: str, **data: object) -> TestResponse:
    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    fields = {**PROBLEM, **data}
    return app.test_client().post("/api/v0.1/problem", data=fields, headers={"Authorization": f"Basic {basic}"})


def taken(linked: Linked) -> list[Message]:
    pushes.take(str(linked.organisation_id), str(linked.id))
    scope.enter(linked.organisation_id)
    found = select(Message).filter_by(channel_id=linked.id).order_by(Message.received_at)
    return list(db.session.scalars(found.execution_options(populate_existing=True)))


def picture() -> tuple[BytesIO, str]:
    raw = BytesIO()
    Image.new("RGB", (40, 30), (1, 2, 3)).save(raw, "JPEG")
    return BytesIO(raw.getvalue()), "../<b>.jpg"


def test_linking_shows_address_user_and_password_once(linked: Linked) -> None:
    assert "/api/v0.1/problem" in linked.page
    channel = db.session.get_one(Channel, (linked.organisation_id, linked.id))
    assert linked.password.encode() not in (channel.sealed_secrets or b"")
    assert (channel.remote_id, channel.next_poll_at, channel.backfill_state) == (linked.user, None, "done")


def test_a_problem_becomes_a_conversation_and_twice_sent_becomes_two(app: Flask, linked: Linked) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    answers = [report(app, linked.user, linked.password) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert "Set-Cookie" not in answers[0].headers
    messages = taken(linked)
    references = {answer.get_json()["reference_number"] for answer in answers}
    assert {message.remote_id for message in messages} == references
    conversation = db.session.get_one(Conversation, (linked.organisation_id, messages[0].conversation_id))
    assert (conversation.screen_name, conversation.title, conversation.historic) == ("A Person", "Parking", False)


def test_a_change_of_the_settings_cuts_nobody_off_unless_a_new_password_is_asked_for(
    client: FlaskClient, app: Flask, linked: Linked
) -> None:
    form = client.get(f"/channels/{linked.id}/settings").text
    assert "Make a new password?" in form
    assert "Make a new password?" not in linked.page
    assert "Make a new password?" not in client.get(f"/channels/{linked.id}").text

    kept = client.post(f"/channels/{linked.id}/settings", data={"codes": "RXX\nRXX01\nRXX02", "renew": "no"})
    assert kept.status_code == 303
    assert report(app, linked.user, linked.password).status_code == 201

    renewed = client.post(f"/channels/{linked.id}/settings", data={"codes": "RXX", "renew": "yes"})
    assert "Your changes are kept. What stands here is shown this once" in renewed.text
    assert report(app, linked.user, linked.password).status_code == 401


def test_who_has_no_right_password_leaves_nothing(app: Flask, linked: Linked) -> None:
    for user, password in (("nobody", "x"), (linked.user, "x"), ("", "")):
        answer = report(app, user, password)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="NHSD API"'
    assert app.test_client().post("/api/v0.1/problem", data=PROBLEM).status_code == 401
    assert app.test_client().get("/api/v0.1/problem").status_code == 405
    scope.enter(linked.organisation_id)
    assert db.session.scalars(select(PushDelivery)).all() == []


def test_what_breaks_a_rule_is_answered_field_by_field(app: Flask, linked: Linked) -> None:
    answer = report(app, linked.user, linked.password, category="")
    assert answer.status_code == 400
    assert answer.json == {"errors": {"category": ["This field is required."]}}
    assert taken(linked) == []


def test_more_than_16_megabytes_are_refused(app: Flask, linked: Linked) -> None:
    answer = app.test_client().post("/api/v0.1/problem", data=b"x" * 17_000_000, content_type="text/plain")
    assert answer.status_code == 413


def test_a_picture_with_too_many_pixels_is_answered_beside_its_field_and_nothing_is_kept(
    app: Flask, linked: Linked
) -> None:
    raw = BytesIO()
    Image.new("1", (6_000, 5_000)).save(raw, "GIF")
    answer = report(app, linked.user, linked.password, images_0=picture(), images_1=(BytesIO(raw.getvalue()), "a.gif"))
    assert answer.status_code == 400
    assert answer.json == {"errors": {"images_1": ["The image has too many pixels. At most 25 million are taken."]}}
    assert taken(linked) == []


def test_a_picture_is_saved_by_members_only_and_never_shown_in_place(
    app: Flask, client: FlaskClient, world: World, linked: Linked
) -> None:
    assert report(app, linked.user, linked.password, images_0=picture()).status_code == 201
    (message,) = taken(linked)
    address = f"/attachments/{message.attachments[0]['kept']}"
    assert f'href="{address}"' in client.get(f"/conversations/{message.conversation_id}").text
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "Picture 1.jpg" in answer.headers["Content-Disposition"]
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert Image.open(BytesIO(answer.data)).format == "JPEG"
    stranger = app.test_client()
    assert stranger.get(address).status_code == 303
    world.signed_in(stranger, world.member(world.organisation()))
    assert stranger.get(address).status_code == 404


def test_what_is_taken_down_or_erased_takes_its_pictures_along(app: Flask, linked: Linked) -> None:
    for _ in range(2):
        report(app, linked.user, linked.password, images_0=picture())
    first, second = taken(linked)
    channel = db.session.get_one(Channel, (linked.organisation_id, linked.id))
    ingest.store_page(channel, [withdrawn(first.remote_id)], backfill=False)
    assert db.session.scalars(select(Attachment.message_id)).all() == [second.id]
    db.session.delete(db.session.get_one(Conversation, (linked.organisation_id, second.conversation_id)))
    db.session.flush()
    assert db.session.scalars(select(Attachment.message_id)).all() == []


def test_the_same_delivery_read_twice_is_one_problem_with_one_picture(app: Flask, linked: Linked) -> None:
    report(app, linked.user, linked.password, images_0=picture())
    scope.enter(linked.organisation_id)
    kept = db.session.scalars(select(PushDelivery)).one()
    again = {"organisation_id": linked.organisation_id, "channel_id": linked.id, "key": "again", "body": kept.body}
    db.session.add(PushDelivery(**again))
    db.session.commit()
    assert len(taken(linked)) == 1
    assert len(db.session.scalars(select(Attachment.id)).all()) == 1
