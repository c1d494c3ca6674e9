import threading
import time
from collections.abc import Iterator, Sequence

import httpx
import pytest

from healthberry.connectors.safe_fetch import FetchFailed, SafeFetch, check_url
from tests.connectors.fakes import Provider

PUBLIC = "93.184.216.34"
PAGE = httpx.Response(200, html="<p>hello</p>")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://trust.nhs.uk/",
        "file:///etc/passwd",
        "https://evil.example/",
        "https://trust.nhs.uk.evil.example/",
        "https://eviltrust.nhs.uk/",
        "https://trust.nhs.uk:8443/",
        "http://trust.nhs.uk:22/",
        "http://trust.nhs.uk:443/",
        "https://user:pass@trust.nhs.uk/",
        "https://trust.nhs.uk@evil.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[bad/",
        "https://trust.nhs.uk:99999/",
        "//trust.nhs.uk/",
        "",
    ],
)
def test_only_the_registered_domain_on_standard_ports_is_fetched(url: str) -> None:
    with pytest.raises(FetchFailed):
        check_url(url, "trust.nhs.uk")


@pytest.mark.parametrize(
    "url",
    ["https://trust.nhs.uk/", "http://www.trust.nhs.uk", "https://a.b.trust.nhs.uk:443/x?y", "HTTP://Trust.NHS.uk/"],
)
def test_hosts_below_the_registered_domain_are_fetched(url: str) -> None:
    assert check_url(url, "trust.nhs.uk").endswith("trust.nhs.uk")


