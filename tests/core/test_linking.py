"""Linking: who may, what becomes of what was chosen, and what a link that was begun is good for."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from healthberry.connectors.base import Access, Linkables
from healthberry.core import channels, link_forms, link_settings, linking, offers, pending_links, scope, unlinking
from healthberry.core.errors import Conflict, Invalid, NotAllowed, NotFound
from healthberry.core.pending_links import Begun
from healthberry.extensions import db, part
from healthberry.jobs import maintenance
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from healthberry.models.pushes import PendingLink
from tests.imagined import FIELDS, HERE, Kinds, kinds, page
from tests.world import World

__all__ = ["kinds"]

SIGNED_IN = Access({"instance": "one"}, {"user_token": "of-the-user"}, now() + timedelta(hours=1))


@pytest.fixture
def organisation(world: World, kinds: Kinds) -> Organisation:
    return world.organisation()


@pytest.fixture
def admin(world: World, organisation: Organisation) -> Member:
    return world.member(organisation)


def begun(kind: str = "pages", **fields: object) -> Begun:
    return Begun(kind, **{"access": SIGNED_IN, **fields})  # type: ignore[arg-type]


def secrets_of(channel: Channel) -> dict[str, str]:
    return link_settings.kept_secrets(channel)


def test_each_chosen_page_becomes_a_channel_that_is_read_with_a_secret_of_its_own(admin: Member) -> None:
    made = linking.link(admin, begun(), [page(1), page(2)])
    db.session.commit()

    assert [(one.remote_id, one.label, one.account) for one in made] == [
        ("page-1", "Page 1", "Page 1"),
        ("page-2", "Page 2", "Page 2"),
    ]
    for one, number in zip(made, (1, 2), strict=True):
        assert secrets_of(one) == {"page_token": f"token-{number}"}
        assert b"token" not in (one.sealed_secrets or b"")
        assert (one.state, one.backfill_state, one.secrets_expire_at) == ("active", "waiting", None)
        assert one.next_poll_at is not None
        assert one.reread_at is not None
        assert one.next_poll_at <= now() < one.reread_at


def test_a_page_without_a_secret_of_its_own_keeps_those_of_the_sign_in_and_none_of_the_installation(
    admin: Member,
) -> None:
    access = replace(SIGNED_IN, secrets={**SIGNED_IN.secrets, "installed": "key-of-the-installation"})
    (made,) = linking.link(admin, begun(access=access), [replace(page(1), secrets={})])
    assert secrets_of(made) == {"user_token": "of-the-user"}
    assert made.sealed_secrets is not None
    assert "installed" not in part("vault").open(made.sealed_secrets)
    assert made.secrets_expire_at == SIGNED_IN.expires_at


def test_what_is_never_asked_is_neither_polled_nor_backfilled(admin: Member, kinds: Kinds) -> None:
    (made,) = linking.link(admin, begun("here", access=Access({})), kinds.here.opens.found)
    assert (made.next_poll_at, made.reread_at, made.backfill_state) == (None, None, "done")
    assert made.sealed_secrets is None


def test_linking_the_same_page_again_connects_it_and_keeps_what_was_read(admin: Member) -> None:
    (first,) = linking.link(admin, begun(), [page(1)])
    first.poll_cursor, first.backfill_state, first.items_loaded = "so far", "done", 412
    first.state, first.trouble = "failing", "The token was taken back."
    db.session.commit()

    renewed = replace(page(1), secrets={"page_token": "renewed"})
    (again,) = linking.link(admin, begun(), [renewed])

    assert again.id == first.id
    assert (again.state, again.trouble, again.poll_cursor, again.backfill_state) == ("active", "", "so far", "done")
    assert secrets_of(again)["page_token"] == "renewed"


def test_an_unlinked_page_is_revived_and_one_that_is_being_erased_waited_for(admin: Member) -> None:
    one, other = linking.link(admin, begun(), [page(1), page(2)])
    unlinking.unlink(admin, one.id, erase=False)
    unlinking.unlink(admin, other.id, erase=True)
    db.session.commit()

    (again,) = linking.link(admin, begun(), [page(1)])
    assert (again.id, again.state) == (one.id, "active")
    with pytest.raises(Conflict, match="still being erased"):
        linking.link(admin, begun(), [page(2)])


def test_of_some_kinds_there_is_one_only(admin: Member, kinds: Kinds, world: World) -> None:
    (cards,) = kinds.here.opens.found
    other = replace(cards, listing=replace(cards.listing, remote_id="other"))
    with pytest.raises(Invalid, match="only one"):
        linking.link(admin, begun("here"), [cards, other])
    offers.check(admin, "here")
    linking.link(admin, begun("here"), [cards])

    with pytest.raises(Conflict, match="Cards is linked already"):
        linking.link(admin, begun("here"), [other])
    with pytest.raises(Conflict, match="Cards is linked already"):
        offers.check(admin, "here")
    assert not offers.offer(admin, "here").may_link


def test_nothing_chosen_links_nothing(admin: Member) -> None:
    with pytest.raises(Invalid, match="Choose what"):
        linking.link(admin, begun(), [])


def test_a_kind_without_its_key_can_not_be_begun_and_says_so(admin: Member, kinds: Kinds) -> None:
    kinds.pages.lacks = "This installation has no key for Imagined."
    with pytest.raises(Conflict, match="no key for Imagined"):
        offers.check(admin, "pages")
    assert offers.offer(admin, "pages").missing == kinds.pages.lacks
    with pytest.raises(NotFound):
        offers.check(admin, "pigeon")


def test_managers_link_and_who_is_alone_only_where_nothing_is_handed_over(
    world: World, organisation: Organisation, kinds: Kinds
) -> None:
    alone = world.member(organisation, level=1, role="responder")
    assert [offers.may_link(alone, one.capabilities) for one in (kinds.here, kinds.form, kinds.pages)] == [
        True,
        False,
        False,
    ]
    (made,) = linking.link(alone, begun("here", access=Access({})), kinds.here.opens.found)
    assert made.state == "active"
    with pytest.raises(NotAllowed, match="proved your mailbox"):
        linking.link(alone, begun(), [page(1)])

    responder = world.member(organisation, role="responder")
    for kind in ("here", "form", "pages"):
        with pytest.raises(NotAllowed, match="Ask an administrator"):
            offers.check(responder, kind)
    assert not offers.may_link(alone, HERE), "somebody else is here now"


def test_a_found_channel_is_the_same_by_its_address_and_gets_its_true_id(
    app: Flask, admin: Member, organisation: Organisation, world: World
) -> None:
    found = world.channel(
        organisation, "x", remote_id="@cedar", url="https://x.com/Cedar", config={"username": "cedar"}
    )
    connector = app.extensions["connectors"].get("x")
    signed_in = Access({}, {"access_token": "t", "account_id": "77", "account": "cedar"})

    channel = linking.connect_again(
        admin, Begun("x", signed_in, found=connector.link(signed_in), channel_id=found.id), "cedar"
    )

    assert (channel.id, channel.remote_id, channel.config["user_id"]) == (found.id, "77", "77")
    assert channel.account == "cedar"


def test_a_sign_in_that_leads_elsewhere_changes_nothing(admin: Member) -> None:
    (made,) = linking.link(admin, begun(), [page(1)])
    again = begun(found=Linkables([page(2)]), channel_id=made.id)
    with pytest.raises(Conflict, match="You signed in as Pat Lee, but this channel is Page 1"):
        linking.connect_again(admin, again, "Pat Lee")


def test_new_settings_may_lead_elsewhere_and_are_read_from_the_start(admin: Member, kinds: Kinds) -> None:
    (news,) = kinds.form.opens.found
    access = Access({"address": "https://news.example/", "words": "ward"}, {"password": "first"})
    (made,) = linking.link(admin, begun("form", access=access), [news])
    made.poll_cursor, made.backfill_state, made.items_loaded = "so far", "done", 3
    assert link_settings.fields_of(made) == {"address": "https://news.example/", "words": "ward", "days": "", "how": ""}
    moved = replace(news, listing=replace(news.listing, remote_id="elsewhere", label="Elsewhere"))
    begins = begun("form", access=replace(access, secrets={"password": "x"}), channel_id=made.id)

    same = linking.connect_again(admin, replace(begins, found=Linkables([news])))
    assert (same.poll_cursor, secrets_of(same)) == ("so far", {"password": "x"})
    other = linking.connect_again(admin, replace(begins, found=Linkables([moved])))

    assert (other.id, other.label, other.items_loaded) == (made.id, "Elsewhere", 3)
    assert (other.poll_cursor, other.backfill_state) == (None, "waiting")
    linking.link(admin, begun("form", access=access), [news])
    with pytest.raises(Conflict, match="a channel of its own"):
        linking.connect_again(admin, replace(begins, found=Linkables([news])))


def test_a_channel_that_is_off_stays_off_while_its_settings_change(admin: Member, kinds: Kinds) -> None:
    (made,) = linking.link(admin, begun("form"), kinds.form.opens.found)
    channels.switch(admin, made.id, on=False)
    assert linking.connect_again(admin, begun("form", found=kinds.form.opens, channel_id=made.id)).state == "off"


def test_a_begun_link_is_kept_sealed_counts_once_and_comes_back_whole(admin: Member) -> None:
    state = pending_links.new_state()
    whole = begun(
        verifier="v", found=Linkables([page(1, reveal=(("Secret", "s"),))], ["One is not yours."]), wanted="/x"
    )
    pending_links.keep(admin, whole, state)
    row = db.session.scalars(db.select(PendingLink)).one()
    assert state not in row.state_hash
    assert b"of-the-user" not in row.sealed

    assert pending_links.look_up(admin, "pages", state) == whole
    assert pending_links.take(admin, "pages", state) == whole
    with pytest.raises(Conflict, match="Start again"):
        pending_links.take(admin, "pages", state)


def test_a_begun_link_is_its_members_of_its_kind_and_for_an_hour(
    admin: Member, organisation: Organisation, world: World
) -> None:
    state = pending_links.new_state()
    pending_links.keep(admin, begun(), state)
    db.session.commit()
    colleague, stranger = world.member(organisation), world.member(world.organisation())
    with pytest.raises(Conflict):
        pending_links.take(stranger, "pages", state)
    scope.enter(organisation.id)
    with pytest.raises(NotAllowed):
        pending_links.take(colleague, "pages", state)
    for kind, wrong in (("form", state), ("pages", ""), ("pages", "\ud800"), ("pages", state + "x")):
        with pytest.raises(Conflict):
            pending_links.take(admin, kind, wrong)

    db.session.execute(db.update(PendingLink).values(made_at=now() - timedelta(hours=1, seconds=1)))
    with pytest.raises(Conflict, match="too long ago"):
        pending_links.take(admin, "pages", state)


def test_old_links_of_everybody_are_forgotten(admin: Member) -> None:
    for state in ("one", "two"):
        pending_links.keep(admin, begun(), state)
    db.session.execute(
        db.update(PendingLink)
        .where(PendingLink.state_hash == pending_links._hash("one"))
        .values(made_at=now() - timedelta(hours=2))
    )
    db.session.commit()
    scope.leave()

    maintenance.tidy()

    scope.enter(admin.organisation_id)
    assert db.session.scalar(db.select(db.func.count()).select_from(PendingLink)) == 1


def test_what_was_typed_is_tidied_and_refused_field_by_field() -> None:
    typed = {"address": " https://a.example \x00", "password": "", "words": "ward\n\n ward \nday case", "other": "x"}
    with pytest.raises(link_forms.NotFilledIn) as refused:
        link_forms.checked(FIELDS, {**typed, "days": "soon", "how": "never"})
    assert refused.value.errors == {
        "password": "Enter password",
        "days": "Days must be a number",
        "how": "Choose one: how it is read",
    }

    given = link_forms.checked(FIELDS, {**typed, "how": "all"}, {"password": "kept"})

    assert given == {
        "address": "https://a.example",
        "password": "kept",
        "words": "ward\nday case",
        "days": "",
        "how": "all",
    }
