"""Disputes: who is in one may only read and draft, until the operator decides with a reason."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from healthberry.core import claims, disputes, events, grants, members, operator, scope
from healthberry.core.errors import Conflict, Invalid
from healthberry.core.permissions import ACTIONS, may
from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.models.audit import AuditEntry
from healthberry.models.claims import Dispute
from healthberry.models.organisations import Member
from healthberry.settings import Settings
from tests.mail.outgoing import work
from tests.signup.newcomer import Newcomer
from tests.world import World, operator_session

OPERATOR = "ada@host.example"
TRUST = "Quillbury Hospitals NHS Trust"
ADMIN, SAM = "priya@quillburyhospitals.nhs.uk", "sam@nhs.net"
# Forms that a dispute closes at once: inviting, deciding for everybody, taking something out.
ACTS = ("/people/invite", "/settings/organisation", "/settings/audit/export")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, operators=(OPERATOR,), operator_email=OPERATOR)


@pytest.fixture
def desk(app: Flask) -> FlaskClient:
    """The operator's browser."""
    client = app.test_client()
    with client.session_transaction() as session:
        session["operator"] = operator_session(app, OPERATOR)
    return client


def subjects(app: Flask, mailbox: Mailbox) -> set[tuple[str, str]]:
    """Return to whom the mails that wait go, and their subjects; then forget them."""
    work(app)
    sent = {(letter.to[0], letter.subject) for letter in mailbox.messages()}
    mailbox.clear()
    return sent


def waiting(member: Member) -> dict[str, str]:
    """Return the fields that name the organisation's open dispute."""
    scope.enter(member.organisation_id)
    dispute = claims.open_dispute(member.organisation_id)
    assert dispute is not None
    fields = {"organisation": str(member.organisation_id), "dispute": str(dispute.id)}
    scope.leave()
    return fields


def test_whom_an_administrator_refuses_may_object_and_both_wait_for_the_operator(
    newcomer: Newcomer, context: Flask, desk: FlaskClient, mailbox: Mailbox
) -> None:
    app, admin = newcomer.app, newcomer.joins(ADMIN)
    sam = newcomer.other_browser()
    claimant = sam.joins(SAM, name="Sam Archer")
    subjects(app, mailbox)
    assert "Priya" not in sam.client.get("/people/prove").text

    assert newcomer.client.post(f"/people/{claimant.id}/refuse").headers["Location"] == "/people?done=refused"
    assert "Refused" in newcomer.client.get("/people").text
    assert subjects(app, mailbox) == {(SAM, f"You were not approved for {TRUST}")}
    assert {newcomer.client.post(path).status_code for path in ACTS} != {403}
    assert "You can object once" in sam.client.get("/people/prove").text
    assert sam.client.post("/people/prove/object").headers["Location"] == "/people/prove?done=objected"

    assert [newcomer.client.post(path).status_code for path in ACTS] == [403, 403, 403]
    assert newcomer.client.get("/people").status_code == 403
    assert "There is a dispute about who acts for" in newcomer.client.get("/people/prove").text
    assert "There is a dispute about who acts for your organisation" in newcomer.client.get("/inbox").text
    told = f"There is a dispute about who acts for {TRUST}"
    assert subjects(app, mailbox) == {(ADMIN, told), (SAM, told), (OPERATOR, f"Please decide who acts for {TRUST}")}

    # Who proves more meanwhile is not raised, and whoever decides sees it.
    scope.enter(admin.organisation_id)
    assert not members.trust(members.find_present(admin.organisation_id, claimant.id), "dns")
    events.commit()
    fields = waiting(admin)
    assert ": 1 waits for you" in desk.get("/operator").text
    page = desk.get("/operator/disputes").text
    assert "Proved: an address at the organisation’s own web domain" in page
    assert "Proved: a record in the organisation’s DNS" in page
    assert desk.post("/operator/disputes", data={**fields, "winner": str(claimant.id)}).status_code == 422
    assert desk.post("/operator/disputes", data={**fields, "winner": "x", "reason": "y"}).status_code == 422
    answer = desk.post("/operator/disputes", data={**fields, "winner": str(claimant.id), "reason": "Rang the board."})
    assert answer.headers["Location"] == "/operator/disputes?done=decided"

    assert subjects(app, mailbox) == {(ADMIN, f"Decided: who acts for {TRUST}"), (SAM, f"You act for {TRUST}")}
    won, lost = newcomer.member(SAM), newcomer.member(ADMIN)
    assert ((won.level, won.role), (lost.level, lost.role)) == ((2, "administrator"), (1, "responder"))
    assert "Rang the board." in desk.get("/operator/disputes").text
    assert desk.post("/operator/disputes", data={**fields, "winner": "nobody", "reason": "Again"}).status_code == 422
    newcomer.sign_up(ADMIN)
    newcomer.type_code(newcomer.code(ADMIN))
    assert newcomer.member(ADMIN).level == 1, "an address alone does not overrule the decision"
    assert newcomer.client.post("/people/prove/object").status_code == 409
    scope.enter(admin.organisation_id)
    logged = {entry.action: entry for entry in db.session.query(AuditEntry)}
    assert {"member_refused", "member_disputed", "dispute_decided"} <= logged.keys()
    assert logged["dispute_decided"].name == OPERATOR
    assert "Rang" not in str(logged["dispute_decided"].details)


