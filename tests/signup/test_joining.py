"""Signing up, from the second page to the inbox, and how far one is trusted afterwards."""

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import func, select

from healthberry import create_app
from healthberry.core import members, scope
from healthberry.extensions import db
from healthberry.models.activities import Activity
from healthberry.models.organisations import Member, Organisation
from healthberry.settings import Settings
from tests.signup.newcomer import Newcomer

AT_DOMAIN = "priya@quillburyhospitals.nhs.uk"


def test_the_first_person_at_the_organisations_own_domain_is_its_administrator(newcomer: Newcomer) -> None:
    member = newcomer.joins(AT_DOMAIN)

    assert (member.level, member.role, member.name) == (2, "administrator", "Priya Kaur")
    assert newcomer.client.get("/welcome").status_code == 200
    with newcomer.app.app_context():
        organisation = db.session.get_one(Organisation, member.organisation_id)
        assert (organisation.ods_code, organisation.name, organisation.listed) == (
            "ZT1",
            "Quillbury Hospitals NHS Trust",
            True,
        )
        assert organisation.discover_next_at is not None
        scope.enter(organisation.id)
        kinds = set(db.session.scalars(select(Activity.kind)))
    assert kinds == {"organisation_joined", "member_joined"}


@pytest.mark.parametrize("email", ["sam@nhs.net", "sam@gmail.com", "sam@evilquillburyhospitals.nhs.uk"])
def test_any_other_mailbox_proves_itself_alone(newcomer: Newcomer, email: str) -> None:
    member = newcomer.joins(email)

    assert (member.level, member.role) == (1, "responder")
    assert "To publish, one step is missing" in newcomer.client.get("/welcome").text


def test_the_second_at_the_domain_publishes_too_but_administrates_nothing(newcomer: Newcomer) -> None:
    newcomer.joins(AT_DOMAIN)

    second = newcomer.other_browser().joins("dawn@quillburyhospitals.nhs.uk", name="Dawn")

    assert (second.level, second.role) == (2, "responder")


def test_a_second_claimant_may_ask_and_the_administrators_are_told(newcomer: Newcomer) -> None:
    newcomer.joins(AT_DOMAIN)
    other = newcomer.other_browser()
    other.joins("sam@nhs.net", name="Sam Archer")

    joined = newcomer.letter(AT_DOMAIN)
    assert joined.subject == "Sam Archer has signed up for Quillbury Hospitals NHS Trust"
    welcome = other.client.get("/welcome").text
    assert "is already here" in welcome
    assert "Priya" not in welcome
    assert other.client.get("/people").status_code == 403

    other.client.post("/people/ask")
    assert newcomer.letter(AT_DOMAIN).subject == "Sam Archer asks to publish for Quillbury Hospitals NHS Trust"
    assert newcomer.member("sam@nhs.net").approval_asked_at is not None

    newcomer.mailbox.clear()
    other.client.post("/people/ask")
    with pytest.raises(StopIteration):
        newcomer.letter(AT_DOMAIN)


def test_the_code_page_goes_back_to_the_code_after_a_wrong_one(newcomer: Newcomer) -> None:
    newcomer.sign_up(AT_DOMAIN)
    code = newcomer.code(AT_DOMAIN)
    wrong = f"{(int(code.replace(' ', '')) + 1) % 10**6:06}"

    answer = newcomer.type_code(wrong)

    assert answer.status_code == 422
    assert "You have 4 more tries" in answer.text
    assert newcomer.type_code(wrong).text.count("3 more tries") >= 1, "the first wrong try was forgotten"
    assert newcomer.type_code(code).headers["Location"] == "/welcome"


def test_a_code_is_of_no_use_in_another_browser_but_the_link_is(newcomer: Newcomer) -> None:
    newcomer.sign_up(AT_DOMAIN)
    code, link = newcomer.code(AT_DOMAIN), newcomer.link(AT_DOMAIN)
    phone = newcomer.other_browser()

    assert phone.type_code(code).status_code == 422
    assert "Continue" in phone.client.get(link).text
    assert phone.client.get("/inbox").status_code == 303, "opening the link signed somebody in"
    assert phone.client.post(link).headers["Location"] == "/welcome"
    assert phone.client.get("/inbox").status_code == 200
    assert newcomer.client.get(link).status_code == 410


