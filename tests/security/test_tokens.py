"""Whatever proves something, wrong in every way that we know: refused in words, with its status, and to no effect.

Single letters changed, purposes mixed up and what is in the links: tests/mail/test_links.py. Signatures of each
provider: tests/connectors.
"""

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from sqlalchemy import delete, update

from healthberry.core import invitations, scope
from healthberry.extensions import db
from healthberry.mail import links
from healthberry.models.organisations import EmailCode, Member
from healthberry.models.owned import now
from healthberry.session_cookie import SessionCookie
from tests.pushed import Pushed, pushed, seal, send, signature
from tests.session.apps import Phone
from tests.session.conftest import each_request_by_itself, newcomer, providers
from tests.signup.newcomer import Newcomer
from tests.world import World, session_name

__all__ = ["each_request_by_itself", "newcomer", "providers", "pushed"]


@pytest.fixture
def member(world: World) -> Member:
    return world.member(world.organisation(), email="known@example.org")


def _reply(member: Member) -> str:
    return links.reply_link(links.ReplyLink(member.organisation_id, member.id, uuid4()))


def _unsubscribe(member: Member) -> str:
    return links.unsubscribe_link(links.UnsubscribeLink(member.organisation_id, member.id))


def _invitation(member: Member) -> str:
    return f"http://localhost/invitation/{invitations.invite(member, 'new@example.org', 'administrator')}"


LINKS: dict[str, tuple[Callable[[Member], str], int]] = {
    "reply": (_reply, 400),
    "unsubscribe": (_unsubscribe, 400),
    "invitation": (_invitation, 422),
}
KINDS = pytest.mark.parametrize(("make", "status"), LINKS.values(), ids=LINKS.keys())


@contextmanager
def another_key(app: Flask) -> Iterator[None]:
    """Sign as another installation would, or somebody who guesses."""
    own = app.extensions["settings"]
    app.extensions["settings"] = replace(own, secret_key="another-key-" + "y" * 32)
    yield
    app.extensions["settings"] = own


def answers(client: FlaskClient, url: str) -> set[int]:
    """Open a link, and press its button."""
    path = url.removeprefix("http://localhost")
    return {client.get(path).status_code, client.post(path, data={"alerts": "off", "name": "Eve"}).status_code}


@KINDS
def test_a_link_cut_short_anywhere_opens_nothing(
    client: FlaskClient, member: Member, make: Callable[[Member], str], status: int
) -> None:
    url = make(member)
    head, _, token = url.rpartition("/")

    assert client.get(url.removeprefix("http://localhost")).status_code < 500
    for length in range(1, len(token) - 1, 5):
        assert answers(client, f"{head}/{token[:length]}") == {status}, length
    assert client.get("/inbox").status_code == 303


@KINDS
def test_a_link_of_another_installation_opens_nothing(
    app: Flask, client: FlaskClient, member: Member, make: Callable[[Member], str], status: int
) -> None:
    with another_key(app):
        url = make(member)

    assert answers(client, url) == {status}
    assert client.get("/inbox").status_code == 303


@KINDS
def test_the_body_of_one_link_with_the_signature_of_another_opens_nothing(
    client: FlaskClient, world: World, member: Member, make: Callable[[Member], str], status: int
) -> None:
    mine = make(member)
    theirs = make(world.member(world.organisation()))

    assert answers(client, f"{theirs.rpartition('.')[0]}.{mine.rpartition('.')[2]}") == {status}


def test_links_that_are_too_old_open_nothing(client: FlaskClient, member: Member) -> None:
    link = links.ReplyLink(member.organisation_id, member.id, uuid4())
    url = links.reply_link(link, clock=now() - timedelta(days=links.REPLY_DAYS, seconds=1))

    assert answers(client, url) == {410}


