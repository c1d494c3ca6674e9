"""What the operator does by hand."""

from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet
from flask import Flask

from healthberry.cli import commands
from healthberry.connectors.base import Access, Authorisation
from healthberry.connectors.errors import NotAuthorised, SignInOver, Unavailable
from healthberry.core import channels, events, members, operator, roles, scope, tokens
from healthberry.core.errors import Conflict
from healthberry.core.vault import Vault
from healthberry.extensions import db
from healthberry.jobs.tokens import refresh_tokens, renew
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member
from healthberry.models.owned import now
from healthberry.settings import Settings
from tests.world import World


def _signed_in(world: World, **fields: Any) -> tuple[Channel, Authorisation]:
    organisation = world.organisation()
    member = world.member(organisation)
    channel = world.channel(organisation, "x", remote_id="77")
    granted = Authorisation({"access_token": "very-secret", "refresh_token": "r"}, None, "77", "cedar")
    channels.connect(member, channel.id, replace(granted, **fields))
    db.session.commit()
    return channel, granted


def _environment(settings: Settings, channel_keys: str) -> dict[str, str]:
    """The settings of the application under test as a command finds them."""
    kept = ("database_url", "redis_url", "mail_url", "mail_from", "secret_key", "public_url")
    return {"CHANNEL_KEYS": channel_keys, **{name.upper(): str(getattr(settings, name)) for name in kept}}


def test_tokens_are_sealed_at_rest_and_open_with_the_settings_key(world: World) -> None:
    channel, granted = _signed_in(world)

    raw = db.session.scalar(db.text("SELECT sealed_secrets FROM channels"))

    assert b"very-secret" not in raw
    assert channels.access_of(channel).secrets["access_token"] == granted.secrets["access_token"]
    assert "very-secret" not in repr(channels.access_of(channel))


def test_a_new_key_seals_every_organisations_tokens_and_the_old_one_can_go(
    world: World, app: Flask, channel_key: str
) -> None:
    first, _ = _signed_in(world)
    second, _ = _signed_in(world)
    new = Fernet.generate_key().decode()
    app.extensions["vault"] = Vault([new, channel_key])

    rotated = operator.rotate_secrets()
    db.session.commit()
    app.extensions["vault"] = Vault([new])

    assert rotated == operator.Rotation(2, [])
    for channel in (first, second):
        scope.enter(channel.organisation_id)
        found = db.session.get_one(Channel, (channel.organisation_id, channel.id))
        assert channels.access_of(found).secrets["access_token"] == "very-secret"


def test_a_channel_that_no_key_opens_is_named_and_the_others_are_sealed(
    world: World, app: Flask, settings: Settings, channel_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = _signed_in(world)
    lost, _ = _signed_in(world)
    last, _ = _signed_in(world)
    scope.enter(lost.organisation_id)
    stranger = Vault([Fernet.generate_key().decode()]).seal({"access_token": "old"})
    db.session.get_one(Channel, (lost.organisation_id, lost.id)).sealed_secrets = stranger
    db.session.commit()
    scope.leave()
    new = Fernet.generate_key().decode()
    for name, value in _environment(settings, f"{new},{channel_key}").items():
        monkeypatch.setenv(name, value)

    done = CliRunner().invoke(commands, ["secrets", "rotate"])

    assert done.exit_code == 1
    assert "2 channels sealed with the newest key." in done.output
    assert str(lost.id) in done.output
    app.extensions["vault"] = Vault([new])
    for channel, sealed in ((first, True), (lost, False), (last, True)):
        scope.enter(channel.organisation_id)
        found = db.session.get_one(Channel, (channel.organisation_id, channel.id))
        assert ("access_token" in channels.access_of(found).secrets) is sealed


def test_a_lost_key_means_signing_in_again_not_a_broken_page(world: World, app: Flask) -> None:
    channel, _ = _signed_in(world)
    app.extensions["vault"] = Vault([Fernet.generate_key().decode()])

    assert "access_token" not in channels.access_of(channel).secrets


def test_one_start_with_another_key_throws_no_token_away(world: World, app: Flask, channel_key: str) -> None:
    channel, _ = _signed_in(world, expires_at=now())
    organisation_id, channel_id = channel.organisation_id, channel.id
    app.extensions["vault"] = Vault([Fernet.generate_key().decode()])

    refresh_tokens(str(organisation_id), str(channel_id))

    app.extensions["vault"] = Vault([channel_key])
    scope.enter(organisation_id)
    found = db.session.get_one(Channel, (organisation_id, channel_id))
    assert channels.access_of(found).secrets["refresh_token"] == "r"
    assert tokens.claim(organisation_id, channel_id) is None, "it rests for a minute"
    found.token_claimed_until = now()
    assert tokens.claim(organisation_id, channel_id) is found


@pytest.mark.parametrize("said", [SignInOver("It is over."), NotAuthorised("Not you."), Unavailable("Away."), None])
def test_what_is_said_of_old_tokens_leaves_those_alone_that_came_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch, said: Exception | None
) -> None:
    channel, granted = _signed_in(world, expires_at=now())
    organisation_id, channel_id = channel.organisation_id, channel.id
    connector = channels.connector_of(channel)

    def while_somebody_signs_in(access: Access) -> Authorisation:
        found = channels.find(organisation_id, channel_id)
        tokens.keep(found, replace(granted, secrets={"refresh_token": "new"}))
        db.session.commit()
        if said is not None:
            raise said
        return granted

    monkeypatch.setattr(connector, "refresh", while_somebody_signs_in)

    assert renew(organisation_id, channel_id) == "renewed"

    scope.enter(organisation_id)
    assert channels.access_of(channels.find(organisation_id, channel_id)).secrets["refresh_token"] == "new"


