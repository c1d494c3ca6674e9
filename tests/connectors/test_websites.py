import socket
import time

import httpx
import pytest

from healthberry.connectors import registry
from healthberry.connectors.base import Discovery, ProviderFacts
from healthberry.connectors.websites import Websites, handle_of, registered, x_handles
from tests.connectors.conftest import CREDENTIALS, Sandbox
from tests.connectors.fakes import Provider


@pytest.mark.parametrize(
    ("target", "handle"),
    [
        ("https://twitter.com/ExampleTrust", "ExampleTrust"),
        ("https://www.twitter.com/@ExampleTrust/", "ExampleTrust"),
        ("http://x.com/Example_NHS?lang=en", "Example_NHS"),
        ("//mobile.twitter.com/ExampleTrust", "ExampleTrust"),
        ("https://twitter.com/#!/ExampleTrust", "ExampleTrust"),
        ("https://twitter.com/intent/user?screen_name=ExampleTrust", "ExampleTrust"),
        ("https://twitter.com/intent/follow?screen_name=ExampleTrust", "ExampleTrust"),
        (" https://x.com/ExampleTrust ", "ExampleTrust"),
        ("https://twitter.com/share?text=hello", ""),
        ("https://twitter.com/intent/tweet?text=hello", ""),
        ("https://twitter.com/home", ""),
        ("https://twitter.com/hashtag/NHS75", ""),
        ("https://twitter.com/search?q=nhs", ""),
        ("https://twitter.com/i/lists/5", ""),
        ("https://twitter.com/Somebody/status/123", ""),
        ("https://twitter.com/", ""),
        ("https://twitter.com", ""),
        ("https://twitter.com/a_name_that_is_too_long", ""),
        ("https://twitter.com/<script>", ""),
        ("https://nottwitter.com/ExampleTrust", ""),
        ("https://twitter.com.evil.example/ExampleTrust", ""),
        ("javascript:alert('twitter.com/x')", ""),
        ("https://[bad/", ""),
        ("/ExampleTrust", ""),
        ("", ""),
    ],
)
def test_handles_are_told_from_share_buttons_and_posts(target: str, handle: str) -> None:
    assert handle_of(target) == handle


def test_the_most_frequent_handle_comes_first_then_the_first_on_the_page() -> None:
    page = """
      <a href="https://twitter.com/NHSEngland">NHS England</a> <a href="https://twitter.com/CQC">CQC</a>
      <A class="x" HREF='https://x.com/ExampleTrust'>us</A> <a href=https://twitter.com/exampletrust/>us</a>
    """
    assert x_handles(page) == ["ExampleTrust", "NHSEngland", "CQC"]


def test_links_that_nobody_sees_do_not_count() -> None:
    page = """
      <!-- <a href="https://twitter.com/OldName">x</a> -->
      <script>var a = '<a href="https://twitter.com/InScript">x</a>';</script>
      <a href="https://twitter.com/share?url=x&amp;text=y">share</a>
    """
    assert x_handles(page) == []


