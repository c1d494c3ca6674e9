"""Somebody who uploads files."""

import re
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Message
from healthberry.models.imports import Import
from healthberry.models.organisations import Member, Organisation
from tests.worked import run_jobs
from tests.world import World

HEADERS = ["Date", "Ward", "FFT", "Comment"]
MAY = [HEADERS, ["2026-05-13", "A", "Very good", "Kind nurses."], ["2026-05-14", "B", "Poor", "Long wait."]]


class Desk:
    """A signed-in administrator of an organisation with a channel for files."""

    def __init__(self, app: Flask, client: FlaskClient, world: World, member: Member, channel: Channel) -> None:
        self.app, self.client, self.world = app, client, world
        self.organisation_id, self.channel_id = channel.organisation_id, channel.id
        self.member_id = member.id

    def upload(self, content: bytes, name: str = "may.csv") -> TestResponse:
        """Upload a file by the form."""
        # Written out by hand: the client would leave a file open for a large one.
        head = f'--part\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = head.encode() + content + b"\r\n--part--\r\n"
        kind = "multipart/form-data; boundary=part"
        return self.client.post(f"/channels/{self.channel_id}/imports", data=body, content_type=kind)

    def looked_at(self, content: bytes, name: str = "may.csv") -> str:
        """Upload a file, and let a worker look at it; return its address."""
        answer = self.upload(content, name)
        assert answer.status_code == 303, answer.text
        run_jobs(self.app)
        return answer.location

    def page(self, address: str) -> str:
        """Return how it stands."""
        return self.client.get(address).text

    def answers(self, address: str, **changes: str) -> dict[str, str]:
        """Return what the form proposes, with `changes`."""
        return {**proposed(self.page(address)), **changes}

    def checked(self, content: bytes, name: str = "may.csv", **changes: str) -> str:
        """Upload a file, answer as proposed, and let its rows be checked."""
        address = self.looked_at(content, name)
        answer = self.client.post(f"{address}/answers", data=self.answers(address, **changes))
        assert answer.status_code == 303, answer.text
        run_jobs(self.app)
        return address

    def imported(self, content: bytes, name: str = "may.csv", **changes: str) -> str:
        """Upload a file and import it."""
        address = self.checked(content, name, **changes)
        assert self.client.post(f"{address}/start").status_code == 303
        run_jobs(self.app)
        return address

    def texts(self) -> list[str]:
        """Return the words of all messages, sorted."""
        scope.enter(self.organisation_id)
        db.session.rollback()
        return sorted(db.session.scalars(db.select(Message.text)))

    def state(self, address: str) -> Import:
        """Return the import's row."""
        scope.enter(self.organisation_id)
        db.session.rollback()
        import_id = UUID(address.rpartition("/")[2])
        return db.session.get_one(Import, (self.organisation_id, import_id), populate_existing=True)


def proposed(page: str) -> dict[str, str]:
    """Read what is chosen in a form of selects and radios."""
    chosen = {}
    for name, inner in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        options = re.findall(r'<option value="([^"]*)"([^>]*)>', inner)
        chosen[name] = next((value for value, rest in options if "selected" in rest), options[0][0])
    for tag in re.findall(r'<input[^>]*type="radio"[^>]*>', page):
        if (
            "checked" in tag
            and (found := re.search(r'name="([^"]+)"', tag))
            and (value := re.search(r'value="([^"]*)"', tag))
        ):
            chosen[found[1]] = value[1]
    return chosen


@pytest.fixture
def organisation(world: World) -> Organisation:
    """Return an organisation without a website: nothing is looked for outside this machine."""
    return world.organisation(web_domain=None)


@pytest.fixture
def desk(app: Flask, client: FlaskClient, world: World, organisation: Organisation) -> Desk:
    """Return the administrator at work."""
    member = world.member(organisation)
    world.signed_in(client, member)
    channel = world.channel(organisation, "fft", remote_id="fft", url="", label="FFT comments")
    return Desk(app, client, world, member, channel)
