"""What administrators do about what people asked: the steps, the days, and the file that is taken."""

import csv
import io
import json
import re
import zipfile
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select, update

from healthberry.connectors.base import Author as Writer
from healthberry.connectors.base import File
from healthberry.core import concerns, conversations, data_requests, keeping_steps, scope
from healthberry.core.data_requests import month_after
from healthberry.extensions import db
from healthberry.jobs import keeping as keeping_jobs
from healthberry.local.mailbox import Mailbox
from healthberry.models.audit import AuditEntry
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from healthberry.models.rights import DataRequest, DataRequestStep
from tests.mail.outgoing import outbox_of, send_all
from tests.session.test_rights import LINK, WREN, asks, only
from tests.world import World


def _story(world: World, organisation: Organisation, text: str = "My secret story", **fields: Any) -> Any:
    (one,) = world.arrives(
        world.channel(organisation, "bluesky"), world.item(text, **{"author": WREN, "url": LINK, **fields})
    )
    return one


def _admin(client: FlaskClient, world: World, organisation: Organisation, **fields: Any) -> Member:
    scope.enter(organisation.id)
    member = world.member(organisation, **fields)
    world.signed_in(client, member)
    return member


def test_an_administrator_finds_restricts_erases_and_closes_it(
    client: FlaskClient, world: World, mailbox: Mailbox
) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    one = _story(world, organisation)
    other = world.channel(organisation, "mastodon")
    world.arrives(other, world.item("Elsewhere", author=Writer("m1", "@wren"), url="https://m.example/@wren/1"))
    org = organisation.id
    asks(client, org)
    made = only(org)
    where, reference = f"/settings/requests/{made.id}", made.reference
    world.signed_in(client, db.session.get_one(Member, (org, member.id)))

    assert "Due in" in client.get("/settings/requests").text
    page = client.get(where).text
    assert "@wren" in page
    assert "mastodon of" not in page, "a link finds what stands there, and joins nobody across channels"
    (key,) = set(re.findall(r'name="who"[^>]*value="([^"]+)"', page))
    assert client.post(f"{where}/restrict", data={"who": "nobody"}).status_code == 422
    assert client.post(f"{where}/restrict", data={"who": key}).status_code == 303
    assert "Restricted since" in client.get(where).text
    assert "secret" not in client.get("/inbox").text
    early = client.post(f"{where}/close", data={"outcome": "erased", "answer": "It is gone."})
    assert (early.status_code, "Nothing was erased under" in early.text) == (422, True)

    (erase,) = re.findall(r'href="(/conversations/[^"]+/erase[^"]*)"', page)
    assert f'value="{reference}"' in client.get(erase.replace("&amp;", "&")).text
    form = {"who": key.partition(":")[2], "reference": reference, "confirm": "on"}
    erased = client.post(f"/conversations/{one}/erase", data=form)
    keeping_jobs.erase(str(org), erased.headers["Location"].rpartition("/")[2])
    assert "Certificate" in client.get(where).text
    closing = {"outcome": "erased", "answer": "It is gone.\nYours, Priya", "tell": "on"}
    assert client.post(f"{where}/close", data=closing).status_code == 303
    assert client.post(f"{where}/close", data=closing).status_code == 303, "the same again changes nothing"
    assert client.post(f"{where}/close", data={**closing, "outcome": "refused"}).status_code == 409

    send_all(org)
    (told,) = [mail for mail in mailbox.messages() if "answers your request" in mail.text]
    assert told.to == ["wren@people.example"]
    assert "It is gone." in told.text
    assert "Information Commissioner" in told.text
    scope.enter(org)
    actions = set(db.session.scalars(select(AuditEntry.action)))
    assert {"data_request_received", "data_request_restricted", "erasure_begun", "data_request_closed"} <= actions
    details = json.dumps(db.session.scalars(select(AuditEntry.details)).all())
    assert reference in details
    for words in ("wren", "secret", "It is gone"):
        assert words not in details


