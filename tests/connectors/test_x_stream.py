"""X's stream as a bell: one connection, however many listen."""

import json
import threading
from collections.abc import Iterator
from queue import Queue
from typing import Any, ClassVar

import httpx
import pytest

from healthberry.connectors import registry
from healthberry.connectors.base import Access, Connector
from healthberry.connectors.errors import ConnectorError, NotAuthorised, RateLimited, Unavailable
from tests.connectors.fakes import CREDENTIALS, Provider, access, as_json

ONE, OTHER = access(user_id="1", username="OneTrust"), access(user_id="2", username="OtherTrust")
_END: Any = object()


class Streaming(Provider):
    """X's rules and its stream: what is put into `sent` comes out of the connection that is open."""

    made: ClassVar[list["Streaming"]] = []

    def __init__(self, status: int = 200) -> None:
        super().__init__(self._serve)
        self.made.append(self)
        self.status, self.rules, self.connections = status, list[dict[str, str]](), 0
        self.sent: Queue[Any] = Queue()

    def _serve(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/rules"):
            if request.method == "POST":
                self.rules += json.loads(request.content)["add"]
            return as_json({"data": self.rules})
        self.connections += 1
        if self.status != 200:
            return as_json({}, self.status)
        return httpx.Response(200, content=self._lines())

    def _lines(self) -> Iterator[bytes]:
        while (line := self.sent.get()) is not _END:
            yield line

    def matched(self, *tags: str) -> None:
        rules = [{"id": "7", "tag": tag} for tag in tags]
        self.sent.put(json.dumps({"data": {"id": "5"}, "matching_rules": rules}).encode() + b"\r\n")


class Listening:
    """Somebody who listens in a thread: `turns` has an entry for each turn, at last the error."""

    made: ClassVar[list["Listening"]] = []

    def __init__(self, connector: Connector, who: Access) -> None:
        self.made.append(self)
        self.turns: Queue[Any] = Queue()
        self._stream = connector.listen(who)
        self.thread = threading.Thread(target=self._follow, daemon=True)
        self.thread.start()

    def _follow(self) -> None:
        try:
            for _ in self._stream:
                self.turns.put("turn")
        except ConnectorError as error:
            self.turns.put(error)

    def next(self) -> Any:
        return self.turns.get(timeout=20)


@pytest.fixture(autouse=True)
def all_end() -> Iterator[None]:
    """Let no thread outlive its test: each stream that is open ends, and with it whoever listens."""
    yield
    for provider in Streaming.made:
        provider.sent.put(_END)
    for one in Listening.made:
        one.thread.join(20)
        assert not one.thread.is_alive()
    Streaming.made.clear()
    Listening.made.clear()


def x(provider: Provider) -> Connector:
    choices = registry.Choices(x_stream=True)
    return registry.build(registry.endpoints(None), CREDENTIALS, provider, choices=choices).get("x")


def test_there_is_a_stream_where_the_operator_wants_it_and_has_a_token() -> None:
    assert x(Streaming()).capabilities.streams
    assert not registry.build(registry.endpoints(None), CREDENTIALS).get("x").capabilities.streams
    keyless = registry.build(registry.endpoints(None), registry.Credentials(), choices=registry.Choices(x_stream=True))
    assert not keyless.get("x").capabilities.streams


def test_the_first_turn_comes_once_it_is_open_and_then_one_for_each_post() -> None:
    provider = Streaming()
    one = Listening(x(provider), ONE)
    assert one.next() == "turn"
    provider.sent.put(b"\r\n")
    provider.matched("healthberry-1")
    assert one.next() == "turn"
    assert one.turns.empty()
    (rule,) = provider.rules
    assert (rule["value"], rule["tag"]) == ("(@OneTrust OR to:OneTrust) -from:OneTrust -is:retweet", "healthberry-1")


def test_several_channels_share_one_connection_and_hear_of_their_own_posts() -> None:
    provider = Streaming()
    connector = x(provider)
    one = Listening(connector, ONE)
    assert one.next() == "turn"
    other = Listening(connector, OTHER)
    assert other.next() == "turn"
    provider.matched("healthberry-2")
    assert other.next() == "turn"
    provider.matched("healthberry-1", "healthberry-2")
    assert (one.next(), other.next()) == ("turn", "turn")
    assert one.turns.empty()
    assert provider.connections == 1


def test_when_it_ends_all_are_told_and_it_can_be_opened_again() -> None:
    provider = Streaming()
    connector = x(provider)
    one = Listening(connector, ONE)
    assert one.next() == "turn"
    other = Listening(connector, OTHER)
    assert other.next() == "turn"
    provider.sent.put(_END)
    assert isinstance(one.next(), Unavailable)
    assert isinstance(other.next(), Unavailable)
    assert Listening(connector, OTHER).next() == "turn"
    assert provider.connections == 2
    assert [rule["tag"] for rule in provider.rules] == ["healthberry-1", "healthberry-2"]


def test_a_disconnect_that_is_announced_ends_it() -> None:
    provider = Streaming()
    one = Listening(x(provider), ONE)
    assert one.next() == "turn"
    provider.sent.put(b'{"errors":[{"title":"operational-disconnect"}]}\r\n')
    assert isinstance(one.next(), Unavailable)


@pytest.mark.parametrize(("status", "error"), [(429, RateLimited), (401, NotAuthorised), (503, Unavailable)])
def test_refusals_are_told_apart(status: int, error: type[ConnectorError]) -> None:
    assert isinstance(Listening(x(Streaming(status)), ONE).next(), error)


def test_lines_of_another_shape_ring_for_nobody() -> None:
    provider = Streaming()
    one = Listening(x(provider), ONE)
    assert one.next() == "turn"
    for text in (b"[]", b"{", b"null", b'{"matching_rules": 5}', b'{"matching_rules": [null, {"tag": 5}]}', b"\xff"):
        provider.sent.put(text + b"\r\n")
    provider.matched("healthberry-1")
    assert one.next() == "turn"
    assert one.turns.empty()
