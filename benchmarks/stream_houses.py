"""Organisations for the stream benchmark: members, what their pages look at, and changes that all of them show."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from uuid import UUID

from flask import Flask

from healthberry.blueprints.guard import name_of
from healthberry.core import changes, conversations, events, scope, sessions
from healthberry.core.events import Event
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from healthberry.realtime import publish
from healthberry.session_cookie import SessionCookie

_MEMBERS, _CONVERSATIONS = 10, 20
# What twenty pages of one organisation look at: most the plain list, some a narrowed one, a few a conversation.
_VIEWS = ["inbox"] * 13 + ["inbox&assigned=me"] * 3 + ["inbox&unread=1"] * 2 + ["conversation"] * 2


@dataclass
class House:
    """One organisation; `committed` says when (monotonic seconds) each of its changes was."""

    id: UUID
    members: Sequence[Member]
    conversations: Sequence[UUID]
    committed: dict[int, float] = field(default_factory=dict)

    def page(self, app: Flask, number: int) -> tuple[str, str]:
        """Return the address of the stream of one page, and the cookie of the member who looks at it."""
        view = _VIEWS[number // 7 % len(_VIEWS)]
        if view == "conversation":
            view += f"&conversation={random.choice(self.conversations)}"
        return f"/stream?view={view}&after=0", cookie(app, self.members[number % len(self.members)])

    def change(self) -> None:
        """Make one change that every list shows: another state, another owner."""
        scope.enter(self.id)
        member, conversation_id = self.members[0], random.choice(self.conversations)
        status = conversations.find(member, conversation_id).status
        if random.random() < 0.5:
            assignee = random.choice([one.id for one in self.members])
            conversations.assign(member, conversation_id, assignee)
        elif status == "open":
            conversations.wait(member, conversation_id)
        else:
            conversations.reopen(member, conversation_id)
        events.commit()
        db.session.remove()


def build(organisations: int) -> list[House]:
    """Make the organisations, and note of every change when it was committed."""
    houses = {house.id: house for house in (_house(number) for number in range(organisations))}

    def note(event: Event) -> None:
        houses[event.organisation_id].committed[event.number] = time.monotonic()

    events.set_subscribers({"*": [note, publish.publish]})
    return list(houses.values())


def _house(number: int) -> House:
    organisation = Organisation(name=f"Bench {number}", kind="gp_practice", ods_code=f"B{number:05}")
    db.session.add(organisation)
    db.session.commit()
    scope.enter(organisation.id)
    owned = {"organisation_id": organisation.id}
    channel = Channel(**owned, kind="nhsuk", remote_id="b", label="b", url="", backfill_state="done")
    members = [
        Member(
            **owned, email=f"{one}@b{number}.example", name=f"Person {one}", role="administrator", level=2 - one // 8
        )
        for one in range(_MEMBERS)
    ]
    db.session.add_all([channel, *members])
    db.session.flush()
    rows = [_conversation(organisation.id, channel.id, one) for one in range(_CONVERSATIONS)]
    db.session.add_all(rows)
    db.session.commit()
    ids = [row.id for row in rows]
    copies = changes.present_members(organisation.id, [member.id for member in members])
    scope.leave()
    return House(organisation.id, sorted(copies.values(), key=lambda one: one.email), ids)


def _conversation(organisation_id: UUID, channel_id: UUID, number: int) -> Conversation:
    at = now() - timedelta(hours=number)
    return Conversation(
        organisation_id=organisation_id,
        channel_id=channel_id,
        channel_kind="nhsuk",
        remote_thread_id=str(number),
        screen_name="Marigold",
        title=f"Thank you, and one thing to improve ({number})",
        first_words="The nurses were kind and explained everything. Parking took us forty minutes, again.",
        rating=4,
        rating_out_of=5,
        service_name="Outpatients",
        service_code="B0001",
        started_at=at,
        last_activity_at=at,
    )


@cache
def signed_in(member: Member) -> str:
    """Sign a member in, once, and return what a cookie calls the session by."""
    scope.enter(member.organisation_id)
    row = sessions.begin(member, "A browser", proven_at=now())
    events.commit()
    return name_of(row)


def cookie(app: Flask, member: Member) -> str:
    """Return the cookie header of a browser that is signed in as `member`."""
    signer = SessionCookie().get_signing_serializer(app)
    assert signer is not None
    session = {"_user_id": signed_in(member), "_fresh": True}
    return f"{app.config['SESSION_COOKIE_NAME']}={signer.dumps(session)}"