def test_signing_in_with_another_account_is_refused(world: World) -> None:
    with pytest.raises(Conflict, match="You signed in as @other"):
        _signed_in(world, account_id="78", account="other")


def test_the_operator_lets_a_checked_member_publish(world: World) -> None:
    organisation = world.organisation(listed=False)
    member = world.member(organisation, level=1, role="responder", email="pat@nhs.net")
    named, waits = operator.unlisted()
    assert organisation.name in named
    assert "pat@nhs.net" in waits

    done = operator.verify("pat@nhs.net", organisation.ods_code or "")
    db.session.commit()

    assert "may now publish" in done.said
    assert (done.email, done.organisation) == ("pat@nhs.net", organisation.name)
    assert operator.verify("pat@nhs.net", organisation.ods_code or "").email == "", "they would be told twice"
    assert (member.level, member.role) == (2, "administrator")
    assert operator.unlisted() == []


def test_the_operator_is_told_when_nobody_matches(world: World) -> None:
    organisation = world.organisation()

    assert operator.verify("pat@nhs.net", "NOPE").said == "No organisation with the code NOPE has signed up."
    nobody = operator.verify("pat@nhs.net", organisation.ods_code or "")
    assert nobody.said.startswith("Nobody with the address")
    assert nobody.email == ""


def test_who_asked_to_be_checked_stands_in_the_operators_list_until_they_are_trusted_or_leave(world: World) -> None:
    practice = world.organisation(name="Cedar Surgery", web_domain=None)
    first = world.member(practice, level=1, role="responder", email="pat@nhs.net", name="Pat Lee")
    world.member(practice, level=1, email="silent@nhs.net")
    members.ask_check(first)
    events.commit()
    hospice = world.organisation(name="Brook Hospice", ods_code=None, web_domain=None, listed=False)
    second = world.member(hospice, level=1, role="responder", email="anna@brook.example")
    members.ask_check(second)
    events.commit()
    hospice_id, code = str(hospice.id), practice.ods_code or ""

    one, other = operator.waiting()

    assert one.startswith(f"Cedar Surgery  {code}  Pat Lee  pat@nhs.net  since {now():%Y-}")
    assert f"Brook Hospice  {hospice_id}  " in other
    operator.verify("pat@nhs.net", code)
    events.commit()
    scope.enter(second.organisation_id)
    roles.remove(db.session.get_one(Member, (second.organisation_id, second.id)), second.id)
    events.commit()
    assert operator.waiting() == []


def test_the_table_of_kinds_says_what_each_can_do_and_which_key_is_missing(
    settings: Settings, channel_key: str
) -> None:
    environment = {**_environment(settings, channel_key), "CAREOPINION_SUBSCRIPTION_KEY": "a-key"}

    done = CliRunner(env=environment).invoke(commands, ["channels"])

    assert done.exit_code == 0
    heading, *kinds = done.output.splitlines()
    rows = {line.split()[0]: line for line in kinds}
    assert heading.split()[0] == "kind"
    assert rows["careopinion"].endswith("ready")
    assert "copied by a person" in rows["careopinion"]
    assert rows["x"].endswith("(X_BEARER_TOKEN).")
    assert "the newest 800 mentions" in rows["x"]
    assert "asking every 1 min" in rows["x"]
