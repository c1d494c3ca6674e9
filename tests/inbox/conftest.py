"""A member at their desk: an organisation with three channels, and a browser that is signed in."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member, Organisation
from tests.mail.conftest import mail_servers, use_mail_server
from tests.world import World

__all__ = ["desk", "mail_servers", "use_mail_server"]

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@dataclass
class Desk:
    """One member, what they see, and their browser."""

    world: World
    organisation: Organisation
    member: Member
    client: FlaskClient
    nhsuk: Channel
    careopinion: Channel
    x: Channel

    def get(self, path: str, **headers: str) -> TestResponse:
        """Ask for a page."""
        return self._ask("GET", path, headers=headers)

    def part(self, path: str, shown: str = "/inbox", **headers: str) -> TestResponse:
        """Ask as htmx does on the page at `shown`."""
        return self._ask("GET", path, headers={**HTMX, "HX-Current-URL": f"http://localhost{shown}", **headers})

    def send(self, path: str, shown: str | None = None, **form: str) -> TestResponse:
        """Send a form; as htmx does where the page that it stands on is given."""
        headers = {**HTMX, "HX-Current-URL": f"http://localhost{shown}"} if shown else {}
        return self._ask("POST", path, data=form, headers=headers)

    def _ask(self, method: str, path: str, **rest: Any) -> TestResponse:
        """Ask with nothing left over in the context around the test from whoever asked before."""
        for name in list(g):
            g.pop(name)
        return self.client.open(path, method=method, **rest)

    def conversation(self, conversation_id: UUID) -> Conversation:
        """Return the conversation as it is in the database now."""
        scope.enter(self.organisation.id)
        db.session.rollback()
        db.session.expire_all()
        return db.session.get_one(Conversation, (self.organisation.id, conversation_id))

    def as_(self, member: Member) -> "Desk":
        """Return the same desk with somebody else before it."""
        client = self.client.application.test_client()
        return Desk(
            self.world,
            self.organisation,
            member,
            self.world.signed_in(client, member),
            self.nhsuk,
            self.careopinion,
            self.x,
        )


@pytest.fixture
def desk(app: Flask, world: World, client: FlaskClient) -> Desk:
    """A level-2 administrator with NHS.UK, Care Opinion and a connected X account."""
    organisation = world.organisation(name="City Hospitals Trust")
    member = world.member(organisation, name="Priya Kaur")
    sealed = app.extensions["vault"].seal({"access_token": "token", "account_id": "9"})
    return Desk(
        world,
        organisation,
        member,
        world.signed_in(client, member),
        world.channel(organisation, "nhsuk"),
        world.channel(organisation, "careopinion"),
        world.channel(organisation, "x", remote_id="9", label="@city", account="@city", sealed_secrets=sealed),
    )