def test_a_second_person_where_nobody_has_proved_anything_makes_a_dispute_that_a_check_ends(
    newcomer: Newcomer, context: Flask, mailbox: Mailbox
) -> None:
    newcomer.joins(SAM, ods="ZG1", name="Sam Archer")
    assert "Somebody else says" not in newcomer.client.get("/people/prove").text
    other = newcomer.other_browser()
    pat = other.joins("pat@nhs.net", ods="ZG1", name="Pat Lee")

    for client in (newcomer.client, other.client):
        page = client.get("/people/prove").text
        assert "Somebody else says that they act for Quillbury Surgery, too" in page
        assert "Sam Archer" not in page.replace("Sam Archer (you)", "")
    third = newcomer.other_browser()
    third.joins("mia@nhs.net", ods="ZG1", name="Mia")
    told = "There is a dispute about who acts for Quillbury Surgery"
    sent = subjects(newcomer.app, mailbox)
    assert {(SAM, told), ("pat@nhs.net", told), ("mia@nhs.net", told)} <= sent
    assert (OPERATOR, "Please decide who acts for Quillbury Surgery") in sent

    scope.leave()
    operator.verify("pat@nhs.net", "ZG1")
    events.commit()

    assert [newcomer.member(one).level for one in (SAM, "pat@nhs.net", "mia@nhs.net")] == [1, 2, 1]
    scope.enter(pat.organisation_id)
    assert claims.open_dispute(pat.organisation_id) is None
    loser = newcomer.member(SAM)
    winner = members.find_present(pat.organisation_id, pat.id)
    assert members.approve(winner, loser.id).level == 2, "the one who acts for it lets colleagues in"


def test_an_administrator_who_has_proved_it_says_which_of_those_who_have_not_it_is(
    newcomer: Newcomer, context: Flask
) -> None:
    first, second = (newcomer.other_browser().joins(one, name=one) for one in ("sam@nhs.net", "pat@nhs.net"))
    admin = newcomer.joins(ADMIN)
    assert (admin.level, admin.role) == (2, "administrator")

    scope.enter(admin.organisation_id)
    boss = members.find_present(admin.organisation_id, admin.id)
    members.approve(boss, second.id)
    events.commit()

    assert [newcomer.member(one.email).level for one in (first, second)] == [1, 2]
    assert not claims.is_frozen(members.find_present(admin.organisation_id, first.id))


@pytest.fixture
def organisation_with_claimant(world: World) -> tuple[Member, Member]:
    """An administrator, and somebody whom they refused."""
    organisation = world.organisation()
    admin, claimant = world.member(organisation), world.member(organisation, level=1, role="responder")
    members.refuse(admin, claimant.id)
    events.commit()
    return admin, claimant


def test_a_dispute_takes_every_right_of_level_2_away_at_once(
    world: World, organisation_with_claimant: tuple[Member, Member]
) -> None:
    admin, claimant = organisation_with_claimant
    (conversation,) = world.arrives(world.channel(members.organisation_of(admin)), world.item())
    grants.give(admin, admin.id, conversation)

    disputes.object_to(claimant)

    colleague = world.member(members.organisation_of(admin), level=1, role="responder")
    members.trust(colleague, "dns")
    assert colleague.role == "responder", "nobody slips into the place of whoever is in dispute"
    allowed = {action for action in ACTIONS if may(admin, action)}
    assert allowed == {action for action in ACTIONS if may(claimant, action)}
    assert "publish" not in allowed
    with pytest.raises(Conflict):
        disputes.object_to(claimant)


def test_for_whom_the_operator_decided_nobody_who_objects_later_stops_their_work(
    world: World, organisation_with_claimant: tuple[Member, Member]
) -> None:
    admin, claimant = organisation_with_claimant
    dispute = disputes.object_to(claimant)
    disputes.decide(dispute.id, admin.organisation_id, str(admin.id), "They rang us.", OPERATOR)
    assert (admin.level, admin.role) == (2, "administrator")
    with pytest.raises(Conflict):
        disputes.object_to(claimant)
    other = world.member(members.organisation_of(admin), level=1, role="responder")
    members.refuse(admin, other.id)

    second = disputes.object_to(other)

    assert second.parties == [str(other.id)]
    assert admin.level == 2
    with pytest.raises(Conflict, match="HealthBerry decides"):
        members.approve(admin, other.id)
    disputes.decide(second.id, admin.organisation_id, "nobody", "No.", OPERATOR)
    assert (other.level, claims.is_frozen(other)) == (1, False)


def test_a_decision_needs_a_reason_and_one_of_those_in_it(
    world: World, organisation_with_claimant: tuple[Member, Member]
) -> None:
    admin, claimant = organisation_with_claimant
    dispute = disputes.object_to(claimant)
    stranger = world.member(members.organisation_of(admin), level=1)
    db.session.commit()

    for winner, reason in (
        (str(stranger.id), "Why"),
        ("", "Why"),
        (str(admin.id), " \n "),
        (str(admin.id), "x" * 1001),
    ):
        with pytest.raises(Invalid):
            disputes.decide(dispute.id, admin.organisation_id, winner, reason, OPERATOR)
    assert db.session.query(Dispute).filter(Dispute.decided_at.is_(None)).count() == 1


def test_of_two_who_object_at_the_same_moment_one_opens_the_dispute_and_the_other_waits(
    app: Flask, world: World, organisation_with_claimant: tuple[Member, Member]
) -> None:
    admin, claimant = organisation_with_claimant
    other = world.member(members.organisation_of(admin), level=1, role="responder")
    members.refuse(admin, other.id)
    events.commit()
    organisation_id, other_id = admin.organisation_id, other.id

    def object_too() -> None:
        with app.app_context():
            scope.enter(organisation_id)
            disputes.object_to(members.find_present(organisation_id, other_id))
            events.commit()

    disputes.object_to(claimant)
    with ThreadPoolExecutor(1) as beside:
        waits = beside.submit(object_too)
        with pytest.raises(TimeoutError):
            waits.result(timeout=0.5)
        events.commit()
        with pytest.raises(Conflict, match="another dispute"):
            waits.result(timeout=10)
