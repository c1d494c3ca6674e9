"""What a website and a domain show of who runs them, and how little of that somebody else can forge."""

from collections.abc import Callable

import httpx
import pytest

from healthberry.connectors.site_proofs import NotSeen, SiteProofs
from tests.name_server import name_server

DOMAIN = "cedar.nhs.uk"
TEXT = {"content-type": "text/plain; charset=utf-8"}
HTML = {"content-type": "text/html"}


def site(answer: Callable[[str], httpx.Response], address: str = "8.8.8.8") -> SiteProofs:
    """Return what looks at a website that answers so; the address that it asks for is given without its scheme."""

    def respond(request: httpx.Request) -> httpx.Response:
        return answer(f"{request.headers['host']}{request.url.path}")

    return SiteProofs(None, transport=httpx.MockTransport(respond), resolve=lambda host, port: [address])


def test_the_lines_of_the_file_are_read_with_or_without_www() -> None:
    def answer(url: str) -> httpx.Response:
        if url == "www.cedar.nhs.uk/.well-known/healthberry-verification.txt":
            return httpx.Response(200, headers=TEXT, text="healthberry-verification=hb-1\r\n\r\n second \n")
        return httpx.Response(404)

    assert site(answer).file_lines("WWW.Cedar.nhs.uk") == ["healthberry-verification=hb-1", "", "second"]
    assert site(answer).file_lines(None) == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx.Response(404), "error"),
        (httpx.Response(200, headers=HTML, text="hb-1"), "not plain text"),
        (httpx.Response(302, headers={"location": "http://cedar.nhs.uk/proof.txt"}), "not https"),
        (httpx.Response(302, headers={"location": "https://evilcedar.nhs.uk/proof.txt"}), "different domain"),
        (httpx.Response(302, headers={"location": "https://cedar.nhs.uk.example.com/"}), "different domain"),
    ],
    ids=["missing", "a page", "unencrypted", "another domain", "a longer name"],
)
def test_a_file_that_somebody_else_may_have_written_is_none(answer: httpx.Response, reason: str) -> None:
    with pytest.raises(NotSeen, match=reason):
        site(lambda url: answer).file_lines(DOMAIN)


def test_a_website_that_leads_inside_is_not_asked() -> None:
    with pytest.raises(NotSeen, match="not public"):
        site(lambda url: httpx.Response(200, headers=TEXT, text="x"), address="10.0.0.1").file_lines(DOMAIN)


def test_a_contact_mailbox_is_named_for_a_task_at_this_very_domain() -> None:
    pages = {
        "cedar.nhs.uk/": '<a href="mailto:jo.bloggs@cedar.nhs.uk">Jo</a> <a href="MAILTO:PALS@Cedar.nhs.uk?subject=Hi">'
        '<a href="mailto:contact@evil-cedar.nhs.uk"><a href="mailto:info@cedar.nhs.uk.example.com">'
        '<!-- <a href="mailto:contact@cedar.nhs.uk"> --><a href="mailto:contact@nhs.net">',
        "cedar.nhs.uk/contact-us": '<a href="mailto:enquiries%40cedar.nhs.uk">Write</a>',
    }

    def answer(url: str) -> httpx.Response:
        return httpx.Response(200, headers=HTML, text=pages[url]) if url in pages else httpx.Response(404)

    assert site(answer).contact_mailbox(DOMAIN) == ("enquiries@cedar.nhs.uk", "cedar.nhs.uk")
    del pages["cedar.nhs.uk/contact-us"]
    assert site(answer).contact_mailbox(DOMAIN) == ("pals@cedar.nhs.uk", "cedar.nhs.uk")
    pages["cedar.nhs.uk/"] = "<p>No mailbox</p>"
    assert site(answer).contact_mailbox(DOMAIN) == ("", "")


def test_a_website_that_fails_for_the_moment_is_looked_at_again() -> None:
    with pytest.raises(NotSeen) as failed:
        site(lambda url: httpx.Response(503)).contact_mailbox(DOMAIN)

    assert failed.value.passes


def test_records_of_the_domain_are_asked_of_the_name_server_that_is_set() -> None:
    with name_server({f"_healthberry.{DOMAIN}": ["healthberry-verification=hb-1", "v=other"]}) as address:
        proofs = SiteProofs(None, address)

        assert sorted(proofs.txt_records(f"www.{DOMAIN}")) == ["healthberry-verification=hb-1", "v=other"]
        assert proofs.txt_records("other.nhs.uk") == []
        assert proofs.txt_records("127.0.0.1") == []


def test_a_name_server_that_fails_is_no_answer() -> None:
    with name_server({}, is_broken=True) as address, pytest.raises(NotSeen, match="did not answer"):
        SiteProofs(None, address).txt_records(DOMAIN)
