"""A colleague asks what is held about their account, and an author what is held around their words."""

import io
import json
import re
import zipfile

from flask.testing import FlaskClient
from sqlalchemy import select, update

from healthberry.connectors.openid_issuers import Identity
from healthberry.core import audit, openid_joining, scope
from healthberry.extensions import db
from healthberry.models.audit import AuditEntry
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member
from healthberry.models.owned import new_id, now
from healthberry.models.replies import Draft
from healthberry.models.sign_in import Passkey, RecoveryCode
from tests.session.apps import Phone
from tests.session.test_rights import LINK, WREN, asks, only
from tests.world import World, session_name

ISSUER = "https://login.cedar.example/tenant"


def _ada(client: FlaskClient, world: World, organisation: object) -> tuple[Member, str]:
    """A responder who signs in by everything there is; return her, and the secret of her app."""
    ada = world.member(organisation, name="Ada Day", email="ada@cedar.nhs.uk", role="responder")  # type: ignore[arg-type]
    secret = Phone(client.application, ada).secret
    session_name(client.application, ada, browser="Edge on Windows", remembered_until=now())
    openid_joining.link(ada, Identity(ISSUER, "subject-of-ada", "", "Ada Day", mfa=False))
    mine = {"organisation_id": ada.organisation_id, "member_id": ada.id}
    key = {"credential_id": b"credential", "public_key": b"public"}
    db.session.add(Passkey(id=new_id(), name="Work phone", **mine, **key))
    db.session.add(RecoveryCode(id=new_id(), code_hash="hash-of-a-code", **mine))
    audit.did(ada, "restricted_read", "conversation", new_id())
    db.session.commit()
    return ada, secret


def test_a_copy_of_an_account_says_how_they_sign_in_and_what_they_did_and_holds_no_secret(
    client: FlaskClient, world: World
) -> None:
    organisation = world.organisation(name="Cedar Surgery")
    org = organisation.id
    admin = world.member(organisation, name="Priya Shah")
    ada, secret = _ada(client, world, organisation)
    audit.did(admin, "member_role_changed", "member", ada.id, role="responder")
    audit.did(admin, "audit_exported")
    db.session.commit()
    theirs = world.organisation()
    _ada(client, world, theirs)
    scope.enter(org)
    world.signed_in(client, admin)
    asks(client, org, kind="copy", about="Ada Day", contact="Ada@Cedar.nhs.uk")
    made = only(org)
    where = f"/settings/requests/{made.id}"

    page = client.get(where).text
    (who,) = re.findall(r'name="colleague"[^>]*value="([^"]+)"', page)
    assert client.post(f"{where}/account", data={"colleague": who, "account_reason": ""}).status_code == 422
    foreign = client.post(f"{where}/account", data={"colleague": str(admin.id), "account_reason": "Asked"})
    assert (foreign.status_code, "Choose whose account" in foreign.text) == (422, True)
    answer = client.post(f"{where}/account", data={"colleague": who, "account_reason": "Identity checked"})

    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        files = {one.filename: archive.read(one).decode() for one in archive.infolist()}
    data = json.loads(files["data.json"])
    (account,) = data["accounts_elsewhere"]
    assert (account["issuer"], account["subject"]) == (ISSUER, "subject-of-ada")
    assert [one["browser"] for one in data["browsers"]] == ["Edge on Windows"]
    assert data["browsers"][0]["remembered_until"]
    assert [one["name"] for one in data["second_step"]["passkeys"]] == ["Work phone"]
    assert data["second_step"]["recovery_codes_left"] == 1
    assert {one["what"] for one in data["what_you_did"]} >= {"Read a restricted conversation"}
    assert [one["what"] for one in data["what_others_did_to_your_account"]] == ["Changed somebody's role"]
    assert "subject-of-ada" in files["read-me-first.html"]
    everything = "".join(files.values())
    for words in (secret, "hash-of-a-code", "credential_id", "Priya", "Took the audit log out"):
        assert words not in everything
    scope.enter(org)
    taken = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "data_copied")).one()
    assert taken.name == "Priya Shah"


def test_the_copy_of_an_authors_words_names_what_is_held_around_them(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    org = organisation.id
    admin = world.member(organisation)
    (one,) = world.arrives(world.channel(organisation, "bluesky"), world.item("My story", author=WREN, url=LINK))
    (same,) = world.arrives(
        world.channel(organisation, "mastodon"), world.item("Mine too", url="https://m.example/@w/1")
    )
    db.session.execute(update(Conversation).where(Conversation.id == same).values(copy_of=one))
    db.session.add(Draft(organisation_id=org, conversation_id=one, member_id=admin.id, text="Dear Wren"))
    db.session.commit()
    asks(client, org, kind="object")
    first = only(org).reference
    asks(client, org, kind="copy", about="@wren")
    world.signed_in(client, admin)
    scope.enter(org)
    (where,) = {
        path
        for path in re.findall(r'href="(/settings/requests/[0-9a-f-]{36})"', client.get("/settings/requests").text)
        if "Send me a copy" in client.get(path).text
    }
    (key,) = set(re.findall(r'name="who"[^>]*value="([^"]+)"', client.get(where).text))

    answer = client.post(f"{where}/copy", data={"who": key, "reason": "Checked", "notes": "on"})

    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        data, page = json.loads(archive.read("data.json")), archive.read("read-me-first.html").decode()
    assert {one["reference"] for one in data["requests"]} > {first}
    assert [one["url"] for one in data["same_words_elsewhere"]] == ["https://m.example/@w/1"]
    assert data["answers_not_sent"] == ["Dear Wren"]
    assert data["messages"][0]["id_there"]
    for words in (first, "https://m.example/@w/1", "Dear Wren"):
        assert words in page
    assert "Mine too" not in page, "whose words these are, nobody knows"
