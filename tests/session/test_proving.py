"""Proving for whom one acts: one story for each way, as a browser without JavaScript walks it."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx
import pytest
from flask import Flask

from healthberry.connectors.site_proofs import SiteProofs
from healthberry.core import claims, members, scope
from healthberry.extensions import db
from healthberry.jobs import claims as jobs
from healthberry.models.audit import AuditEntry
from healthberry.models.claims import Claim
from healthberry.models.organisations import Member
from tests.name_server import name_server
from tests.signup.newcomer import Newcomer
from tests.world import World

DOMAIN = "quillburyhospitals.nhs.uk"
CONTACT = f"pals@{DOMAIN}"
AT_DOMAIN, ELSEWHERE = f"priya@{DOMAIN}", "sam@nhs.net"
PAGE = "/people/prove"

Site = Callable[[dict[str, str]], None]


@pytest.fixture
def website(app: Flask) -> Site:
    """Put these pages on every website: paths and what they hold; texts end in .txt."""

    def put(pages: dict[str, str], name_server: str | None = None) -> None:
        def respond(request: httpx.Request) -> httpx.Response:
            if request.url.path not in pages:
                return httpx.Response(404)
            kind = "plain" if request.url.path.endswith(".txt") else "html"
            return httpx.Response(200, headers={"content-type": f"text/{kind}"}, text=pages[request.url.path])

        network = {"transport": httpx.MockTransport(respond), "resolve": lambda host, port: ["8.8.8.8"]}
        app.extensions["site_proofs"] = SiteProofs(None, name_server, **network)  # type: ignore[arg-type]

    put({"/": "<p>Nothing</p>"})
    return put


@pytest.fixture
def dns(app: Flask) -> Iterator[dict[str, list[str]]]:
    """The records of the name server that the application asks."""
    records: dict[str, list[str]] = {}
    with name_server(records) as address:
        app.extensions["site_proofs"] = SiteProofs(None, address)
        yield records


def attend(newcomer: Newcomer, member: Member) -> None:
    """Do what is due about a claim, as the worker does."""
    with newcomer.app.app_context():
        scope.leave()
        jobs.attend(str(member.organisation_id), str(member.id))
        scope.leave()


def record_on(page: str) -> str:
    """Return what DNS or a file has to hold, as the page says it."""
    found = re.search(r"healthberry-verification=hb-[0-9a-f]{32}", page)
    assert found
    return found[0]


def done(newcomer: Newcomer, member: Member) -> list[tuple[str, object]]:
    """Return what the audit log says that the member proved, by which way."""
    with newcomer.app.app_context():
        scope.enter(member.organisation_id)
        entries = db.session.query(AuditEntry).filter_by(action="member_proved", member_id=member.id)
        return [(entry.action, entry.details["way"]) for entry in entries]


def test_a_code_to_the_mailbox_that_the_website_names_proves_it(newcomer: Newcomer, website: Site) -> None:
    website({"/": f'<a href="mailto:{CONTACT}">PALS</a>'})
    member = newcomer.joins(ELSEWHERE)
    page = newcomer.client.get(PAGE).text
    assert "Not with your address" in page

    assert newcomer.client.post(f"{PAGE}/mailbox").headers["Location"] == f"{PAGE}?done=sent#code"
    letter = newcomer.letter(CONTACT)
    assert letter.subject == "Does Priya Kaur act for Quillbury Hospitals NHS Trust?"
    found = re.search(r"\d{3} \d{3}", letter.text)
    assert found
    wrong = newcomer.client.post(f"{PAGE}/code", data={"code": "1"})
    assert wrong.status_code == 422
    assert f"We sent it to {CONTACT}" in wrong.text
    assert newcomer.client.post(f"{PAGE}/code", data={"code": found[0]}).headers["Location"] == f"{PAGE}?done=proved"

    raised = newcomer.member(ELSEWHERE)
    assert (raised.level, raised.role) == (2, "administrator")
    assert done(newcomer, member) == [("member_proved", "mailbox")]
    assert newcomer.client.post(f"{PAGE}/code", data={"code": found[0]}).status_code == 422


def test_a_code_for_proving_is_worth_nothing_to_anybody_else_and_for_nothing_else(
    newcomer: Newcomer, website: Site
) -> None:
    website({"/contact": f'<a href="mailto:{CONTACT}">PALS</a>'})
    newcomer.joins(ELSEWHERE)
    newcomer.client.post(f"{PAGE}/mailbox")
    found = re.search(r"\d{3} \d{3}", newcomer.letter(CONTACT).text)
    assert found
    with newcomer.client.session_transaction() as session:
        pending = session["proving_code"]
    other = newcomer.other_browser()
    other.joins("mallory@gmail.com", name="Mallory")
    with other.client.session_transaction() as session:
        session["proving_code"] = pending

    assert other.client.post(f"{PAGE}/code", data={"code": found[0]}).status_code == 422
    assert newcomer.member("mallory@gmail.com").level == 1


def test_a_record_in_the_dns_proves_it_once_it_is_there(newcomer: Newcomer, dns: dict[str, list[str]]) -> None:
    newcomer.joins(ELSEWHERE)
    page = newcomer.client.get(PAGE).text
    assert f"_healthberry.{DOMAIN}" in page
    missing = newcomer.client.post(f"{PAGE}/dns")
    assert (missing.status_code, "The record is not there yet" in missing.text) == (422, True)
    dns[f"_healthberry.{DOMAIN}"] = [record_on(page) + "0"]
    assert "holds something else" in newcomer.client.post(f"{PAGE}/dns").text
    assert newcomer.member(ELSEWHERE).level == 1

    dns[f"_healthberry.{DOMAIN}"].append(record_on(page))
    answer = newcomer.client.post(f"{PAGE}/dns", follow_redirects=True)

    assert "That worked. You may publish" in answer.text
    assert "A record in the organisation’s DNS, on" in answer.text
    member = newcomer.member(ELSEWHERE)
    assert member.level == 2
    assert done(newcomer, member) == [("member_proved", "dns")]


def test_a_file_on_the_website_proves_it_for_whoever_it_was_made(newcomer: Newcomer, website: Site) -> None:
    newcomer.joins(ELSEWHERE)
    record = record_on(newcomer.client.get(PAGE).text)
    assert "could not be looked for" in newcomer.client.post(f"{PAGE}/file").text
    website({"/.well-known/healthberry-verification.txt": f"{record}\n"})
    other = newcomer.other_browser()
    other.joins("mallory@gmail.com", name="Mallory")

    assert "holds something else" in other.client.post(f"{PAGE}/file").text
    assert newcomer.client.post(f"{PAGE}/file").headers["Location"] == f"{PAGE}?done=kept"


def test_ones_own_address_proves_it_once_more_before_a_year_is_over(newcomer: Newcomer) -> None:
    newcomer.joins(AT_DOMAIN)
    with newcomer.app.app_context():
        scope.enter(newcomer.member(AT_DOMAIN).organisation_id)
        db.session.query(Claim).update({"due_at": Claim.due_at - timedelta(days=360)})
        db.session.commit()
        scope.leave()
    newcomer.mailbox.clear()

    newcomer.client.post(f"{PAGE}/address")
    found = re.match(r"\d{3} \d{3}", newcomer.letter(AT_DOMAIN).subject)
    assert found
    assert newcomer.client.post(f"{PAGE}/code", data={"code": found[0]}).headers["Location"] == f"{PAGE}?done=proved"

    member = newcomer.member(AT_DOMAIN)
    with newcomer.app.app_context():
        scope.enter(member.organisation_id)
        claim = claims.of_member(member)
        assert claim.due_at is not None
        assert claim.due_at - timedelta(days=364) > member.created_at


@pytest.mark.parametrize("way", ["address", "mailbox", "dns", "file"])
def test_an_organisation_without_a_domain_of_its_own_is_proven_by_none_of_these(newcomer: Newcomer, way: str) -> None:
    newcomer.joins(ELSEWHERE, ods="ZG1")

    answer = newcomer.client.post(f"{PAGE}/{way}")

    assert answer.status_code == 409
    assert "Choose another way" in answer.text
    assert f"{PAGE}/{way}" not in newcomer.client.get(PAGE).text


def test_whoever_was_removed_is_not_let_in_again_by_their_address_alone(newcomer: Newcomer) -> None:
    admin = newcomer.joins(AT_DOMAIN)
    other = newcomer.other_browser()
    removed = other.joins(f"dawn@{DOMAIN}", name="Dawn")
    newcomer.client.post(f"/people/{removed.id}/remove")
    for _ in range(2):
        other.sign_up(f"dawn@{DOMAIN}", name="Dawn")
        other.type_code(other.code(f"dawn@{DOMAIN}"))

    assert newcomer.member(f"dawn@{DOMAIN}").level == 1
    assert other.client.post(f"{PAGE}/address").status_code == 409
    assert "You can object" not in other.client.get(PAGE).text, "they had been approved: there is no claim to judge"
    newcomer.client.post(f"/people/{removed.id}/approve")
    assert newcomer.member(f"dawn@{DOMAIN}").level == 2
    assert admin.role == "administrator"


def test_the_published_mailbox_is_told_of_each_claim_once(newcomer: Newcomer, website: Site) -> None:
    website({"/": f'<a href="mailto:{CONTACT}">PALS</a>'})
    members_here = [newcomer.joins(AT_DOMAIN), newcomer.other_browser().joins(ELSEWHERE, name="Sam Archer")]
    for _ in range(2):
        for member in members_here:
            attend(newcomer, member)
            newcomer.letter(AT_DOMAIN)

    told = [letter for letter in newcomer.mailbox.messages() if letter.to == [CONTACT]]
    assert (
        sorted(letter.subject for letter in told)
        == ["Somebody says that they act for Quillbury Hospitals NHS Trust"] * 2
    )
    texts = " ".join(letter.text for letter in told)
    assert f"Priya Kaur ({AT_DOMAIN})" in texts
    assert f"Sam Archer ({ELSEWHERE})" in texts
    assert re.search(r"can\s+publish nothing for you", texts)


def test_where_no_mailbox_is_published_the_administrators_are_told(newcomer: Newcomer, website: Site) -> None:
    newcomer.joins(AT_DOMAIN)
    second = newcomer.other_browser().joins(f"dawn@{DOMAIN}", name="Dawn")

    attend(newcomer, second)

    assert newcomer.letter(AT_DOMAIN).subject == "Dawn may now publish for Quillbury Hospitals NHS Trust"


def test_channels_whose_owner_signed_in_are_shown_as_verified(newcomer: Newcomer, world: World) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    sealed = newcomer.app.extensions["vault"].seal({"access_token": "token"})
    world.channel(organisation, "x", account="@cedar", sealed_secrets=sealed)
    world.channel(organisation, "nhsuk")
    lost = world.channel(organisation, "facebook", account="Cedar", sealed_secrets=sealed, state="failing")
    world.signed_in(newcomer.client, member)
    scope.leave()

    page = newcomer.client.get(PAGE).text

    assert page.count("Channel verified") == 1
    assert "@cedar" in page
    assert str(lost.id) not in page
    assert newcomer.client.get("/channels").text.count("Its owner signed in there for you") == 1


def test_looking_at_the_page_changes_nothing(newcomer: Newcomer, world: World) -> None:
    member = world.member(world.organisation(), level=1)
    world.signed_in(newcomer.client, member)
    scope.leave()

    assert newcomer.client.get(PAGE).status_code == 200

    scope.enter(member.organisation_id)
    assert db.session.query(Claim).count() == 0
    assert members.present(member.organisation_id, member.id) is not None
