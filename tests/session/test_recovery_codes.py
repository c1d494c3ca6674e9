"""Recovery codes: drawn at random, right once, taken however they are typed, replaced as a whole."""

import hashlib
import hmac

from flask import Flask

from healthberry.core import recovery_codes, scope
from healthberry.extensions import db
from healthberry.models.organisations import Member
from healthberry.models.owned import new_id
from healthberry.models.sign_in import RecoveryCode
from tests.session.apps import Phone
from tests.session.stepping import half_in, member, set_up, shown_codes
from tests.signup.newcomer import Newcomer
from tests.world import World

__all__ = ["member"]


def test_a_recovery_code_opens_once_however_it_is_typed(newcomer: Newcomer, world: World, member: Member) -> None:
    world.signed_in(newcomer.client, member)
    _, codes = set_up(newcomer.client)
    newcomer.client.post("/signout")

    half_in(newcomer)
    assert newcomer.client.post("/signin/second", data={"step": codes[0].upper()}).headers["Location"] == "/inbox"
    newcomer.client.post("/signout")
    half_in(newcomer)
    assert newcomer.client.post("/signin/second", data={"step": codes[0]}).status_code == 422
    typed = f"  {codes[1].replace('-', ' – ').replace('1', 'l').replace('0', 'O').replace('v', 'U')} "
    assert newcomer.client.post("/signin/second", data={"step": typed}).status_code == 303
    assert "You have 8 of 10 left" in newcomer.client.get("/settings/sign-in").text


def test_recovery_codes_have_120_random_bits(context: Flask, world: World, member: Member) -> None:
    scope.enter(member.organisation_id)
    signs = [code.replace("-", "") for code in recovery_codes.make(member)]

    assert [len(one) for one in signs] == [24] * 10  # of 32 signs: 5 bits each
    assert len(set("".join(signs))) > 25
    assert len({one[at] for one in signs for at in (0, 12, 23)}) > 5


def test_a_recovery_code_of_the_short_kind_works_until_new_ones_are_made(
    newcomer: Newcomer, world: World, member: Member
) -> None:
    Phone(newcomer.app, member)
    scope.enter(member.organisation_id)
    key = f"{newcomer.app.extensions['settings'].secret_key}/recovery-code".encode()
    for code in ("ab2uvz9xyk", "bb2uvz9xyk"):
        text = f"{member.organisation_id}:{member.id}:{code}".encode()
        hashed = hmac.new(key, text, hashlib.sha256).hexdigest()
        row = {"organisation_id": member.organisation_id, "member_id": member.id, "code_hash": hashed}
        db.session.add(RecoveryCode(id=new_id(), **row))
    db.session.commit()
    scope.leave()

    half_in(newcomer)
    assert newcomer.client.post("/signin/second", data={"step": "AB2UV-Z9XYK"}).status_code == 303
    assert newcomer.client.post("/settings/sign-in/recovery-codes").status_code == 200
    newcomer.client.post("/signout")
    half_in(newcomer)
    assert newcomer.client.post("/signin/second", data={"step": "bb2uv-z9xyk"}).status_code == 422


def test_new_recovery_codes_make_the_old_ones_worthless(newcomer: Newcomer, world: World, member: Member) -> None:
    world.signed_in(newcomer.client, member)
    _, old = set_up(newcomer.client)
    page = newcomer.client.post("/settings/sign-in/recovery-codes").text
    new = shown_codes(page)
    newcomer.client.post("/signout")
    half_in(newcomer)

    assert newcomer.client.post("/signin/second", data={"step": old[0]}).status_code == 422
    assert newcomer.client.post("/signin/second", data={"step": new[0]}).status_code == 303
