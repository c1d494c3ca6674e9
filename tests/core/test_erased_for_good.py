"""What was erased does not come back, whatever its source serves; what is new comes in."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet
from flask import current_app
from sqlalchemy import event, select

from healthberry.connectors.base import Author as Writer
from healthberry.connectors.base import BadItem
from healthberry.core import (
    operator,
    quarantine,
    scope,
    suppression,
)
from healthberry.core.vault import Vault, VaultError
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Message
from healthberry.models.keeping import Suppression
from healthberry.models.organisations import Member, Organisation, OrganisationDetails
from healthberry.models.owned import now
from tests.core.erased import MARK, both, channel, erase, member, tables_with, written
from tests.world import World

__all__ = ["channel", "member"]


def test_what_its_source_serves_again_does_not_come_back(
    world: World, member: Member, channel: Channel, owner: psycopg.Connection
) -> None:
    first, never_read = written(world), written(world, f"{MARK} before it was linked")
    (one,) = world.arrives(channel, first)
    erase(member, one)

    db.session.refresh(channel)
    for again in (
        first,
        replace(first, change="edited", text=f"{MARK} edited", author=Writer(None, MARK)),
        replace(first, remote_id=first.also, also="", provisional=True),
        replace(first, remote_id="at://newer", aliases=(first.remote_id,), author=Writer(None, MARK)),
        never_read,
        replace(never_read, remote_id="nobody", author=Writer(None, MARK), thread_id=first.thread_id),
    ):
        assert world.arrives(channel, again) == []
    quarantine.keep(channel, [BadItem(f"{MARK} raw", "Broken.", first.remote_id)])
    db.session.commit()

    assert tables_with(owner, MARK) == []


def test_what_they_write_after_that_is_a_new_act_and_comes_in(world: World, member: Member, channel: Channel) -> None:
    (one,) = world.arrives(channel, written(world))
    erase(member, one)

    later = written(world, "I need help today", posted_at=now() + timedelta(minutes=1))

    assert len(world.arrives(channel, later)) == 1


def test_what_others_say_later_joins_a_thread_of_which_nothing_is_left(
    world: World, member: Member, channel: Channel
) -> None:
    mine = written(world)
    (one,) = world.arrives(channel, mine)
    erase(member, one)
    db.session.refresh(channel)

    late = world.item("Late", thread_id=mine.thread_id, author=Writer("c", "Robin"), source={"quoted": MARK})

    assert world.arrives(channel, late) == []
    found = db.session.scalars(select(Message).where(Message.text == "Late")).one()
    assert (found.conversation_id, found.source) == (one, {})


def test_a_page_costs_one_look_up_where_something_was_erased_and_none_elsewhere(
    world: World, member: Member, channel: Channel
) -> None:
    (one,) = world.arrives(channel, written(world))
    asked: list[str] = []

    def count(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        asked.append(statement)

    page = [world.item(f"Number {number}") for number in range(50)]
    event.listen(db.engine, "before_cursor_execute", count)
    try:
        suppression.sift(channel, page)
        assert asked == []
        erase(member, one)
        db.session.refresh(channel)
        suppression.sift(channel, page)  # opens the key, once in each process
        asked.clear()
        assert len(suppression.sift(channel, page).items) == 50
        assert len(asked) == 1
    finally:
        event.remove(db.engine, "before_cursor_execute", count)


def test_without_the_installations_keys_nobody_can_ask_who_was_erased_and_nothing_comes_back(
    world: World, member: Member, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = written(world)
    (one,) = world.arrives(channel, item)
    erase(member, one)
    db.session.refresh(channel)
    org = member.organisation_id
    sealed = db.session.get_one(OrganisationDetails, org).suppression_key
    old = current_app.extensions["vault"]
    newer = Fernet.generate_key().decode()

    monkeypatch.setitem(current_app.extensions, "vault", Vault([newer]))
    suppression._keys.clear()
    with pytest.raises(VaultError):
        suppression.sift(channel, [item])
    assert operator.rotate_secrets().keyless == (org,)
    db.session.rollback()

    monkeypatch.setitem(current_app.extensions, "vault", both(newer, old))
    assert operator.rotate_secrets().keyless == ()
    db.session.commit()
    scope.enter(org)
    assert db.session.get_one(OrganisationDetails, org).suppression_key != sealed
    monkeypatch.setitem(current_app.extensions, "vault", Vault([newer]))
    suppression._keys.clear()
    assert suppression.sift(channel, [item]).items == []


def test_the_hash_of_one_channel_says_nothing_on_another(world: World, member: Member, channel: Channel) -> None:
    other = world.channel(db.session.get_one(Organisation, member.organisation_id), "mastodon")
    for one in (channel, other):
        suppression.add(one, [suppression.Name("author", "same")])
    marks = db.session.scalars(select(Suppression.mark)).all()
    assert len(set(marks)) == 2
