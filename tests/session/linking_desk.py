"""Who links channels in these tests, and the way to a provider and back."""

from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member, Organisation
from tests.imagined import Kinds
from tests.world import World

_ANEW = {"populate_existing": True}
FILLED_IN = {"address": "news.example", "password": "open sesame", "words": "ward", "days": "3", "how": "all"}


@pytest.fixture
def organisation(world: World, kinds: Kinds) -> Organisation:
    """Return an organisation without people."""
    return world.organisation(name="Cedar Surgery")


@pytest.fixture
def admin(world: World, organisation: Organisation, client: FlaskClient) -> Member:
    """Return its administrator, signed in."""
    member = world.member(organisation)
    world.signed_in(client, member)
    return member


def linked(organisation: Organisation) -> Sequence[Channel]:
    """Return the organisation's channels as they are in the database now."""
    scope.enter(organisation.id)
    db.session.rollback()
    found = db.session.scalars(db.select(Channel).order_by(Channel.remote_id), execution_options=_ANEW).all()
    db.session.expunge_all()
    return found


def begin(client: FlaskClient, kind: str = "pages", **fields: str) -> str:
    """Begin a sign-in; return the state that the provider is told."""
    answer = client.post(f"/channels/add/{kind}", data=fields)
    assert answer.status_code == 303, answer.text
    return parse_qs(urlsplit(answer.headers["Location"]).query)["state"][0]


def comes_back(client: FlaskClient, state: str, kind: str = "pages", **answer: str) -> TestResponse:
    """Come back from the provider."""
    return client.get(f"/channels/{kind}/callback", query_string={"state": state, "code": "good", **answer})
