"""The public page of an organisation: what stands on it and what never does, and how people have it removed."""

import html
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

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
from healthberry.extensions import db, part
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.owned import now
from healthberry.models.replies import Reply
from tests.session.public_house import House, house, read_as_stranger, status
from tests.session.test_rights import asks

__all__ = ["house"]


def _set(**values: Any) -> Callable[[House, UUID], object]:
    return lambda house, one: db.session.execute(update(Conversation).where(Conversation.id == one).values(**values))


def _erased(house: House, one: UUID) -> None:
    who = erasing.writers(house.member, one)[0].id
    erasing.begin(house.member, one, who, reference="IG-7", answers=False, notes=False)


def _asked(kind: str, about: Callable[[House, UUID], str]) -> Callable[[House, UUID], object]:
    return lambda house, one: data_requests.write_down(house.member, Asked(kind, about(house, one)), None)


def _opening(one: UUID) -> Message:
    found = select(Message).where(Message.conversation_id == one, Message.direction == "inbound")
    return db.session.scalars(found).one()


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
        "target_id": _opening(pending).id,
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
    opening = _opening(one)
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
