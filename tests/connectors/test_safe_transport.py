import socket

import httpx
import pytest

from healthberry.connectors.safe_transport import Refused, SafeTransport
from tests.connectors.fakes import Provider

PUBLIC, OTHER, INNER = "93.184.216.34", "8.8.8.8", "10.0.0.7"


def _client(resolved: dict[str, list[str]], network: Provider) -> httpx.Client:
    def resolve(host: str, port: int) -> list[str]:
        if host not in resolved:
            raise OSError("no such name")
        return resolved[host]

    return httpx.Client(transport=SafeTransport(resolve=resolve, inner=lambda: network))


def _network(*unreachable: str) -> Provider:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host in unreachable:
            raise httpx.ConnectError("unreachable", request=request)
        return httpx.Response(200, text="hello")

    return Provider(answer)


def test_the_connection_goes_to_the_checked_address_and_the_certificate_has_to_be_the_hosts() -> None:
    network = _network()
    answer = _client({"social.example": [PUBLIC]}, network).post("https://social.example/api?x=1", json={"a": 1})
    (asked,) = network.asked
    assert answer.text == "hello"
    assert str(asked.url) == f"https://{PUBLIC}/api?x=1"
    assert (asked.headers["host"], asked.extensions["sni_hostname"]) == ("social.example", "social.example")
    assert asked.content == b'{"a":1}'


@pytest.mark.parametrize("address", ["127.0.0.1", INNER, "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1"])
def test_a_name_that_leads_inside_is_refused_also_where_another_address_is_public(address: str) -> None:
    network = _network()
    with pytest.raises(httpx.ConnectError):
        _client({"social.example": [PUBLIC, address]}, network).get("https://social.example/")
    assert network.asked == []


@pytest.mark.parametrize("url", ["http://social.example/", "https://social.example:8443/", "https://nowhere.example/"])
def test_only_https_on_its_own_port_to_a_name_that_exists(url: str) -> None:
    network = _network()
    with pytest.raises(httpx.ConnectError):
        _client({"social.example": [PUBLIC]}, network).get(url)
    assert network.asked == []


def test_the_next_address_is_tried_where_one_cannot_be_reached() -> None:
    network = _network(PUBLIC)
    answer = _client({"social.example": [PUBLIC, OTHER]}, network).get("https://social.example/")
    assert answer.text == "hello"
    assert [one.url.host for one in network.asked] == [PUBLIC, OTHER]


def test_each_host_has_connections_of_its_own() -> None:
    opened: list[Provider] = []

    def inner() -> Provider:
        opened.append(_network())
        return opened[-1]

    client = httpx.Client(transport=SafeTransport(resolve=lambda host, port: [PUBLIC], inner=inner))
    for host in ("one.example", "two.example", "one.example"):
        client.get(f"https://{host}/")
    assert [len(one.asked) for one in opened] == [2, 1]


def test_a_redirect_is_never_followed() -> None:
    network = Provider(lambda request: httpx.Response(302, headers={"location": "https://127.0.0.1/"}))
    assert _client({"social.example": [PUBLIC]}, network).get("https://social.example/").status_code == 302
    assert len(network.asked) == 1


def test_what_lies_below_the_allowed_address_is_reached_as_it_is() -> None:
    network = _network()
    transport = SafeTransport(allowed="http://127.0.0.1:9/hooks", resolve=lambda host, port: [], inner=lambda: network)
    client = httpx.Client(transport=transport)
    assert client.get("http://127.0.0.1:9/hooks/1").text == "hello"
    with pytest.raises(Refused):
        client.get("http://127.0.0.1:9/control")
    assert [str(one.url) for one in network.asked] == ["http://127.0.0.1:9/hooks/1"]


@pytest.mark.parametrize(("errno", "passes"), [(socket.EAI_AGAIN, True), (socket.EAI_NONAME, False)])
def test_a_refusal_says_whether_it_may_pass(errno: int, passes: bool) -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(errno, "no")

    with pytest.raises(Refused, match="its address") as refused:
        httpx.Client(transport=SafeTransport(resolve=resolve, inner=_network)).get("https://social.example/")
    assert refused.value.passes is passes
