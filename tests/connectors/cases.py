"""A case for the contract: a connector, an organisation at the sandbox, and what its kind says of itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import ClassVar

import httpx
from uuid_utils.compat import uuid7

from healthberry.connectors import registry
from healthberry.connectors.base import Access, Connector, InboundItem, Page, ProviderFacts, Reply, ReplyTarget
from healthberry.connectors.certificates import certificates
from healthberry.connectors.errors import Temporary
from healthberry.connectors.pace import Pace
from tests.connectors.conftest import CREDENTIALS, Sandbox

SINCE = datetime.now(UTC) - timedelta(days=3650)
_places = count(1)
PASSING = (
    "rate_limit",
    "server_error",
    "timeout_before",
    "truncated_body",
    "cut_connection",
    "malformed_utf8",
    "duplicate_delivery",
    "reordered",
    "stray",
)
SILENT = ("timeout_before", "timeout_after")
_HURRIED_SECONDS = 0.5


class Kind:
    """What the contract has to know of a kind of channel that its capabilities do not say.

    One object per kind, CASE in `kinds/<kind>.py`. The defaults are those of a site that is known by ODS code.
    """

    kind: ClassVar[str]
    by_code: ClassVar[bool] = False  # `discover` finds it by the ODS code alone
    on_site: ClassVar[bool] = False  # staff can answer on the site itself: `answer_on_site`
    has_page: ClassVar[bool] = True  # an item has a public address
    newest_first: ClassVar[bool] = True  # a backfill begins with the newest item
    first_page: ClassVar[int] = 100  # how many items the first page of a long backfill holds at least
    keyed: ClassVar[bool] = True  # reading needs a secret, and a wrong one is refused
    changes: ClassVar[bool] = True  # authors can edit there, and what was taken down is told apart
    own_threads: ClassVar[bool] = True  # what begins a conversation has the conversation's id
    certain: ClassVar[bool] = False  # what was not taken is known not to have been: it is tried again without a look
    gone_is_said: ClassVar[bool] = True  # `find_reply` raises Gone where the item was taken down
    ends: ClassVar[bool] = False  # what signing in gave is dead once it was given back
    # Those of the sandbox's passing faults that can strike its reading.
    faults: ClassVar[tuple[str, ...]] = PASSING

    def where(self, number: int, code: str) -> Mapping[str, str]:
        """Return how the sandbox's control API names an organisation that nobody else uses."""
        return {"ods_code": code}

    def words(self, where: Mapping[str, str], text: str) -> str:
        """Return a text as an author there has to write it, so that it ends with `text`."""
        return text

    def access(
        self, connector: Connector, sandbox: Sandbox, where: Mapping[str, str], provider: ProviderFacts
    ) -> Access:
        """Return what the channel is read with, as linking it would give it."""
        code = provider.ods_code
        return Access({"ods_codes": [code], "nacs": [code], "name": provider.name}, connector.installed_access())

    def wrong(self, access: Access) -> Access:
        """Return the same access with secrets that the site refuses."""
        return Access(access.config, dict.fromkeys(access.secrets, "wrong"))

    def signed_in(self, case: "Case") -> Access:
        """Return what replies are published with; by default the same as what is read with."""
        return case.access

    def used(self, case: "Case", access: Access) -> Access:
        """Use what signing in gave, and return it as it is then. Raises: NotAuthorised where it is dead."""
        got = case.connector.refresh(access)
        return Access(access.config, {**access.secrets, **got.secrets}, got.expires_at)

    def arm(self, sandbox: Sandbox, fault: str) -> bool:
        """Let the next write fail, where it is no request over HTTP; say whether that was done."""
        return False

    def writes(self, request: httpx.Request) -> bool:
        """Say whether a request is the one that publishes a reply."""
        return request.method == "POST"

    def answer_on_site(self, case: "Case", item: InboundItem, text: str) -> None:
        """Answer as a person would, on the site itself."""
        assert item.url
        page = case.sandbox.http.get(item.url).text
        action = re.search(r'method="post" action="([^"]*respon[^"]*)"', page)
        assert action, "the site has no form to answer"
        answered = case.sandbox.http.post(action[1], data={"text": text, "author": "Patient Experience Team"})
        assert answered.status_code < 400