def _cookie(
    app: Flask, values: dict[str, object], *, key: str | None = None, age: int = 0, digest: Any = hashlib.sha256
) -> str:
    """Make a session cookie as the application does; `age` seconds ago, or with another key or hash."""

    class Before(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(time.time()) - age

    own = SessionCookie()
    kwargs = {"key_derivation": own.key_derivation, "digest_method": digest}
    serializer = URLSafeTimedSerializer(
        key or app.secret_key or "", salt=own.salt, serializer=own.serializer, signer=Before, signer_kwargs=kwargs
    )
    return str(serializer.dumps(values))


# Not "=": base64 knows it as an ending that says nothing, and what it ends is the same session.
_TAILS = (".", "A", "AAAA", ".eyJ9", ".x.y", "\x00")


def _opens(app: Flask, cookie: str) -> int:
    name = app.config["SESSION_COOKIE_NAME"]
    return app.test_client(use_cookies=False).get("/settings", headers={"Cookie": f"{name}={cookie}"}).status_code


def test_only_a_whole_fresh_session_cookie_of_this_installation_opens_pages(app: Flask, member: Member) -> None:
    values: dict[str, object] = {"_user_id": session_name(app, member), "_fresh": True, "_permanent": True}
    good = _cookie(app, values)
    life = int(app.permanent_session_lifetime.total_seconds())

    assert _opens(app, good) == 200
    assert _opens(app, _cookie(app, values, age=life - 60)) == 200
    assert _opens(app, _cookie(app, values, age=life + 60)) == 303
    assert _opens(app, _cookie(app, values, key="another-key")) == 303
    assert _opens(app, _cookie(app, values, digest=hashlib.sha1)) == 303
    assert {_opens(app, good[:length]) for length in range(0, len(good) - 1, 9)} == {303}
    assert {tail: _opens(app, good + tail) for tail in _TAILS} == dict.fromkeys(_TAILS, 303)


def test_a_session_is_worth_nothing_in_another_organisation(app: Flask, world: World, member: Member) -> None:
    mine = session_name(app, member)
    stranger = world.member(world.organisation())
    swapped = f"{stranger.organisation_id}:{mine.partition(':')[2]}"

    assert _opens(app, _cookie(app, {"_user_id": swapped, "_fresh": True})) == 303


def test_a_stolen_cookie_is_worth_nothing_once_its_owner_signed_out(app: Flask, world: World, member: Member) -> None:
    client = world.signed_in(app.test_client(), member)
    stolen = client.get_cookie(app.config["SESSION_COOKIE_NAME"]).value
    assert _opens(app, stolen) == 200

    client.post("/signout")

    assert _opens(app, stolen) == 303


def _form_token(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/signin").text)
    assert found
    return found[1]


def test_a_form_is_taken_only_with_the_whole_proof_of_its_own_browser(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    mine, theirs = app.test_client(), app.test_client()
    own, foreign = _form_token(mine), _form_token(theirs)
    wrong = [foreign, "", "x", own[::-1], f"{own}A", foreign.partition(".")[0] + "." + own.partition(".")[2]]

    for token in [*wrong, *(own[:length] for length in range(0, len(own) - 1, 9))]:
        answer = mine.post("/signin", data={"email": "a@example.org", "csrf_token": token})
        assert answer.status_code == 400, token
    assert mine.post("/signin", data={"email": "a@example.org", "csrf_token": own}).status_code == 303


def test_a_code_works_once_whole_and_only_where_it_was_asked_for(newcomer: Newcomer, member: Member) -> None:
    stranger = newcomer.other_browser()
    newcomer.ask("known@example.org")
    code, link = newcomer.code("known@example.org"), newcomer.link("known@example.org")

    assert stranger.type_code(code).status_code == 422
    assert newcomer.type_code(code[:-1]).status_code == 422
    assert newcomer.type_code(code).status_code == 303
    assert newcomer.client.get("/settings").status_code == 200
    assert newcomer.type_code(code).status_code == 422
    assert stranger.type_code(code).status_code == 422
    assert stranger.client.post(link).status_code == 410
    assert stranger.client.get("/settings").status_code == 303


def test_a_codes_link_cut_short_or_with_another_ones_id_opens_nothing(newcomer: Newcomer, member: Member) -> None:
    newcomer.ask("known@example.org")
    link = newcomer.link("known@example.org")
    _, _, code_id, key = link.split("/")

    for bad in (f"/code/{code_id}/{key[:-2]}", f"/code/{code_id}/{key}x", f"/code/{uuid4()}/{key}"):
        assert newcomer.client.get(bad).status_code == 410
        assert newcomer.client.post(bad).status_code == 410
    assert newcomer.client.get("/settings").status_code == 303


def test_a_delivery_with_any_part_of_its_signature_missing_is_refused(
    client: FlaskClient, world: World, pushed: Pushed
) -> None:
    channel = world.channel(world.organisation(), "pushed", remote_id="p", sealed_secrets=seal("secret"))
    path, body = f"/hooks/pushed/{channel.id}", b'[{"id": "a"}]'
    whole = signature("secret", body)

    wrong = [whole[:length] for length in range(0, len(whole), 3)] + [whole + "0", whole.upper() + " ", "é"]
    statuses = {client.post(path, data=body, headers={"X-Sig": one}).status_code for one in wrong}
    assert statuses == {403}
    assert client.post(path, data=body).status_code == 403
    assert send(client, path, [{"id": "a"}], "secret").status_code == 202


DEVICE = "healthberry-device"


def _device(cookie: str, answer: str) -> tuple[str, list[str]]:
    """Return the value of a remembered browser's cookie, and what somebody could make of it."""
    half = len(cookie) // 2
    return cookie, [
        "",
        cookie[:-1],
        cookie[:half],
        cookie[::-1],
        cookie.swapcase(),
        f"{cookie}A",
        f"{cookie}.{cookie}",
        answer,
    ]


def test_only_the_whole_cookie_of_the_browser_that_was_remembered_spares_its_owner_the_second_step(
    newcomer: Newcomer, world: World, member: Member
) -> None:
    email, phone = member.email, Phone(newcomer.app, member)
    scope.leave()
    newcomer.ask(email)
    newcomer.type_code(newcomer.code(email))
    newcomer.client.post("/signin/second", data={"step": phone.digits(), "remember": "on"})
    kept = newcomer.client.get_cookie(DEVICE)
    assert kept
    whole, wrong = _device(kept.value, str(uuid4()))

    def asked_with(cookie: str) -> str:
        scope.enter(member.organisation_id)
        db.session.execute(delete(EmailCode))
        db.session.commit()
        scope.leave()
        other = newcomer.other_browser()
        other.client.set_cookie(DEVICE, cookie)
        other.ask(email)
        return other.type_code(other.code(email)).headers["Location"]

    assert {cookie: asked_with(cookie) for cookie in wrong} == dict.fromkeys(wrong, "/signin/second")
    assert asked_with(whole) == "/inbox"


def test_a_codes_link_that_is_too_old_opens_nothing(newcomer: Newcomer, member: Member) -> None:
    email = member.email
    newcomer.ask(email)
    link = newcomer.link(email)
    db.session.execute(update(EmailCode).values(expires_at=now() - timedelta(seconds=1)))
    db.session.commit()

    assert {newcomer.client.get(link).status_code, newcomer.client.post(link).status_code} == {410}
    assert newcomer.client.get("/settings").status_code == 303


def test_figures_are_shown_for_the_whole_token_alone(app: Flask) -> None:
    token = "figures-of-this-installation"
    app.extensions["settings"] = replace(app.extensions["settings"], metrics_token=token)
    client = app.test_client()

    def asked(value: str) -> int:
        return client.get("/metrics", headers={"Authorization": value}).status_code

    wrong = ["", "Bearer ", "Bearer", "Basic " + token, f"Bearer {token}x", f"Bearer {token.upper()}", "Bearer é"]
    wrong += [f"Bearer {token[:length]}" for length in range(len(token))]
    assert {asked(one) for one in wrong} == {404}
    assert asked(f"Bearer {token}") == 200
