import pytest

from healthberry.connectors import email_parts
from healthberry.connectors.email_words import decoded, from_html, parted, unflowed

GMAIL = "It still is.\n\nOn Mon, 3 Feb 2025 at 10:00, PALS <pals@trust.example>\nwrote:\n\n> Thank you.\n>\n> Pat"
OUTLOOK = (
    "It still is.\n\nFrom: PALS <pals@trust.example>\nSent: 03 February 2025 10:00\nTo: Sam\nSubject: RE: Lift\n"
    "\nThank you."
)
RULED = "It still is.\n________________________________\nFrom: PALS\nSent: Monday\nTo: Sam\nSubject: Lift\n\nThank you."


@pytest.mark.parametrize(
    ("text", "own"),
    [
        (GMAIL, "It still is."),
        (OUTLOOK, "It still is."),
        (RULED, "It still is."),
        ("It still is.\n-----Original Message-----\nThank you.", "It still is."),
        ("It still is.\n\nAm 3. Februar 2025 um 10:00 schrieb PALS:\n> Danke", "It still is."),
        ("> Is it mended?\nNo.\n> Did you ring?\nYes.", "> Is it mended?\nNo.\n> Did you ring?\nYes."),
        ("> only a quote", "> only a quote"),
        ("No quote at all.\nFrom: where I stood it was dark.", "No quote at all.\nFrom: where I stood it was dark."),
        ("On the ward a nurse wrote: be quick.\nI was.", "On the ward a nurse wrote: be quick.\nI was."),
        ("", ""),
    ],
)
def test_quoted_history_is_parted_from_the_words_and_kept(text: str, own: str) -> None:
    words, quoted = parted(text)
    assert words == own
    assert (quoted != "") == (words != text)
    assert "Thank you" not in words


def test_soft_line_breaks_are_taken_out_and_hard_ones_stay() -> None:
    text = "The nurses were \nkind to me.\n\nThank you.\n> quoted \n> twice\n -- stuffed\n-- \nSam"
    assert unflowed(text) == "The nurses were kind to me.\n\nThank you.\n> quoted\n> twice\n-- stuffed\n-- \nSam"
    assert unflowed("ab \ncd", delete_space=True) == "abcd"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two<br>three</p>", "One\n\nTwo\nthree"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("<ul><li>a</li><li>b</li></ul>", "* a\n* b"),
        ("<p>See <a href='https://x.example/a'>here</a></p>", "See here (https://x.example/a)"),
        ("<a href='https://x.example'>x.example</a>", "x.example"),
        ("<a href='javascript:alert(1)'>click</a>", "click"),
        ("Hello<blockquote>Thank you.<br>Pat</blockquote>", "Hello\n\n> Thank you.\n> Pat"),
        ("<script>alert(1)</script><style>p{}</style>Hi<!-- no --><head><title>t</title></head>", "Hi"),
        ("a &lt;b&gt; &amp; c&nbsp;d", "a <b> & c d"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("<table><tr><td>1</td><td>2</td></tr></table>", "1 2"),
        ("", ""),
    ],
)
def test_html_becomes_its_words(html: str, text: str) -> None:
    assert from_html(html) == text


@pytest.mark.parametrize(
    ("raw", "charset", "text"),
    [
        ("café".encode(), "utf-8", "café"),
        ("café".encode("latin-1"), "iso-8859-1", "café"),
        ("café".encode("cp1252"), "no-such-charset", "café"),
        ("café – “so”".encode("cp1252"), "us-ascii", "café – “so”"),
        (b"", "", ""),
    ],
)
def test_bytes_become_text_whatever_they_claim_to_be(raw: bytes, charset: str, text: str) -> None:
    assert decoded(raw, charset) == text


def test_an_email_is_taken_apart_plain_text_first_and_attachments_by_name() -> None:
    mail = email_parts.parse(
        b"From: =?utf-8?q?S=C3=A1m?= <sam@example.org>\r\nSubject: =?utf-8?b?TGlmdA==?=\r\n lift\r\n"
        b"References: <a@x> <b@y>\r\n <c@z>\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n"
        b"--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n"
        b"--a\r\nContent-Type: text/plain\r\n\r\nplain\r\n--a\r\n"
        b"Content-Type: text/html\r\n\r\n<b>html</b>\r\n--a--\r\n"
        b'--m\r\nContent-Type: image/png; name="C:\\photos\\me.png"\r\nContent-Disposition: inline\r\n\r\nx\r\n'
        b"--m\r\nContent-Type: message/rfc822\r\n\r\nSubject: forwarded\r\n\r\nbody\r\n--m--\r\n"
    )
    told = email_parts.content(mail)
    assert told.text == "plain"
    assert [file["name"] for file in told.files] == ["me.png", "forwarded"]
    assert email_parts.header(mail, "Subject") == "Lift lift"
    assert email_parts.ids(mail, "References") == ["a@x", "b@y", "c@z"]
    (sender,) = email_parts.mailboxes(mail, "From")
    assert (sender.name, sender.address) == ("Sám", "sam@example.org")


def test_an_encrypted_email_and_one_of_html_alone_are_told_apart() -> None:
    locked = email_parts.parse(b"Content-Type: application/pkcs7-mime; name=smime.p7m\r\n\r\nx")
    assert email_parts.content(locked).encrypted
    html = email_parts.parse(b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>Hello &amp; bye</p>")
    assert email_parts.content(html).text == "Hello & bye"
