"""One case per kind for the contract: where its items are written, how it is reached."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx

from healthberry.connectors import registry
from healthberry.connectors.base import Access, Connector, InboundItem, Page, ProviderFacts, Reply, ReplyTarget
from healthberry.connectors.errors import Temporary
from healthberry.connectors.http import Pace
from tests.connectors.conftest import CREDENTIALS, Sandbox

SINCE = datetime.now(UTC) - timedelta(days=3650)
_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
_places = count(1)


@dataclass
class Case:
    """A connector, an organisation that nobody else uses, and the sandbox's words for it."""

    kind: str
    connector: Connector
    sandbox: Sandbox
    access: Access
    where: Mapping[str, str]
    provider: ProviderFacts
    network: "FaultAtTheWrite"

    def post(self, text: str, **fields: object) -> str:
        """Write as a patient."""
        words = f"@{self.where['handle']} {text}" if self.kind == "x" else text
        return self.sandbox.post(self.kind, **self.where, text=words, **{"author": "Sam", **fields})

    def corpus(self, texts: list[str]) -> list[str]:
        """Load past items."""
        words = [f"@{self.where['handle']} {text}" if self.kind == "x" else text for text in texts]
        return self.sandbox.corpus(self.kind, self.where, words)

    def served(self) -> set[str]:
        """Return the ids of everything that is published."""
        return self.sandbox.served(self.kind, self.where)

    def fault(self, kind: str, times: int = 1) -> None:
        """Make the next calls fail."""
        self.sandbox.fault(self.kind, kind, times)

    def backfill(self) -> list[Page]:
        """Walk to the end, asking again for a page that failed for the moment."""
        pages: list[Page] = []
        cursor, failures = None, 0
        while True:
            try:
                page = self.connector.backfill(self.access, SINCE, cursor)
            except Temporary:
                failures += 1
                assert failures < 20, "the walk never recovers"
                continue
            pages.append(page)
            cursor = page.cursor
            if not page.more:
                return pages
            assert len(pages) < 200, "the walk does not end"

    def poll(self, cursor: str | None = None) -> tuple[list[InboundItem], str | None]:
        """Catch up to the end; return the items and the cursor for the next time."""
        items: list[InboundItem] = []
        for _ in range(100):
            page = self.connector.poll(self.access, cursor)
            items += page.items
            cursor = page.cursor
            if not page.more:
                return items, cursor
        raise AssertionError("the catch-up does not end")

    def find(self, remote_id: str) -> InboundItem:
        """Return one item as a fresh poll gives it."""
        return next(item for item in self.poll()[0] if item.remote_id == remote_id)

    def reply(self, item: InboundItem, text: str) -> Reply:
        """Return a reply to an item, with a key of its own."""
        target = ReplyTarget(
            item.remote_id, item.thread_id, item.url, item.service_code, item.source, item.may_not_reply
        )
        return Reply(str(uuid4()), text, target, "Pat Lee", "pals@trust.example", datetime.now(UTC))

    def answer_on_site(self, item: InboundItem, text: str) -> None:
        """Answer as a person would, on the site itself."""
        assert item.url
        page = self.sandbox.http.get(item.url).text
        action = re.search(r'method="post" action="([^"]*respon[^"]*)"', page)
        assert action, "the site has no form to answer"
        answered = self.sandbox.http.post(action[1], data={"text": text, "author": "Patient Experience Team"})
        assert answered.status_code < 400


class FaultAtTheWrite(httpx.HTTPTransport):
    """The network; while `armed`, the next write meets a fault of the sandbox, and the reads before it do not."""

    def __init__(self, sandbox: Sandbox, kind: str) -> None:
        super().__init__()
        self.sandbox, self.kind = sandbox, kind
        self.armed = ""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Arm the sandbox just before the write."""
        if self.armed and request.method == "POST":
            self.sandbox.fault(self.kind, self.armed)
            self.armed = ""
        return super().handle_request(request)


def made(kind: str, sandbox: Sandbox) -> Case:
    """Return a case for a kind, with an organisation of its own."""
    number = next(_places)
    network = FaultAtTheWrite(sandbox, kind)
    connectors = registry.build(
        registry.endpoints(sandbox.url), CREDENTIALS, network, read_seconds=1.5, pace=Pace(1_000_000)
    )
    connector = connectors.get(kind)
    code, domain = f"R{number:02d}", f"trust{number}.nhs.uk"
    provider = ProviderFacts(code, f"Trust {number}", "trust", domain, "England")
    where = {"ods_code": code} if kind != "x" else {"handle": f"Trust{number}NHS"}
    if kind == "x":
        sandbox.post("x", **where, author="Somebody", text=f"@{where['handle']} first")
        user = _user_id(connector, sandbox, where["handle"])
        access = Access({"user_id": user, "username": where["handle"]}, connector.installed_access())
    else:
        access = Access({"ods_codes": [code], "nacs": [code], "name": f"Trust {number}"}, connector.installed_access())
    return Case(kind, connector, sandbox, access, where, provider, network)


def signed_in(case: Case) -> Access:
    """Sign in with X as the organisation, through the sandbox's own page."""
    back = "http://127.0.0.1:9/back"
    url = case.connector.authorise_url(case.access, "state-1", back, _VERIFIER)
    page = case.sandbox.http.get(url).text
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', page))
    answer = case.sandbox.http.post("/x/i/oauth2/authorize", data={**fields, "username": case.where["handle"]})
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["state"] == ["state-1"]
    got = case.connector.authorise(case.access, {name: values[0] for name, values in query.items()}, back, _VERIFIER)
    assert got.account == case.where["handle"]
    return Access(case.access.config, got.secrets, got.expires_at)


def _user_id(connector: Connector, sandbox: Sandbox, handle: str) -> str:
    answer = sandbox.http.get(f"/x/2/users/by/username/{handle}", headers={"Authorization": "Bearer x-bearer"})
    return str(answer.json()["data"]["id"])
