"""A kind of channel for these tests that is told what is new: signed with a secret, in pieces, each for an account."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import pytest
from flask import Flask
from flask.testing import FlaskClient

from healthberry.connectors.base import (
    About,
    Access,
    Author,
    Capabilities,
    Delivery,
    InboundItem,
    Page,
    WebhookAnswer,
    WebhookRequest,
)
from healthberry.connectors.defaults import Defaults
from healthberry.connectors.errors import BadSignature
from healthberry.connectors.registry import Connectors
from healthberry.extensions import part
from healthberry.models.owned import now

INSTALLED = "secret of the installation"


class Pushed(Defaults):
    """Takes pieces as JSON. `reads` decides what reading one does; `polls` are the pages that a poll gives in turn."""

    kind: ClassVar[str] = "pushed"

    def __init__(self, **more: Any) -> None:
        self.capabilities = Capabilities(
            "Pushed", "Pushed", "PU", "message", "none", connect="here", about=About("", "", ""), push=True,
            **{"poll_seconds": None, **more},
        )  # fmt: skip
        self.reads: Callable[[str], Page] = lambda body: Page([item(json.loads(body))], None, more=False)
        self.polls: list[Page | Exception] = []
        self.asked: list[str | None] = []
        self.meanwhile: Callable[[], None] = lambda: None  # what happens while a poll is on its way

    def installed_access(self) -> Mapping[str, str]:
        """Return the secret that the hook of the kind is signed with."""
        return {"secret": INSTALLED}

    def addressed(self, request: WebhookRequest) -> str | None:
        """Return the account in the query."""
        return request.query.get("account")

    def receive(self, access: Access, request: WebhookRequest) -> WebhookAnswer:
        """Verify, and part into pieces; answer a challenge."""
        if request.method == "GET":
            return WebhookAnswer(200, request.query.get("challenge", ""))
        given = request.headers.get("x-sig", "").encode()
        if not hmac.compare_digest(signature(access.secrets["secret"], request.body).encode(), given):
            raise BadSignature("no")
        pieces = [
            Delivery(json.dumps(piece), str(piece.get("account", "")), str(piece.get("key", "")))
            for piece in json.loads(request.body)
        ]
        return WebhookAnswer(202, f"{len(pieces)} taken", deliveries=pieces)

    def read_delivery(self, access: Access, body: str) -> Page:
        """Read one piece."""
        return self.reads(body)

    def poll(self, access: Access, cursor: str | None) -> Page:
        """Return the next of the prepared pages."""
        self.asked.append(cursor)
        self.meanwhile()
        answer = self.polls.pop(0) if self.polls else Page([], cursor, more=False)
        if isinstance(answer, Exception):
            raise answer
        return answer


def item(fields: Mapping[str, Any]) -> InboundItem:
    """Return a piece as an item."""
    name = str(fields["id"])
    return InboundItem(
        name, name, "inbound", Author(None, "Wren"), str(fields.get("text", "Hello")), now(),
        change=fields.get("change", "created"),
    )  # fmt: skip


def signature(secret: str, body: bytes) -> str:
    """Return how the provider signs."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def send(client: FlaskClient, path: str, pieces: Sequence[Mapping[str, Any]], secret: str = INSTALLED) -> Any:
    """Send as the provider does."""
    body = json.dumps(pieces).encode()
    return client.post(path, data=body, headers={"X-Sig": signature(secret, body)})


def use(app: Flask, connector: Pushed) -> Pushed:
    """Add a connector to those of the application."""
    app.extensions["connectors"] = Connectors([*app.extensions["connectors"], connector])
    return connector


@pytest.fixture
def pushed(app: Flask) -> Pushed:
    """A kind that is told what is new and never asked."""
    return use(app, Pushed())


def seal(secret: str) -> bytes:
    """Seal a channel's own secret."""
    sealed: bytes = part("vault").seal({"secret": secret})
    return sealed


def at(moment: datetime | None) -> datetime:
    """Return a moment that must be there."""
    assert moment is not None
    return moment
