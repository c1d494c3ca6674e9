"""A mailbox to read and answer from: the sandbox's mail servers in this process, over real TCP."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from healthberry.connectors.base import Access, InboundItem, Page, Reply, ReplyTarget
from healthberry.connectors.email import Email
from healthberry.connectors.endpoints import Credentials, endpoints
from healthberry.sandbox.application import create_app, sandbox_of
from healthberry.sandbox.faults import Fault
from healthberry.sandbox.telling import Telling

PASSWORD = "simulated"


class MailWorld:
    """The sandbox's e-mail, and a connector that reaches it."""

    def __init__(self) -> None:
        self.app = create_app(
            {"SANDBOX_SEED_ITEMS": "0", "MICROSOFT_CLIENT_ID": "ms-id", "MICROSOFT_CLIENT_SECRET": "ms"}
        )
        self.sandbox = sandbox_of(self.app)
        self.site: Any = self.sandbox.sites["email"]
        self._end = self.site.serve(self.sandbox, "127.0.0.1")
        self.transport = httpx.WSGITransport(app=self.app)
        self.connector = Email(
            endpoints("http://127.0.0.1:1"),
            Credentials(microsoft_client_id="ms-id", microsoft_client_secret="ms"),
            transport=self.transport,
            read_seconds=1.0,
        )
        self.http = httpx.Client(transport=self.transport, base_url="http://127.0.0.1:1")

    def stop(self) -> None:
        """End the servers."""
        self.http.close()
        self._end()
        self.sandbox.store.close()

    def linked(self, address: str = "feedback@trust.example", **given: str) -> Access:
        """Link a mailbox as the form does."""
        form = {"address": address, "password": PASSWORD, **given}
        access = self.connector.prepare(form, "https://hb.example/back")
        (found,) = self.connector.link(access).found
        return Access(found.listing.config, {**access.secrets, **found.secrets})

    def write(self, text: str, address: str = "feedback@trust.example", **more: Any) -> str:
        """Send an e-mail as a patient; return its Message-ID."""
        telling = Telling(address, more.pop("author", "Sam Lee"), text, more.pop("title", ""), more=more)
        telling.in_reply_to = more.pop("in_reply_to", None)
        return str(self.site.tell(self.sandbox, telling))

    def deliver(self, raw: bytes, address: str = "feedback@trust.example") -> None:
        """Put bytes into the mailbox, whatever they are."""
        self.write("", address, raw=base64.b64encode(raw).decode())

    def fault(self, kind: str, times: int = 1, operation: str | None = None, seconds: float = 5.0) -> None:
        """Let the servers misbehave."""
        self.sandbox.faults.add(Fault("email", kind, times, seconds, operation))

    def shown(self, message_id: str) -> Mapping[str, Any]:
        """Return what is known of an e-mail, with the answers to it."""
        found = self.site.shown(self.sandbox, message_id)
        assert found is not None
        return dict(found)


@dataclass
class Read:
    """All that a catch-up brought."""

    items: list[InboundItem]
    pages: list[Page]
    cursor: str | None

    @property
    def bad(self) -> list[str]:
        """Return why pieces were kept aside."""
        return [bad.reason for page in self.pages for bad in page.bad]


def poll(world: MailWorld, access: Access, cursor: str | None = None) -> Read:
    """Catch up to the end."""
    pages: list[Page] = []
    while True:
        pages.append(page := world.connector.poll(access, cursor))
        cursor = page.cursor
        assert len(pages) < 100
        if not page.more:
            return Read([item for one in pages for item in one.items], pages, cursor)


def reply_to(item: InboundItem, text: str = "Thank you for telling us.", key: str = "0198-key") -> Reply:
    """Return a reply to an item."""
    target = ReplyTarget(item.remote_id, item.thread_id, item.url, None, item.source, item.may_not_reply)
    return Reply(key, text, target, "Pat Lee", "pat@trust.example")