@dataclass
class Case:
    """A connector, an organisation that nobody else uses, and the sandbox's words for it."""

    about: "Kind"
    connector: Connector
    sandbox: Sandbox
    access: Access
    where: Mapping[str, str]
    provider: ProviderFacts
    network: "FaultAtTheWrite"

    @property
    def kind(self) -> str:
        """Return the kind's name."""
        return self.about.kind

    def words(self, text: str) -> str:
        """Return a text as an author there has to write it."""
        return self.about.words(self.where, text)

    def post(self, text: str, **fields: object) -> str:
        """Write as a patient."""
        return self.sandbox.post(self.kind, **self.where, text=self.words(text), **{"author": "Sam", **fields})

    def corpus(self, texts: list[str]) -> list[str]:
        """Load past items."""
        return self.sandbox.corpus(self.kind, self.where, [self.words(text) for text in texts])

    def served(self) -> set[str]:
        """Return the ids of everything that is published."""
        return self.sandbox.served(self.kind, self.where)

    def fault(self, kind: str, times: int = 1) -> None:
        """Make the next calls fail."""
        self.sandbox.fault(self.kind, kind, times)
        self.network.expect(kind, times)

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
        return Reply(str(uuid7()), text, target, "Pat Lee", "pals@trust.example", datetime.now(UTC))


class FaultAtTheWrite(httpx.HTTPTransport):
    """The network; while `armed`, the next write meets a fault of the sandbox, and the reads before it do not.

    Where the sandbox is told not to answer at all, it is waited for only briefly, as often as that was ordered.
    """

    def __init__(self, sandbox: Sandbox, kind: "Kind") -> None:
        super().__init__(verify=certificates())
        self.sandbox, self.kind = sandbox, kind
        self._armed = ""
        self._silences = 0

    @property
    def armed(self) -> str:
        """The fault that waits for the next write."""
        return self._armed

    @armed.setter
    def armed(self, fault: str) -> None:
        self._armed = "" if fault and self.kind.arm(self.sandbox, fault) else fault

    def expect(self, fault: str, times: int = 1) -> None:
        """Be in a hurry as often as this fault will give no answer."""
        if fault in SILENT:
            self._silences += times

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Arm the sandbox just before the write."""
        if self.armed and self.kind.writes(request):
            self.sandbox.fault(self.kind.kind, self.armed)
            self.expect(self.armed)
            self.armed = ""
        if self._silences:
            request.extensions["timeout"] = {**request.extensions["timeout"], "read": _HURRIED_SECONDS}
        try:
            return super().handle_request(request)
        except httpx.ReadTimeout:
            self._silences = max(0, self._silences - 1)
            raise


def built(sandbox: Sandbox, network: httpx.BaseTransport | None = None) -> registry.Connectors:
    """Return every connector at the sandbox, in no hurry to wait for it."""
    endpoints = registry.endpoints(sandbox.url)
    return registry.build(endpoints, CREDENTIALS, network, read_seconds=1.5, pace=Pace(1_000_000))


def made(about: Kind, sandbox: Sandbox) -> Case:
    """Return a case for a kind, with an organisation of its own."""
    number = next(_places)
    network = FaultAtTheWrite(sandbox, about)
    connector = built(sandbox, network).get(about.kind)
    code, domain = f"R{number:02d}", f"trust{number}.nhs.uk"
    provider = ProviderFacts(code, f"Trust {number}", "trust", domain, "England")
    where = about.where(number, code)
    access = about.access(connector, sandbox, where, provider)
    return Case(about, connector, sandbox, access, where, provider, network)
