"""The public page of an organisation: what stands on it and what never does, and how people have it removed."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from healthberry.connectors import registry
from healthberry.connectors.base import Author
from healthberry.core import (
    concerns,
    conversations,
    data_matches,
    data_requests,
    disclosures,
    erasing,
    holds,
    public_pages,
    restricting,
    scope,
)
from healthberry.core.data_requests import Asked
from healthberry.core.public_addresses import make, read
from healthberry.extensions import db, part
from healthberry.models.audit import AuditEntry
from healthberry.models.channels import Channel
from healthberry.models.claims import Dispute
from healthberry.models.conversations import Conversation, Message
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import new_id, now
from healthberry.models.public import PublicPage
from healthberry.models.replies import Reply
from tests.session.test_rights import asks
from tests.world import World, moments_ago

R = TypeVar("R")


@dataclass
class House:
    """An organisation whose page is on, with one channel whose words are shown."""

    world: World
    org: UUID
    member_id: UUID
    channel_id: UUID

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"/public/{self.org}"

    @property
    def organisation(self) -> Organisation:
        """The organisation, entered."""
        return self._row(Organisation, self.org)

    @property
    def member(self) -> Member:
        """Its administrator; the organisation is entered."""
        return self._row(Member, (self.org, self.member_id))

    @property
    def channel(self) -> Channel:
        """Its channel; the organisation is entered."""
        return self._row(Channel, (self.org, self.channel_id))

    @property
    def page(self) -> PublicPage:
        """The page as it is kept; the organisation is entered."""
        return self._row(PublicPage, self.org)

    def _row(self, model: type[R], key: Any) -> R:
        scope.enter(self.org)
        return db.session.get_one(model, key)

    def address(self, conversation_id: UUID) -> str:
        """The public address of a conversation."""
        return f"{self.url}/{make(self.page, conversation_id)}"

    def says(
        self, text: str, channel: Channel | None = None, *, answer: str = "", new: bool = False, **fields: Any
    ) -> UUID:
        """Store a story from before they joined, or a new one; with an answer."""
        when = {} if new else {"posted_at": moments_ago(days=40)}
        item = self.world.item(text, **when, **fields)
        ours = [self.world.item(answer, thread_id=item.thread_id, direction="outbound")] if answer else []
        (made,) = self.world.arrives(channel or self.channel, item, *ours, backfill=not new)
        return made


@pytest.fixture
def house(world: World) -> House:
    organisation = world.organisation(name="Cedar Surgery")
    member, channel = world.member(organisation), world.channel(organisation)
    public_pages.choose(member, [str(channel.id)])
    public_pages.switch_on(member, seen=True)
    db.session.commit()
    return House(world, organisation.id, member.id, channel.id)


def read_as_stranger(app: Flask, url: str) -> str:
    scope.leave()
    answer = app.test_client().get(url)
    assert answer.status_code == 200
    return html.unescape(answer.text)


def status(app: Flask, url: str) -> int:
    scope.leave()
    return app.test_client().get(url).status_code


def _set(**values: Any) -> Callable[[House, UUID], object]:
    return lambda house, one: db.session.execute(update(Conversation).where(Conversation.id == one).values(**values))


def _erased(house: House, one: UUID) -> None:
    who = erasing.writers(house.member, one)[0].id
    erasing.begin(house.member, one, who, reference="IG-7", answers=False, notes=False)


def _asked(kind: str, about: Callable[[House, UUID], str]) -> Callable[[House, UUID], object]:
    return lambda house, one: data_requests.write_down(house.member, Asked(kind, about(house, one)), None)


def _opening(one: UUID) -> Message:
    return db.session.scalars(select(Message).where(Message.conversation_id == one)).one()


# What is done to a story that stands on the page, and takes it off.
GONE: dict[str, Callable[[House, UUID], object]] = {
    "crisis": lambda house, one: concerns.mark(house.member, one, "crisis"),
    "safeguarding": lambda house, one: concerns.mark(house.member, one, "safeguarding"),
    "staff": lambda house, one: concerns.mark(house.member, one, "staff"),
    "restricted": lambda house, one: restricting.restrict(house.member, one, None, "Asked."),
    "held": lambda house, one: holds.place(house.member, house.channel.id, one, "A claim."),
    "erasing": _erased,
    "erased": _set(erased_at=now()),
    "expired": _set(expired_at=now()),
    "copy": _set(status="copy"),
    "noise": lambda house, one: conversations.set_aside(house.member, one),
    "spam": lambda house, one: conversations.close(house.member, one, "spam"),
    "complaint": lambda house, one: conversations.close(house.member, one, "in_complaint"),
    "removed": lambda house, one: public_pages.take_off(house.member, one),
    "withdrawn": _set(withdrawn=True),
    "private": lambda house, one: db.session.execute(
        update(Message).where(Message.conversation_id == one).values(source={"private": True})
    ),
    "to be erased": _asked("erase", lambda house, one: "https://example.org" + house.address(one)),
    "objected to": _asked("object", lambda house, one: f"@{_opening(one).screen_name}"),
    "complained of": _asked("complain", lambda house, one: f"{_opening(one).url}?from=mail"),
}
# What stands there all the same.
STAYS: dict[str, Callable[[House, UUID], object]] = {
    "closed": lambda house, one: conversations.close(house.member, one, "answered"),
    "asked for a copy": _asked("copy", lambda house, one: house.address(one)),
    "asked about elsewhere": _asked("erase", lambda house, one: f"https://example.org{house.url}/{'A' * 43}"),
}


def test_what_must_not_stand_there_leaves_the_page_and_all_else_stays(app: Flask, house: House) -> None:
    ids = {
        name: house.says(f"Zebra ({name}).", url=f"https://www.nhs.uk/review/{number}")
        for number, name in enumerate((*GONE, *STAYS))
    }
    addresses = {name: house.address(one) for name, one in ids.items()}
    before = read_as_stranger(app, house.url)
    second = read_as_stranger(app, html.unescape(re.findall(r'href="([^"]+after=[^"]+)"', before)[0]))
    assert {name for name in ids if f"Zebra ({name})." in before + second} == set(ids)

    scope.enter(house.org)
    for name, happens in {**GONE, **STAYS}.items():
        happens(house, ids[name])
        db.session.commit()

    page = read_as_stranger(app, house.url)
    assert {name for name in ids if f"Zebra ({name})." in page} == set(STAYS)
    assert {name for name, address in addresses.items() if status(app, address) != 404} == set(STAYS)


def test_of_some_only_that_there_is_something_is_said(app: Flask, house: House) -> None:
    sky = house.world.channel(house.organisation, "bluesky")
    public_pages.choose(house.member, [str(house.channel.id), str(sky.id)])
    house.says("They told Mrs Smith at noon. Walrus", url="https://www.nhs.uk/1")
    house.says("Ring me on 07700 900123. Walrus")
    house.says("It was Kingfisher who waited. Walrus", author=Author("k", "Kingfisher Blue"))
    house.says("Nobody has read this. Walrus", new=True, url="https://www.nhs.uk/2")
    house.says("On another site. Walrus", sky, answer="Sorry about the walrus.", url="https://bsky.app/1")
    other = house.world.channel(house.organisation, "careopinion")
    house.says("On a channel that was not chosen. Walrus", other)
    db.session.commit()

    page = read_as_stranger(app, house.url)

    assert "alrus" not in page
    assert page.count("The words are left out here") == 3
    assert page.count("The words are not shown yet") == 1
    assert page.count("is not repeated here") == 1
    assert "answered in" in page
    assert {"https://www.nhs.uk/1", "https://www.nhs.uk/2", "https://bsky.app/1"} <= set(
        re.findall('href="([^"]+)"', page)
    )
    for trouble in ("off", "failing", "unlinked"):
        scope.enter(house.org)
        db.session.execute(update(Channel).values(state=trouble))
        db.session.commit()
        assert "There is nothing to show here." in read_as_stranger(app, house.url)


def test_an_answer_stands_there_once_it_shows_and_says_no_names(app: Flask, house: House) -> None:
    author = Author(None, "Happy Otter")
    house.says("Kind.", author=author, answer="Dear Happy, thank you, Happy Otter. Heron")
    house.says("Good.", author=author, answer="Dear Mrs Lee, please ring 07700 900123. Gannet")
    pending = house.says("Fine.", answer="Not through the moderation yet. Puffin")
    reported = house.says("Nice.", answer="It said too much. Osprey")
    sent = db.session.scalars(select(Message).where(Message.direction == "outbound"))
    by = {one.conversation_id: one for one in sent}
    by[pending].member_id = house.member.id
    whose = {"organisation_id": house.org, "conversation_id": pending}
    told = {
        "target_id": _first(pending).id,
        "member_name": "Priya",
        "mode": "api",
        "key": "k",
        "text": "",
        "state": "sent",
    }
    db.session.add(Reply(**whose, **told, pending=True))
    disclosures.report(house.member, reported, by[reported].id, ["name"], None)
    db.session.commit()

    page = read_as_stranger(app, house.url)

    assert "Dear [name], thank you, [name]. Heron" in page
    assert not re.search("Gannet|Puffin|Osprey|Otter|Lee", page)
    assert page.count("The answer is left out here") == 1
    assert page.count("Not answered yet.") == 2


def _first(one: UUID) -> Message:
    return db.session.scalars(
        select(Message).where(Message.conversation_id == one, Message.direction == "inbound")
    ).one()


def test_words_are_escaped_the_day_is_not_told_and_nobody_is_followed(app: Flask, house: House) -> None:
    hostile = "<script>alert(1)</script><img src=x onerror=alert(2)> {{ 7*7 }} javascript:alert(3)"
    told: dict[str, Any] = {
        "title": "<b>'\"",
        "url": "javascript:alert(4)",
        "service_code": "T1",
        "service_name": "Heron ward",
    }
    one = house.says(hostile, answer="</blockquote><script>", **told)
    address = house.address(one)
    opening = _first(one)
    secret = (
        opening.screen_name,
        f"{opening.posted_at:%H:%M}",
        opening.posted_at.date().isoformat(),
        str(one),
        "Heron ward",
    )
    posted = opening.posted_at
    scope.leave()

    for url in (house.url, address):
        answer = house.world.signed_in(app.test_client(), house.member).get(url)
        assert answer.status_code == 200
        assert "<script" not in answer.text
        assert "<img" not in answer.text
        assert "<b>'" not in answer.text
        assert "{{ 7*7 }}" in answer.text
        assert "javascript:alert(4)" not in answer.text
        assert html.escape("<script>alert(1)</script>") in answer.text
        assert [word for word in secret if word in answer.text] == []
        assert f"{posted:%B %Y}" in answer.text
        assert '<meta name="robots" content="noindex' in answer.text
        assert answer.headers["X-Robots-Tag"].startswith("noindex")
        assert answer.headers["Cache-Control"] == "private, max-age=60"
        assert house.member.name not in answer.text
    assert "Set-Cookie" not in app.test_client().get(address).headers


def test_somebody_asks_to_have_it_removed_and_it_is_gone_until_it_is_decided(
    app: Flask, client: FlaskClient, house: House
) -> None:
    one = house.says("My secret story.")
    org, address = house.org, house.address(one)
    page = read_as_stranger(app, address)
    assert "within one month" in page
    (form,) = (link for link in re.findall('href="([^"]+)"', page) if "kind=erase" in link)
    filled = client.get(form).text
    about = html.unescape(re.findall(r'name="about"[^>]*value="([^"]*)"', filled)[0])
    assert about == part("settings").public_url.rstrip("/") + address

    assert asks(client, org, about=about).status_code == 303
    assert "reference is" in client.get(f"/rights/{org}/received").text
    assert status(app, address) == 404
    assert "secret" not in read_as_stranger(app, house.url)

    scope.enter(org)
    member = house.member
    assert [match.conversation_id for match in data_matches.find(member, about)] == [one]
    (request,) = data_requests.listed(member)
    request_id = request.id
    data_requests.close(member, request_id, "refused", "It stays.", tell=False)
    db.session.commit()
    assert "secret" in read_as_stranger(app, address)


def test_a_page_that_is_off_and_one_that_never_was_are_the_same(app: Flask, house: House) -> None:
    foreign = house.world.organisation()
    other = house.world.member(foreign)
    own_channel = house.world.channel(foreign)
    public_pages.choose(other, [str(own_channel.id)])
    public_pages.switch_on(other, seen=True)
    db.session.commit()
    (theirs,) = house.world.arrives(own_channel, house.world.item("Theirs."), backfill=True)
    token = make(db.session.get_one(PublicPage, foreign.id), theirs)
    foreign_id, other_id = foreign.id, other.id
    scope.enter(house.org)
    mine = house.says("Mine.")
    own = make(house.page, mine)
    assert read(house.page, token) is None
    assert status(app, f"/public/{foreign_id}/{token}") == 200

    unknown = [
        f"{house.url}/{token}",
        f"{house.url}/{own[:-1]}",
        f"{house.url}/{mine}",
        f"/public/{uuid4()}",
        f"/public/{foreign_id}/{own}",
    ]
    scope.enter(foreign_id)
    db.session.add(Dispute(organisation_id=foreign_id, id=new_id(), why="unproven", parties=[]))
    db.session.commit()
    disputed = status(app, f"/public/{foreign_id}")
    scope.enter(foreign_id)
    db.session.execute(update(Dispute).values(decided_at=now()))
    db.session.execute(update(Member).where(Member.id == other_id).values(level=1))
    db.session.commit()
    assert (disputed, status(app, f"/public/{foreign_id}")) == (404, 404)

    scope.enter(house.org)
    public_pages.switch_off(house.member)
    db.session.commit()
    scope.leave()
    said = {
        re.sub(r'nonce="[^"]*"|nonce:inherited="[^"]*"|"X-CSRFToken": "[^"]*"', "", answer.text)
        for url in (*unknown, house.url, f"{house.url}/{own}")
        if (answer := app.test_client().get(url)).status_code == 404
    }
    assert len(said) == 1
    assert [status(app, url) for url in (*unknown, house.url)] == [404] * 6


def test_an_administrator_looks_first_and_switches_it_on_and_an_approver_takes_one_off(
    app: Flask, client: FlaskClient, world: World
) -> None:
    organisation = world.organisation()
    admin, approver = world.member(organisation), world.member(organisation, role="approver")
    channel = world.channel(organisation)
    (one,) = world.arrives(channel, world.item("Zebra.", posted_at=moments_ago(days=40)), backfill=True)
    org, url, channel_id = organisation.id, f"/public/{organisation.id}", str(channel.id)
    second = app.test_client()
    world.signed_in(client, admin)
    world.signed_in(second, approver)
    scope.leave()

    assert "It is off" in client.get("/settings/public").text
    assert client.post("/settings/public/on", data={"seen": "on"}).status_code == 422
    assert client.post("/settings/public", data={"channel": channel_id}).status_code == 303
    assert "Zebra." in client.get("/settings/public/preview").text
    assert client.post("/settings/public/on").status_code == 422
    assert second.post("/settings/public/on", data={"seen": "on"}).status_code == 403
    assert status(app, url) == 404
    assert client.post("/settings/public/on", data={"seen": "on"}).status_code == 303
    assert "Zebra." in read_as_stranger(app, url)
    for kind, words in (
        ("record-of-processing", "on our public page"),
        ("privacy-notice", url),
        ("hazard-log", "on since"),
    ):
        assert words in client.get(f"/settings/documents/{kind}").text

    assert "Anybody can read it" in second.get(f"/settings/public/items/{one}").text
    for _ in range(2):
        assert second.post(f"/settings/public/items/{one}/remove").status_code == 303
    assert "Zebra." not in read_as_stranger(app, url)
    assert "It was taken off" in second.get(f"/settings/public/items/{one}").text
    assert "Put it back" in second.get("/settings/public").text
    for _ in range(2):
        assert second.post(f"/settings/public/items/{one}/back").status_code == 303
    assert "Zebra." in read_as_stranger(app, url)
    assert client.post("/settings/public", data={}).status_code == 422
    assert client.post("/settings/public/off").status_code == 303
    assert status(app, url) == 404

    scope.enter(org)
    done = db.session.scalars(
        select(AuditEntry.action).where(AuditEntry.action.startswith("public_")).order_by(AuditEntry.number)
    )
    assert list(done) == [
        "public_channels_chosen",
        "public_page_on",
        "public_item_removed",
        "public_item_put_back",
        "public_page_off",
    ]


def test_only_what_was_published_can_be_shown() -> None:
    kinds = registry.build(registry.endpoints(None), registry.Credentials())

    assert {one.kind for one in kinds if one.capabilities.display != "none" and one.capabilities.private} == set()
    assert {one.kind for one in kinds if one.capabilities.display == "text"} == {"nhsuk", "careopinion"}
    assert all(one.capabilities.credit for one in kinds if one.capabilities.display == "text")