class Names:
    """A name server with prepared answers; each look-up takes the next one, the last for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def fetch(provider: httpx.BaseTransport, names: Names, **options: float) -> SafeFetch:
    return SafeFetch(None, transport=provider, resolve=names, **options)


def test_the_connection_goes_to_the_checked_address_under_the_name_of_the_host() -> None:
    provider, names = Provider(lambda request: PAGE), Names([PUBLIC], ["127.0.0.1"])
    page = fetch(provider, names).first_of(["https://www.trust.nhs.uk/"], "trust.nhs.uk")
    (request,) = provider.asked
    # A second look-up, as a rebinding name server would wish for, never happens.
    assert names.asked == ["www.trust.nhs.uk"]
    assert request.url == f"https://{PUBLIC}/"
    assert request.headers["host"] == "www.trust.nhs.uk"
    assert request.extensions["sni_hostname"] == "www.trust.nhs.uk"
    assert (page.host, page.html) == ("www.trust.nhs.uk", "<p>hello</p>")


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    provider = Provider(lambda request: PAGE)
    with pytest.raises(FetchFailed, match="not public"):
        fetch(provider, Names([PUBLIC, "10.0.0.1"])).first_of(["https://trust.nhs.uk/"], "trust.nhs.uk")
    assert provider.asked == []


def redirecting(*targets: str) -> Provider:
    waiting = list(targets)

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"location": waiting.pop(0)}) if waiting else PAGE

    return Provider(answer)


def test_addresses_are_checked_again_after_a_redirect() -> None:
    provider = redirecting("https://intranet.trust.nhs.uk/")
    with pytest.raises(FetchFailed, match="not public"):
        fetch(provider, Names([PUBLIC], ["192.168.0.1"])).first_of(["https://trust.nhs.uk/"], "trust.nhs.uk")
    assert len(provider.asked) == 1


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "http://127.0.0.1/", "https://trust.nhs.uk:8080/", "gopher://x"]
)
def test_a_redirect_leads_nowhere_else(target: str) -> None:
    provider = redirecting(target)
    with pytest.raises(FetchFailed, match="redirects"):
        fetch(provider, Names([PUBLIC])).first_of(["https://trust.nhs.uk/"], "trust.nhs.uk")
    assert len(provider.asked) == 1


def test_two_redirects_are_followed_and_a_third_is_not() -> None:
    page = fetch(redirecting("/a", "https://www.trust.nhs.uk/b"), Names([PUBLIC])).first_of(
        ["https://trust.nhs.uk/"], "trust.nhs.uk"
    )
    assert page.host == "www.trust.nhs.uk"
    with pytest.raises(FetchFailed, match="more than twice"):
        fetch(redirecting("/a", "/b", "/c"), Names([PUBLIC])).first_of(["https://trust.nhs.uk/"], "trust.nhs.uk")


def test_only_the_first_megabyte_is_read() -> None:
    sent = 0

    def big(request: httpx.Request) -> httpx.Response:
        def body() -> Iterator[bytes]:
            nonlocal sent
            while True:
                sent += 65_536
                yield b"x" * 65_536

        return httpx.Response(200, content=body(), headers={"content-type": "text/html"})

    page = fetch(Provider(big), Names([PUBLIC])).first_of(["https://trust.nhs.uk/"], "trust.nhs.uk")
    assert len(page.html) == 1024 * 1024
    assert sent < 3 * 1024 * 1024


def test_a_page_that_drips_is_given_up_in_time() -> None:
    release = threading.Event()

    def drip(request: httpx.Request) -> httpx.Response:
        release.wait(10)
        return PAGE

    started = time.monotonic()
    try:
        with pytest.raises(FetchFailed, match="did not answer"):
            fetch(Provider(drip), Names([PUBLIC]), whole_seconds=0.2).first_of(["https://a.uk/"], "a.uk")
    finally:
        release.set()
    assert time.monotonic() - started < 2


def test_a_silent_name_server_is_given_up_in_time() -> None:
    release = threading.Event()

    def silent(host: str, port: int) -> Sequence[str]:
        release.wait(10)
        return []

    started = time.monotonic()
    try:
        with pytest.raises(FetchFailed, match="did not answer"):
            SafeFetch(None, resolve=silent, whole_seconds=0.2).first_of(["https://a.uk/"], "a.uk")
    finally:
        release.set()
    assert time.monotonic() - started < 2


def test_the_next_address_is_tried_when_the_first_one_is_dead() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == PUBLIC:
            raise httpx.ConnectError("dead")
        return PAGE

    page = fetch(Provider(answer), Names([PUBLIC, "8.8.8.8"])).first_of(["https://trust.nhs.uk/"], "trust.nhs.uk")
    assert page.html == "<p>hello</p>"


def test_http_is_tried_where_https_fails() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.scheme == "https":
            raise httpx.ConnectError("no https")
        return PAGE

    page = fetch(Provider(answer), Names([PUBLIC])).first_of(["https://a.uk/", "http://a.uk/"], "a.uk")
    assert page.host == "a.uk"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx.Response(500), "status 500"),
        (httpx.Response(404), "status 404"),
        (httpx.Response(200, content=b"%PDF", headers={"content-type": "application/pdf"}), "not a web page"),
    ],
)
def test_what_is_no_page_is_said(answer: httpx.Response, reason: str) -> None:
    with pytest.raises(FetchFailed, match=reason):
        fetch(Provider(lambda request: answer), Names([PUBLIC])).first_of(["https://a.uk/"], "a.uk")


def test_a_name_that_does_not_exist_is_said() -> None:
    with pytest.raises(FetchFailed, match="does not exist"):
        SafeFetch(None).first_of(["https://no-such-trust.invalid/"], "no-such-trust.invalid")


def test_the_sandbox_stands_for_every_host_and_all_other_rules_stay() -> None:
    base = "http://127.0.0.1:9/websites"
    provider = redirecting("/websites/www.trust.nhs.uk/home", "https://evil.example/")
    with pytest.raises(FetchFailed, match="different domain"):
        SafeFetch(base, transport=provider).first_of(["https://trust.nhs.uk/"], "trust.nhs.uk")
    assert [str(one.url) for one in provider.asked] == [f"{base}/trust.nhs.uk/", f"{base}/www.trust.nhs.uk/home"]
