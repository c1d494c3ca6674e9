"""A published reply contained personal data: taken down where the site lets us, told, timed, and decided."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import select, update

from healthberry.connectors.errors import Rejected, Unavailable
from healthberry.core import disclosures, organisations, scope
from healthberry.core.sweep import due_work
from healthberry.extensions import db
from healthberry.jobs import withdrawing
from healthberry.local.mailbox import Mailbox
from healthberry.models.audit import AuditEntry
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from healthberry.models.rights import Disclosure
from tests.mail.outgoing import send_all
from tests.world import World


class Site:
    """Stands for the connector of a channel: takes replies down, or refuses as it is told."""

    def __init__(self, *refusals: Exception) -> None:
        self.refusals = list(refusals)
        self.asked: list[str] = []

    def withdraw(self, access: Any, remote_id: str) -> None:
        self.asked.append(remote_id)
        if self.refusals:
            raise self.refusals.pop(0)


def _replied(world: World, organisation: Organisation, kind: str = "bluesky") -> tuple[UUID, UUID]:
    channel = world.channel(organisation, kind)
    asked = world.item("Where do I park?")
    reply = world.item(
        "Mrs Lee, your scan is on 3 May", remote_id="ours", thread_id=asked.thread_id, direction="outbound"
    )
    (conversation_id,) = world.arrives(channel, asked, reply)
    message_id = db.session.scalars(select(Message.id).where(Message.direction == "outbound")).one()
    return conversation_id, message_id


def _reported(client: FlaskClient, ids: tuple[UUID, UUID], **fields: Any) -> str:
    answer = client.post(f"/conversations/{ids[0]}/messages/{ids[1]}/breach", data={"what": ["name"], **fields})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def _found(organisation_id: UUID) -> Disclosure:
    scope.enter(organisation_id)
    return db.session.scalars(select(Disclosure).execution_options(populate_existing=True)).one()


def _serve(client: FlaskClient, monkeypatch: Any, site: Site) -> None:
    connector = client.application.extensions["connectors"].get("bluesky")
    monkeypatch.setattr(connector, "withdraw", site.withdraw)


def test_it_is_taken_down_at_once_where_the_site_lets_us(
    client: FlaskClient, world: World, mailbox: Mailbox, monkeypatch: Any
) -> None:
    site = Site(Unavailable("Bluesky is away."))
    _serve(client, monkeypatch, site)
    organisation = world.organisation(name="Cedar Surgery")
    org = organisation.id
    reporter = world.member(organisation, role="responder")
    world.member(organisation, email="priya@cedar.nhs.uk")
    organisations.keep(org, dpo_email="dpo@cedar.nhs.uk")
    ids = _replied(world, organisation)
    db.session.commit()
    world.signed_in(client, reporter)
    before = client.get(f"/conversations/{ids[0]}").text
    assert f"/conversations/{ids[0]}/messages/{ids[1]}/breach" in before
    assert (
        "takes the reply down on Bluesky at once"
        in client.get(f"/conversations/{ids[0]}/messages/{ids[1]}/breach").text
    )

    page = _reported(client, ids, what=["name", "health", "nonsense"])
    assert _reported(client, ids) == page, "the same reply is the same breach"
    found = _found(org)
    assert (found.what, found.removal) == (["name", "health"], "asked")
    assert [one.id for one in due_work() if one.kind == "disclosure"] == [str(found.id)]
    withdrawing.withdraw(str(org), str(found.id))
    assert "Bluesky is away." in client.get(page).text
    scope.enter(org)
    db.session.execute(update(Disclosure).values(next_at=now()))
    db.session.commit()
    for _ in range(2):
        withdrawing.withdraw(str(org), str(found.id))

    assert site.asked == ["ours", "ours"]
    found = _found(org)
    assert (found.removal, found.next_at, found.removed_by) == ("done", None, "")
    (taken,) = db.session.scalars(select(AuditEntry.actor).where(AuditEntry.action == "breach_removed"))
    assert taken == "system"
    message = db.session.get_one(Message, (org, ids[1]), populate_existing=True)
    assert (message.text, message.withdrawn_at is None) == ("", False)
    assert "Mrs Lee" not in client.get(f"/conversations/{ids[0]}").text
    assert "it contained personal data" in client.get(f"/conversations/{ids[0]}").text
    assert "71 hours left of 72" in client.get(page).text
    scope.enter(org)
    channel = db.session.scalars(select(Channel)).one()
    thread = db.session.scalars(select(Conversation.remote_thread_id)).one()
    sent_at = now() - timedelta(minutes=5)
    lag = world.item("Mrs Lee", remote_id="ours", thread_id=thread, direction="outbound", posted_at=sent_at)
    world.arrives(channel, lag)
    assert "Mrs Lee" not in client.get(f"/conversations/{ids[0]}").text, "what the site still serves stays away"
    assert client.post(f"{page}/close", data={"outcome": "reported", "ico_reference": "IC-1"}).status_code == 403
    send_all(org)
    mails = {one.to[0]: one.text for one in mailbox.messages() if "a breach has to be reported" in one.text}
    assert set(mails) == {"priya@cedar.nhs.uk", "dpo@cedar.nhs.uk"}
    assert not any("Mrs Lee" in text for text in mails.values())


def test_where_the_site_does_not_a_person_is_told_how_and_confirms_it(
    client: FlaskClient, world: World, monkeypatch: Any
) -> None:
    _serve(client, monkeypatch, Site(Rejected("This was not published by the account that is connected.")))
    organisation = world.organisation()
    world.signed_in(client, world.member(organisation))
    org, ids = organisation.id, _replied(world, organisation)

    page = _reported(client, ids)
    withdrawing.withdraw(str(org), str(_found(org).id))

    shown = client.get(page).text
    assert "Take it down by hand." in shown
    assert "not published by the account" in shown
    assert client.post(f"{page}/close", data={"outcome": "reported", "ico_reference": "IC-1"}).status_code == 409
    assert client.post(f"{page}/removed").status_code == 422
    assert [client.post(f"{page}/removed", data={"sure": "on"}).status_code for _ in range(2)] == [303, 303]
    assert "confirmed it" in client.get(page).text
    assert "Mrs Lee" not in client.get(f"/conversations/{ids[0]}").text
    scope.enter(org)
    channel = db.session.scalars(select(Channel)).one()
    thread = db.session.scalars(select(Conversation.remote_thread_id)).one()
    again = world.item("Mrs Lee, your scan is on 3 May", remote_id="ours", thread_id=thread, direction="outbound")
    world.arrives(channel, again)
    assert "Bluesky shows it again." in client.get(page).text
    assert client.post(f"{page}/close", data={"outcome": "reported", "ico_reference": "IC-1"}).status_code == 409
    assert client.post(f"{page}/removed", data={"sure": "on"}).status_code == 303
    assert "shows it again" not in client.get(page).text


def test_a_site_that_stays_away_is_left_to_people(client: FlaskClient, world: World, monkeypatch: Any) -> None:
    _serve(client, monkeypatch, Site(*[Unavailable("Bluesky is away.")] * 9))
    organisation = world.organisation()
    world.signed_in(client, world.member(organisation))
    org, ids = organisation.id, _replied(world, organisation)
    _reported(client, ids)

    states = []
    for _ in range(5):
        withdrawing.withdraw(str(org), str(_found(org).id))
        states.append(_found(org).removal)
        db.session.execute(update(Disclosure).where(Disclosure.next_at.is_not(None)).values(next_at=now()))
        db.session.commit()

    assert states == ["asked"] * 3 + ["by_hand"] * 2


def test_what_a_person_said_while_the_site_was_asked_stands(
    client: FlaskClient, world: World, monkeypatch: Any
) -> None:
    organisation = world.organisation()
    world.signed_in(client, world.member(organisation))
    org, ids = organisation.id, _replied(world, organisation)
    page = _reported(client, ids)
    site = Site()

    def slow(access: Any, remote_id: str) -> None:
        client.post(f"{page}/removed", data={"sure": "on"})
        raise Unavailable("Bluesky is away.")

    site.withdraw = slow  # type: ignore[method-assign]
    _serve(client, monkeypatch, site)
    withdrawing.withdraw(str(org), str(_found(org).id))

    found = _found(org)
    assert (found.removal, found.trouble, found.removed_by != "") == ("done", "", True)


def test_the_clock_runs_from_when_it_was_found_and_stops_with_a_decision(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    world.signed_in(client, world.member(organisation))
    org, ids = organisation.id, _replied(world, organisation, "nhsuk")
    where = f"/conversations/{ids[0]}/messages/{ids[1]}/breach"
    assert "how to do that yourself" in client.get(where).text
    wrongs: list[dict[str, Any]] = [
        {"what": []},
        {"what": ["name"], "found": "2099-01-01T10:00"},
        {"what": ["name"], "found": "soon"},
    ]
    for wrong in wrongs:
        assert client.post(where, data=wrong).status_code == 422

    since = now() - timedelta(hours=80)
    page = _reported(client, ids, found=since.strftime("%Y-%m-%dT%H:%M"))

    assert "The 72 hours are over" in client.get(page).text
    assert "The 72 hours are over" in client.get("/settings/requests").text
    assert "1 breach to decide, 1 past 72 hours" in client.get("/settings").text
    client.post(f"{page}/removed", data={"sure": "on"})
    for missing in ({"outcome": ""}, {"outcome": "reported"}, {"outcome": "not_reportable"}):
        assert client.post(f"{page}/close", data=missing).status_code == 422
    decided = {"outcome": "reported", "ico_reference": "IC-123", "reason": "Late: nobody was in."}
    assert [client.post(f"{page}/close", data=decided).status_code for _ in range(2)] == [303, 303]
    assert client.post(f"{page}/close", data={"outcome": "not_reportable", "reason": "x"}).status_code == 409
    assert "IC-123" in client.get(page).text
    assert "The 72 hours are over" not in client.get("/settings/requests").text
    scope.enter(org)
    actions = db.session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("breach%"))).all()
    assert sorted(actions) == ["breach_closed", "breach_removed", "breach_reported"]
    assert not db.session.get_one(Conversation, (org, ids[0])).replied, "nobody is taken for answered"
    assert disclosures.due_at(_found(org)) - _found(org).found_at == timedelta(hours=72)


def test_only_a_reply_of_ours_can_be_reported(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    world.signed_in(client, world.member(organisation))
    ids = _replied(world, organisation)
    theirs = db.session.scalars(select(Message.id).where(Message.direction == "inbound")).one()
    (other,) = world.arrives(world.channel(organisation, "mastodon"), world.item())

    for conversation_id, message_id in ((ids[0], theirs), (other, ids[1])):
        assert client.get(f"/conversations/{conversation_id}/messages/{message_id}/breach").status_code == 404


def test_whoever_does_not_see_the_conversation_sees_nothing_of_the_breach(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    admin, elsewhere = world.member(organisation), world.member(organisation, role="responder")
    world.signed_in(client, admin)
    org, limited = organisation.id, elsewhere.id
    ids = _replied(world, organisation)
    page = _reported(client, ids)
    scope.enter(org)
    team = {"sites": ["NOWHERE"], "name": "Elsewhere", "people": [str(limited)]}
    here = db.session.get_one(Organisation, org)
    world.arrives(world.channel(here, "mastodon"), world.item("A lion", service_code="NOWHERE"))
    assert client.post("/people/teams", data=team).status_code == 303

    scope.enter(org)
    world.signed_in(client, db.session.get_one(Member, (org, limited), populate_existing=True))
    assert client.get(page).status_code == 404
    assert client.post(f"{page}/removed", data={"sure": "on"}).status_code == 404
    assert client.get(f"/conversations/{ids[0]}/messages/{ids[1]}/breach").status_code == 404
