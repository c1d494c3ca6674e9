"""The sandbox's mail servers, spoken to as mail programs do."""

import imaplib
import smtplib
import socket
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from healthberry.sandbox.email import SITE
from tests.sandbox.conftest import KEYS, Box

ADDRESS = "feedback@trust.example"


@pytest.fixture
def ports(box: Box) -> Iterator[dict[str, int]]:
    end = SITE.serve(box.parts, "127.0.0.1")
    page = box.client.get("/email/directory/trust.example").text
    told = box.client.get("/control/mail-servers").get_json()
    found = [int(part.split("<")[0]) for part in page.split("<port>")[1:]]
    assert (told["imap"], told["smtp"], told["password"]) == (*found, "simulated")
    yield {"imap": found[0], "smtp": found[1]}
    end()


def signed_in(ports: dict[str, int]) -> imaplib.IMAP4:
    client = imaplib.IMAP4("127.0.0.1", ports["imap"])
    client.login(ADDRESS, "simulated")
    client.select("INBOX")
    return client


def sent(ports: dict[str, int], to: str, **headers: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Message-ID"] = ADDRESS, to, "<ours@trust.example>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("Thank you.\n.\nPat")
    with smtplib.SMTP("127.0.0.1", ports["smtp"]) as client:
        client.login(ADDRESS, "simulated")
        client.send_message(mail)


def test_an_email_is_searched_fetched_flagged_moved_and_put_in(box: Box, ports: dict[str, int]) -> None:
    box.told("email", "Hello there.", handle=ADDRESS, title="Lift")
    client = signed_in(ports)
    assert client.uid("SEARCH", "UID", "1:*")[1] == [b"1"]
    _, got = client.uid("FETCH", "1", "(BODY.PEEK[] FLAGS)")
    assert b"Subject: Lift" in got[0][1]
    client.uid("STORE", "1", "+FLAGS", "(\\Seen)")
    assert client.uid("SEARCH", "UNSEEN")[1] == [b""]
    client.create("Imported")
    client.uid("MOVE", "1", "Imported")
    assert client.select("INBOX")[1] == [b"0"]
    client.append("Sent", "(\\Seen)", "", b"Message-ID: <a@b>\r\n\r\nHi")
    client.select("Sent")
    assert client.uid("SEARCH", "HEADER", "Message-ID", "<a@b>")[1] == [b"3"]
    client.logout()


def test_a_wrong_password_lets_nobody_in(ports: dict[str, int]) -> None:
    client = imaplib.IMAP4("127.0.0.1", ports["imap"])
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        client.login(ADDRESS, "wrong")
    client.shutdown()
    with smtplib.SMTP("127.0.0.1", ports["smtp"]) as sending, pytest.raises(smtplib.SMTPAuthenticationError):
        sending.login(ADDRESS, "wrong")


def test_an_answer_reaches_its_email_and_a_copy_is_filed(box: Box, ports: dict[str, int]) -> None:
    asked = box.told("email", "Hello.", handle=ADDRESS)
    sent(ports, "sam@patients.example", In_Reply_To=f"<{asked.partition('#')[0]}>")
    (reply,) = box.seen("email", asked)["replies"]
    assert reply["text"].splitlines() == ["Thank you.", ".", "Pat"]
    client = signed_in(ports)
    assert client.select("Sent")[1] == [b"1"]
    client.logout()


def test_one_address_does_not_exist_and_another_is_on_holiday(box: Box, ports: dict[str, int]) -> None:
    sent(ports, "gone@patients.example")
    sent(ports, "away@patients.example")
    client = signed_in(ports)
    _, got = client.uid("FETCH", "1:*", "(BODY.PEEK[])")
    raw = b"".join(part[1] for part in got if isinstance(part, tuple))
    assert b"Status: 5.1.1" in raw
    assert b"Auto-Submitted: auto-replied" in raw
    client.logout()


@pytest.mark.parametrize(
    "line", [b"\r\n", b"a\r\n", b"a UID\r\n", b"a LOGIN\r\n", b"\xff\x00 {5}\r\n", b"a FETCH {9}\r\n"]
)
def test_rubbish_breaks_no_server(ports: dict[str, int], line: bytes) -> None:
    with socket.create_connection(("127.0.0.1", ports["imap"]), 5) as opened:
        opened.sendall(line)
    signed_in(ports).logout()


def test_microsoft_gives_tokens_for_a_code_and_refuses_everything_else(box: Box) -> None:
    asked = {
        "response_type": "code",
        "client_id": KEYS["MICROSOFT_CLIENT_ID"],
        "redirect_uri": "http://127.0.0.1:1/back",
        "scope": "offline_access",
        "state": "s",
    }
    path = "/email/microsoft/common/oauth2/v2.0"
    assert box.client.get(f"{path}/authorize", query_string=asked).status_code == 200
    assert box.client.get(f"{path}/authorize", query_string={**asked, "client_id": "x"}).status_code == 400
    back = box.client.post(f"{path}/authorize", data={**asked, "account": ADDRESS}).headers["Location"]
    code = back.partition("code=")[2]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": asked["redirect_uri"],
        "client_id": KEYS["MICROSOFT_CLIENT_ID"],
        "client_secret": KEYS["MICROSOFT_CLIENT_SECRET"],
    }
    wrong = box.client.post(f"{path}/token", data={**form, "client_secret": "x"})
    assert (wrong.status_code, wrong.get_json()["error"]) == (401, "invalid_client")
    got = box.client.post(f"{path}/token", data=form).get_json()
    assert got["access_token"]
    assert box.client.post(f"{path}/token", data=form).get_json()["error"] == "invalid_grant"
    renewed = {**form, "grant_type": "refresh_token", "refresh_token": got["refresh_token"]}
    assert box.client.post(f"{path}/token", data=renewed).get_json()["access_token"] != got["access_token"]


def test_the_pages_show_a_mailbox_and_let_a_patient_write_back(box: Box) -> None:
    asked = box.told("email", "Hello <b>", handle=ADDRESS, title="Lift")
    page = box.client.get(f"/email/mailboxes/{ADDRESS}").text
    assert "Lift" in page
    assert "simulated" in page
    address = f"/email/messages/{asked.partition('#')[0]}"
    assert "Hello &lt;b&gt;" in box.client.get(address).text
    assert box.client.post(address, data={"text": " "}).status_code == 422
    assert box.client.post(address, data={"text": "Again."}).status_code == 303
    assert box.client.get("/email/messages/nothing").status_code == 404
    assert len(box.client.get(f"/control/posts/email?handle={ADDRESS}").get_json()["remote_ids"]) == 2