def test_what_is_late_says_so_in_words_and_a_complaint_is_acknowledged(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    _admin(client, world, organisation)
    org = organisation.id
    asks(client, org, kind="complain", words="They shared it.")
    made = only(org)
    late = data_requests.today() - timedelta(days=3)
    db.session.execute(update(DataRequest).values(due_on=late, acknowledge_by=late))
    db.session.commit()
    where = f"/settings/requests/{made.id}"

    page = client.get("/settings/requests").text
    assert "Overdue by 3 days" in page
    assert "Acknowledgement overdue" in page
    assert "1 open, 1 overdue" in client.get("/settings").text
    assert [client.post(f"{where}/acknowledge").status_code for _ in range(2)] == [303, 303]
    assert "Acknowledgement overdue" not in client.get(where).text
    refused = {"outcome": "refused", "answer": ""}
    assert client.post(f"{where}/close", data=refused).status_code == 422
    assert client.post(f"{where}/close", data={**refused, "answer": "It was not us."}).status_code == 303
    assert "Overdue" not in client.get("/settings/requests").text
    assert "It was not us." in client.get(where).text
    assert len(db.session.scalars(select(DataRequestStep)).all()) == 2
    assert "request_decided" not in [mail.kind for mail in outbox_of(org)], "nobody ticked that they are told"


def test_a_letter_is_written_down_and_counts_from_the_day_on_which_it_came(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    _admin(client, world, organisation)
    came = data_requests.today() - timedelta(days=5)
    form = {"kind": "copy", "about": "@wren", "words": "", "contact": "", "received": came.isoformat()}

    for wrong in ("2030-01-01", "yesterday"):
        assert client.post("/settings/requests", data={**form, "received": wrong}).status_code == 422
    answer = client.post("/settings/requests", data=form)

    assert answer.status_code == 303
    made = only(organisation.id)
    assert (made.due_on, made.contact, made.written_by != "") == (month_after(came), "", True)
    (reminder,) = outbox_of(organisation.id)
    assert reminder.kind == "request_due"
    assert reminder.next_attempt_at.date() == month_after(came) - timedelta(days=5)
    assert "Nothing that can be read here" in client.get(answer.headers["Location"]).text


def test_a_copy_holds_all_of_one_author_and_nothing_of_anybody_else(client: FlaskClient, world: World) -> None:
    organisation = world.organisation(name="Cedar Surgery")
    member = _admin(client, world, organisation)
    name = member.name
    channel = world.channel(organisation, "bluesky")
    picture = (File("=a.jpg", "image/jpeg", b"picture"),)
    first = world.item("=HYPERLINK(1)", author=WREN, url=LINK, files=picture)
    other = world.item("Not theirs", author=Writer("r1", "@robin"), thread_id=first.thread_id)
    (one, _) = world.arrives(channel, first, other, world.item("And again", author=WREN))
    (kept_back,) = world.arrives(channel, world.item("Somebody is at risk", author=WREN))
    conversations.add_note(member, one, "Ring them.")
    concerns.mark(member, kept_back, "crisis")
    db.session.execute(db.text("DELETE FROM reading_grants"))
    theirs = world.organisation()
    world.member(theirs)
    world.arrives(world.channel(theirs, "bluesky"), world.item("In another organisation", author=WREN, url=LINK))
    scope.enter(organisation.id)
    asks(client, organisation.id, kind="copy", about="@Wren", contact="wren@people.example")
    made = only(organisation.id)
    where, reference = f"/settings/requests/{made.id}", made.reference
    key = re.findall(r'name="who"[^>]*value="([^"]+)"', client.get(where).text)[0]

    assert client.post(f"{where}/copy", data={"who": key, "reason": ""}).status_code == 422
    answer = client.post(f"{where}/copy", data={"who": key, "reason": "Identity checked", "notes": "on"})

    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{reference}.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        files = {one.filename: archive.read(one) for one in archive.infolist()}
    data = json.loads(files["data.json"])
    assert sorted(one["text"] for one in data["messages"]) == ["=HYPERLINK(1)", "And again"]
    assert (data["you"]["name"], data["you"]["id_there"], data["conversations_left_out"]) == ("@wren", "w1", 1)
    assert [one["text"] for one in data["notes"]] == ["Ring them."]
    assert files["files/1-_a.jpg"] == b"picture"
    rows = list(csv.reader(io.StringIO(files["messages.csv"].decode("utf-8-sig"))))
    assert "'=HYPERLINK(1)" in [row[3] for row in rows]
    everything = b"".join(files.values()).decode()
    for words in ("Not theirs", "@robin", "at risk", "In another organisation", name):
        assert words not in everything
    assert "And again" in files["read-me-first.html"].decode()
    scope.enter(organisation.id)
    (taken,) = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "data_copied"))
    assert (taken.name, taken.details) == (name, {"reference": reference, "asked": "copy"})
    assert "Identity checked (2 messages)" in client.get(where).text


def test_others_than_administrators_see_none_of_it(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    asks(client, organisation.id)
    made_id = only(organisation.id).id
    _admin(client, world, organisation, role="responder")

    assert client.get("/settings/requests").status_code == 403
    for path in ("", "/acknowledge", "/restrict", "/copy", "/close"):
        answer = client.open(f"/settings/requests/{made_id}{path}", method="POST" if path else "GET")
        assert answer.status_code == 403
    assert client.post("/settings/requests/contact", data={"dpo_email": "me@example.org"}).status_code == 403
    assert client.get("/settings/documents/dpia").status_code == 403


def test_what_people_gave_goes_two_years_after_the_answer(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    member = _admin(client, world, organisation)
    asks(client, organisation.id)
    made = only(organisation.id)
    data_requests.close(member, made.id, "refused", "It was not us.", tell=False)
    db.session.commit()

    assert keeping_steps.requests(organisation.id) == 0
    db.session.execute(update(DataRequest).values(closed_at=now() - timedelta(days=731)))
    assert [keeping_steps.requests(organisation.id) for _ in range(2)] == [1, 0]
    db.session.commit()

    left = only(organisation.id)
    assert (left.about, left.contact, left.answer, left.outcome) == ("", "", "", "refused")
    assert "Let go on" in client.get(f"/settings/requests/{left.id}").text


def test_who_answers_for_data_protection_is_a_setting(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    _admin(client, world, organisation)
    where = "/settings/requests/contact"

    assert client.post(where, data={"dpo_name": "Ada", "dpo_email": ""}).status_code == 422
    assert client.post(where, data={"dpo_name": "Ada", "dpo_email": "nonsense"}).status_code == 422
    assert client.post(where, data={"dpo_name": "Ada", "dpo_email": "dpo@cedar.nhs.uk"}).status_code == 303

    assert "dpo@cedar.nhs.uk" in client.get("/settings/requests").text