def test_opening_the_link_changes_nothing(newcomer: Newcomer) -> None:
    newcomer.sign_up(AT_DOMAIN)
    link = newcomer.link(AT_DOMAIN)

    for _ in range(3):
        assert newcomer.other_browser().client.get(link).status_code == 200

    with newcomer.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Organisation)) == 0
    assert newcomer.type_code(newcomer.code(AT_DOMAIN)).headers["Location"] == "/welcome"


def test_signing_up_again_signs_in_and_says_nothing_that_tells_the_two_apart(newcomer: Newcomer) -> None:
    first_answer = newcomer.sign_up(AT_DOMAIN)
    first_page = newcomer.client.get("/code").text
    first_letter = newcomer.letter(AT_DOMAIN)
    newcomer.type_code(newcomer.code(AT_DOMAIN))
    before = newcomer.member(AT_DOMAIN)

    again = newcomer.other_browser()
    answer = again.sign_up(AT_DOMAIN, name="Somebody Else")
    letter = again.letter(AT_DOMAIN)

    assert (answer.status_code, answer.headers["Location"]) == (first_answer.status_code, "/code")
    assert without_secrets(again.client.get("/code").text) == without_secrets(first_page)
    assert letter.subject[7:] == first_letter.subject[7:]
    assert again.type_code(again.code(AT_DOMAIN)).headers["Location"] == "/inbox"
    after = newcomer.member(AT_DOMAIN)
    assert (after.id, after.name, after.level) == (before.id, "Priya Kaur", 2)


def test_somebody_who_was_removed_comes_back_with_a_mailbox_alone(newcomer: Newcomer) -> None:
    newcomer.joins(AT_DOMAIN)
    dawn = newcomer.other_browser()
    member = dawn.joins("dawn@quillburyhospitals.nhs.uk", name="Dawn")
    newcomer.client.post(f"/people/{member.id}/remove")

    assert dawn.client.get("/inbox").headers["Location"].startswith("/signin")
    back = dawn.joins("dawn@quillburyhospitals.nhs.uk", name="Dawn")
    assert (back.id, back.level, back.role) == (member.id, 1, "responder")
    assert back.session_key != member.session_key


def test_two_first_members_make_one_organisation(newcomer: Newcomer) -> None:
    other = newcomer.other_browser()
    newcomer.sign_up("a@nhs.net")
    other.sign_up("b@nhs.net")
    newcomer.type_code(newcomer.code("a@nhs.net"))
    other.type_code(other.code("b@nhs.net"))

    assert newcomer.member("a@nhs.net").organisation_id == newcomer.member("b@nhs.net").organisation_id


TYPED = {"ods": "", "organisation": "Brook Hospice", "kind": "hospice", "town": "Brookton"}


def test_an_organisation_that_is_not_listed_is_typed_in_and_the_operator_told(
    newcomer: Newcomer, settings: Settings
) -> None:
    app = create_app(replace(settings, operator_email="operator@example.org"))
    app.config["WTF_CSRF_ENABLED"] = False
    there = Newcomer(app, app.test_client(), newcomer.mailbox)
    data = {"organisation": "Brook Hospice", "kind": "hospice", "town": "Brookton"}
    on = there.client.post("/signup/unlisted", data=data)
    assert on.headers["Location"].startswith("/signup/you?organisation=Brook+Hospice")
    assert "not in the register" in there.client.get(on.headers["Location"]).text

    member = there.joins("anna@brook.example", **TYPED)

    assert member.level == 1
    assert there.letter("operator@example.org").subject == "Not in the register: Brook Hospice"
    with app.app_context():
        organisation = db.session.get_one(Organisation, member.organisation_id)
        assert (organisation.listed, organisation.ods_code, organisation.town) == (False, None, "Brookton")
        scope.leave()
        db.engine.dispose()


