from collections.abc import Iterator

import pytest

from healthberry.connectors import letters, smtp
from healthberry.connectors.errors import ConnectorError, NotAuthorised, RateLimited, Rejected, Unavailable
from healthberry.connectors.letters import Letter
from healthberry.connectors.mail_servers import MailHost, SignIn
from tests.connectors.mail_server import SmtpServer

LETTER = Letter(
    "pals@trust.example", "Pat Lee", "sam@example.org", "Re: Parking", "Thank you.\n.\nPat", "hb.1@trust.example"
)


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    started = SmtpServer()
    yield started
    started.stop()


def hand_over(server: SmtpServer, sign_in: SignIn | None = None, letter: Letter = LETTER) -> None:
    host = MailHost("127.0.0.1", server.port, "none", trusted=True)
    smtp.hand_over(letters.write(letter), letter.sender, letter.recipient, host, sign_in, timeout=2)


def test_an_email_arrives_as_it_was_written_with_its_lone_dots(server: SmtpServer) -> None:
    hand_over(server)
    (mail,) = server.received
    assert mail["Message-ID"] == "<hb.1@trust.example>"
    assert (mail["From"], mail["To"], mail["Subject"]) == (
        "Pat Lee <pals@trust.example>",
        "sam@example.org",
        "Re: Parking",
    )
    assert mail.get_content().splitlines() == ["Thank you.", ".", "Pat"]


@pytest.mark.parametrize(
    ("where", "answer", "meaning"),
    [
        ("greeting", "554 go away", RateLimited),
        ("greeting", "hang up", RateLimited),
        ("ehlo", "hang up", RateLimited),
        ("mail", "451 later", RateLimited),
        ("mail", "550 no", Rejected),
        ("rcpt", "450 greylisted", RateLimited),
        ("rcpt", "550 unknown", Rejected),
        ("rcpt", "hang up", RateLimited),
        ("data", "451 later", RateLimited),
        ("data", "554 no", Rejected),
        ("dot", "452 full", RateLimited),
        ("dot", "554 spam", Rejected),
        ("dot", "hang up", Unavailable),
    ],
)
def test_each_answer_means_what_the_table_says(
    server: SmtpServer, where: str, answer: str, meaning: type[ConnectorError]
) -> None:
    server.answers[where] = answer
    with pytest.raises(meaning):
        hand_over(server)
    assert len(server.received) == (1 if where == "dot" else 0)


def test_a_server_that_is_not_there_took_nothing(server: SmtpServer) -> None:
    server.stop()
    with pytest.raises(RateLimited):
        hand_over(server)


@pytest.mark.parametrize(("answer", "meaning"), [("535 no", NotAuthorised), ("454 later", RateLimited)])
@pytest.mark.parametrize("sign_in", [SignIn("me", "secret"), SignIn("me", token="token-1")], ids=["password", "token"])
def test_a_refused_sign_in_sends_nothing(
    server: SmtpServer, sign_in: SignIn, answer: str, meaning: type[ConnectorError]
) -> None:
    server.answers["auth"] = answer
    with pytest.raises(meaning):
        hand_over(server, sign_in)
    assert server.received == []
    assert "secret" not in repr(sign_in)
    assert "token-1" not in repr(sign_in)


def test_a_host_inside_a_private_network_is_never_connected(server: SmtpServer) -> None:
    host = MailHost("mail.example", server.port, "none")
    with pytest.raises(Rejected, match="private network"):
        smtp.check(host, SignIn("me", "x"), resolve=lambda name, port: ["127.0.0.1"])
    assert server.commands == []


@pytest.mark.parametrize("address", ["", "no at", "a@b\r\nBcc: c@d", "<a@b>", "a@b@c", "a b@c.example", "ä@b.example"])
def test_what_is_no_address_is_never_written_to(address: str) -> None:
    with pytest.raises(Rejected):
        letters.mailbox(address)


def test_headers_hold_what_they_are_given_on_one_line_each() -> None:
    letter = Letter(
        "pals@trust.example",
        "Pat\r\nBcc: evil@example.org",
        "sam@example.org",
        "Ünterricht \r\nX-Evil: 1 " + "long " * 100,
        "x",
        "hb.1@trust.example",
        "root@example.org",
        [f"{number:060d}@a-rather-long-host-name.example.org" for number in range(30)],
    )
    raw = letters.write(letter).as_bytes()
    head = raw.split(b"\r\n\r\n")[0].decode("ascii").split("\r\n")
    assert not [line for line in head if line.lower().startswith(("bcc", "x-evil"))]
    assert all(len(line) < 998 for line in raw.split(b"\r\n"))
    references = next(line for line in head if line.startswith("References"))
    assert 8 <= references.count("<") < 12
    assert references.startswith(f"References: <{0:060d}@")
    assert references.endswith(f"<{29:060d}@a-rather-long-host-name.example.org>")


def test_an_id_of_ours_names_its_thread_and_whom_it_was_written_to() -> None:
    made = letters.own_id("0192-key", "a" * 24, "Sam@Example.org", "pals@trust.example")
    assert made == letters.own_id("0192-key", "a" * 24, "sam@example.ORG", "pals@trust.example")
    assert letters.read_own_id(made) == ("a" * 24, letters.mark("sam@example.org")[:12])
    assert letters.read_own_id("hb.x@trust.example") is None


@pytest.mark.parametrize(
    ("subject", "answered"),
    [("Parking", "Re: Parking"), ("RE: re: AW: Parking", "Re: Parking"), ("", ""), ("Re:", ""), ("Fwd: x", "Re: x")],
)
def test_an_answer_is_called_re_once(subject: str, answered: str) -> None:
    assert letters.answer_subject(subject) == answered