@pytest.mark.parametrize(
    "page",
    [
        "<a " * 350_000,
        "<" * 1_000_000,
        "<!--" * 250_000,
        "<script>" * 130_000,
        "<a href='" + "x" * 1_000_000,
        "<a " + "x=" * 500_000 + ">",
        "\x00" * 1_000_000,
        '<a href="https://twitter.com/a">' * 30_000,
    ],
    ids=["tags", "angles", "comments", "scripts", "open quote", "attributes", "nul", "links"],
)
def test_a_hostile_megabyte_is_read_in_a_moment(page: str) -> None:
    started = time.thread_time()
    x_handles(page)
    assert time.thread_time() - started < 3


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("www.example.nhs.uk", "example.nhs.uk"),
        ("Example.NHS.uk.", "example.nhs.uk"),
        ("https://www.example.nhs.uk/path", "example.nhs.uk"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("127.0.0.1", ""),
        ("[::1]", ""),
        ("localhost", ""),
        ("example.nhs.uk:8080", ""),
        ("user@example.nhs.uk", ""),
        ("exa mple.nhs.uk", ""),
        ("a" * 300 + ".uk", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_the_registered_domain_is_a_name_and_nothing_else(given: str | None, expected: str) -> None:
    assert registered(given) == expected


def test_an_organisation_without_website_is_a_sentence() -> None:
    found = Websites(None).find_x_handles("Example Trust", None)
    assert found.handles == ()
    assert found.problems == ["The register knows no website of Example Trust, so no X account was looked for."]


def test_a_dead_website_is_a_sentence() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    websites = Websites(None, transport=Provider(refuse), resolve=lambda host, port: ["93.184.216.34"])
    found = websites.find_x_handles("Example Trust", "example.nhs.uk")
    assert found.problems == ["The website example.nhs.uk could not be read: no connection could be made."]
    assert found.again


def test_a_website_without_links_to_x_is_a_sentence() -> None:
    websites = Websites("http://127.0.0.1:9/w", transport=Provider(lambda request: httpx.Response(200, html="<p>")))
    found = websites.find_x_handles("Example Trust", "example.nhs.uk")
    assert found.problems == ["The website example.nhs.uk links to no X account."]
    assert not found.again


def _provider(domain: str) -> ProviderFacts:
    return ProviderFacts("RXX", "Example Trust", "trust", domain, "England")


def test_the_account_is_found_on_the_sandbox_website_and_can_be_read(sandbox: Sandbox) -> None:
    x = registry.build(registry.endpoints(sandbox.url), CREDENTIALS).get("x")
    found = x.discover(_provider("www.findable.nhs.uk"))
    (listing,) = found.listings
    assert listing.label == f"@{listing.config['username']}"
    assert listing.found_at in ("Linked from findable.nhs.uk", "Linked from www.findable.nhs.uk")
    assert listing.needs == ""
    assert listing.remote_id == listing.config["user_id"]
    assert sandbox.http.get(listing.url).status_code == 200


def test_a_handle_that_does_not_exist_is_a_sentence() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/w/"):
            return httpx.Response(200, html='<a href="https://x.com/NobodyNHS">us</a>')
        errors = [{"title": "Not Found Error", "type": "https://api.twitter.com/2/problems/resource-not-found"}]
        return httpx.Response(200, json={"errors": errors})

    known = registry.endpoints("http://127.0.0.1:9")
    websites = registry.Endpoints(known.nhsuk, known.careopinion, known.x_api, known.x_web, "http://127.0.0.1:9/w")
    found = registry.build(websites, CREDENTIALS, Provider(answer)).get("x").discover(_provider("example.nhs.uk"))
    assert found.listings == []
    assert found.problems == ["example.nhs.uk links to @NobodyNHS, but X has no such account."]


def test_without_a_token_the_listing_says_what_is_missing() -> None:
    page = httpx.Response(200, html='<a href="https://x.com/ExampleNHS">us</a>')
    built = registry.build(registry.endpoints("http://127.0.0.1:9"), registry.Credentials(), Provider(lambda _: page))
    (listing,) = built.get("x").discover(_provider("example.nhs.uk")).listings
    assert "X_BEARER_TOKEN" in listing.needs
    assert listing.config == {"username": "ExampleNHS"}


@pytest.mark.parametrize(("status", "again"), [(404, False), (403, False), (429, True), (500, True), (503, True)])
def test_only_a_website_that_fails_for_the_moment_is_worth_another_look(status: int, again: bool) -> None:
    websites = Websites("http://127.0.0.1:9/w", transport=Provider(lambda request: httpx.Response(status)))
    assert websites.find_x_handles("Example Trust", "example.nhs.uk").again is again


@pytest.mark.parametrize(("errno", "again"), [(socket.EAI_AGAIN, True), (socket.EAI_NONAME, False)])
def test_a_name_server_that_is_down_is_told_from_a_name_that_is_not_there(errno: int, again: bool) -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(errno, "no")

    found = Websites(None, resolve=resolve).find_x_handles("Example Trust", "example.nhs.uk")
    assert found.again is again


def _looked_up(user: httpx.Response, mentions: httpx.Response | None = None) -> Discovery:
    """Look for the account of a website that links to one, with these answers of X."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/websites/"):
            return httpx.Response(200, html='<a href="https://x.com/ExampleNHS">us</a>')
        return mentions if mentions and request.url.path.endswith("/mentions") else user

    built = registry.build(registry.endpoints("http://127.0.0.1:9"), CREDENTIALS, Provider(answer))
    return built.get("x").discover(_provider("example.nhs.uk"))


USER = httpx.Response(200, json={"data": {"id": "77", "username": "ExampleNHS"}})


def _mentions(number: int, **meta: str) -> httpx.Response:
    return httpx.Response(200, json={"data": [{"id": str(one)} for one in range(1, number + 1)], "meta": meta})


@pytest.mark.parametrize(
    ("mentions", "amount"),
    [
        (_mentions(12), "12 posts"),
        (_mentions(1), "1 post"),
        (_mentions(0), "no posts yet"),
        (_mentions(100, next_token="t"), "more than 100 posts"),
        (httpx.Response(503), ""),
        (httpx.Response(401), ""),
        (httpx.Response(200, text="{"), ""),
    ],
)
def test_the_account_comes_with_how_often_it_is_mentioned_where_x_says_so(
    mentions: httpx.Response, amount: str
) -> None:
    (listing,) = _looked_up(USER, mentions).listings
    assert (listing.remote_id, listing.amount, listing.found_at) == ("77", amount, "Linked from example.nhs.uk")


def test_x_that_is_down_for_the_moment_is_looked_at_again() -> None:
    found = _looked_up(httpx.Response(503))
    assert (found.listings, found.again) == ([], True)
    assert found.problems[0].startswith("@ExampleNHS could not be looked up: ")


def test_x_that_refuses_our_token_is_said_on_the_account_itself() -> None:
    found = _looked_up(httpx.Response(401))
    assert found.listings[0].needs == found.problems[0]
    assert not found.again