def test_a_colleague_who_types_in_the_same_one_joins_it(newcomer: Newcomer) -> None:
    first = newcomer.joins("anna@brook.example", **TYPED)

    second = newcomer.other_browser().joins("ben@brook.example", **{**TYPED, "organisation": "brook  HOSPICE"})

    assert second.organisation_id == first.organisation_id


def test_the_unlisted_form_names_what_needs_another_look(newcomer: Newcomer) -> None:
    for missing, sentence in (
        ("organisation", "Enter the name of your organisation"),
        ("kind", "Choose what kind"),
        ("town", "Enter the town"),
    ):
        data = {"organisation": "Brook Hospice", "kind": "hospice", "town": "Brookton", missing: ""}
        answer = newcomer.client.post("/signup/unlisted", data=data)
        assert answer.status_code == 422
        assert sentence in answer.text


HOSTILE = [
    "",
    "x" * 1_000_000,
    "🙂" * 300,
    "مرحبا",
    "a\0b",
    "<script>alert(1)</script>",
    "{{ 7*7 }}",
    "\u202eevil",
    "'; --",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_no_field_breaks_on_hostile_text(newcomer: Newcomer, text: str) -> None:
    client = newcomer.client
    answers = [
        newcomer.sign_up(text),
        newcomer.sign_up("a@nhs.net", name=text),
        newcomer.sign_up("a@nhs.net", ods=text),
        newcomer.ask(text),
        newcomer.type_code(text),
        client.post("/signup/unlisted", data={"organisation": text, "kind": text, "town": text}),
        client.post("/signin/choose", data={"organisation": text}),
        client.get("/signup", query_string={"q": text[:3000]}),
        client.get("/signup/providers", query_string={"q": text[:3000]}),
        client.get("/signup/you", query_string={"ods": text[:3000]}),
        client.get("/signin", query_string={"next": text[:3000]}),
    ]

    assert [answer.status_code for answer in answers if answer.status_code >= 500] == []
    assert not any("<script>alert" in answer.text for answer in answers)


def test_malformed_utf_8_is_answered(newcomer: Newcomer) -> None:
    for path in (
        "/signup?q=%ff%fe",
        "/signup/providers?q=%c3%28",
        "/signup/you?ods=%ff",
        "/signin?next=%ff",
        "/code/%ff",
    ):
        assert newcomer.client.get(path).status_code < 500
    form = "application/x-www-form-urlencoded"
    assert newcomer.client.post("/signin", data=b"email=%ff%fe@nhs.net", content_type=form).status_code < 500


def test_more_than_two_megabytes_are_refused_with_a_sentence(newcomer: Newcomer) -> None:
    answer = newcomer.ask("x" * 3_000_000)

    assert answer.status_code == 413
    assert "larger than 2 MB" in answer.text


def test_too_many_codes_have_a_page_of_their_own(newcomer: Newcomer) -> None:
    for _ in range(5):
        assert newcomer.ask("a@example.org").status_code == 303

    answer = newcomer.ask("a@example.org")

    assert answer.status_code == 429
    assert "several codes to this address already" in answer.text
    assert int(answer.headers["Retry-After"]) > 0


def without_secrets(page: str) -> str:
    """Return a page without what differs from one request to the next."""
    return "".join(line for line in page.splitlines() if "nonce" not in line and "csrf" not in line)


def test_everybody_is_seen_by_level_two_alone(newcomer: Newcomer) -> None:
    admin = newcomer.joins(AT_DOMAIN)
    newcomer.other_browser().joins("sam@nhs.net", name="Sam Archer")
    app: Flask = newcomer.app
    with app.app_context():
        scope.enter(admin.organisation_id)
        people: list[Member] = list(members.everybody(admin))
    assert [one.name for one in people] == ["Sam Archer", "Priya Kaur"]


def test_the_form_promises_publishing_at_once_only_where_an_address_can_give_it(newcomer: Newcomer) -> None:
    trust, practice = (newcomer.client.get("/signup/you", query_string={"ods": ods}).text for ods in ("ZT1", "ZG1"))

    assert "An address at @quillburyhospitals.nhs.uk lets you publish at once." in trust
    assert "publish at once" not in practice
