"""The local mailbox keeps every mail and shows hostile ones safely."""

import re
import smtplib
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from healthberry.local.mailbox import Mailbox


def send(box: Mailbox, subject: str, *, html: str = "", to: str = "ann@trust.example") -> None:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "HealthBerry <us@healthberry.example>", to, subject
    letter["List-Unsubscribe"] = "<https://healthberry.example/u>"
    letter.set_content("Your code is 123456.\n")
    if html:
        letter.add_alternative(html, subtype="html")
    with smtplib.SMTP("127.0.0.1", box.smtp_port) as server:
        server.send_message(letter)


def test_a_mail_is_given_as_json_with_the_newest_first(mailbox: Mailbox) -> None:
    send(mailbox, "First", html="<p>Your code</p>")
    send(mailbox, "Zweite: grün", to="bob@trust.example")
    found = httpx.get(f"{mailbox.web_url}/messages").json()
    assert [letter["subject"] for letter in found] == ["Zweite: grün", "First"]
    assert found[0]["to"] == ["bob@trust.example"]
    assert found[1]["text"] == "Your code is 123456.\n"
    assert found[1]["html"] == "<p>Your code</p>\n"
    assert found[1]["headers"]["List-Unsubscribe"] == "<https://healthberry.example/u>"


def test_waiting_ends_when_the_mail_arrives_and_names_what_is_there_when_it_does_not(mailbox: Mailbox) -> None:
    send(mailbox, "Code")
    assert mailbox.wait_for(lambda letter: letter.subject == "Code", 5).to == ["ann@trust.example"]
    with pytest.raises(TimeoutError, match="Code"):
        mailbox.wait_for(lambda letter: letter.subject == "Other", 0.05)


def test_letters_survive_a_restart_and_numbers_go_on(tmp_path: Path) -> None:
    box = Mailbox(tmp_path)
    send(box, "Kept")
    box.stop()
    box = Mailbox(tmp_path)
    send(box, "New")
    assert [(letter.number, letter.subject) for letter in box.messages()] == [(2, "New"), (1, "Kept")]
    box.stop()


def test_hostile_html_is_shown_only_inside_a_sandbox_without_scripts(mailbox: Mailbox) -> None:
    send(mailbox, "<script>alert(1)</script>", html="<script>alert(2)</script><b>bold</b>")
    number = mailbox.messages()[0].number
    page = httpx.get(f"{mailbox.web_url}/messages/{number}")
    assert "<script>" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    (nonce,) = re.findall(r'<style nonce="([\w-]{20,})">', page.text)
    assert f"style-src 'nonce-{nonce}'" in page.headers["Content-Security-Policy"]
    frame = httpx.get(f"{mailbox.web_url}/messages/{number}/html")
    assert frame.headers["Content-Security-Policy"].startswith("sandbox")
    assert "allow-scripts" not in frame.headers["Content-Security-Policy"]


def test_the_list_names_every_letter_and_an_unknown_number_is_not_found(mailbox: Mailbox) -> None:
    send(mailbox, "Welcome")
    assert "Welcome" in httpx.get(f"{mailbox.web_url}/").text
    assert httpx.get(f"{mailbox.web_url}/messages/999").status_code == 404


def test_a_mail_of_broken_bytes_is_kept_and_read(mailbox: Mailbox) -> None:
    raw = b"Subject: odd\r\nContent-Type: text/plain; charset=klingon\r\n\r\n\xff\xfe caf\xc3\xa9\r\n"
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port) as server:
        server.sendmail("a@b.example", ["c@d.example"], raw)
    assert "café" in mailbox.messages()[0].text
    assert httpx.get(f"{mailbox.web_url}/messages").status_code == 200
