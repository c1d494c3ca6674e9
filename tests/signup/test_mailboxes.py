"""Which spellings are one mailbox, and what a mail domain proves."""

import pytest

from healthberry.core import mailboxes
from healthberry.core.errors import Invalid


@pytest.mark.parametrize(
    ("typed", "mailbox"),
    [
        ("  Priya.Kaur@Quillbury.NHS.uk ", "priya.kaur@quillbury.nhs.uk"),
        ("priya+alerts@quillbury.nhs.uk", "priya@quillbury.nhs.uk"),
        ("o'neil@example.org", "o'neil@example.org"),
        ("anna@bücher.example", "anna@xn--bcher-kva.example"),
    ],
)
def test_one_mailbox_has_one_spelling(typed: str, mailbox: str) -> None:
    assert mailboxes.normalise(typed) == mailbox


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "priya",
        "@nhs.net",
        "priya@",
        "priya@localhost",
        "priya@nhs.uk@evil.example",
        "priya kaur@nhs.net",
        "priya@nhs..uk",
        "priya@nhs.uk\r\nBcc: all@example.org",
        "pri\0ya@nhs.net",
        "🙂@nhs.net",
        "priya@" + "x" * 300 + ".uk",
        "+@nhs.net",
        "priya@[127.0.0.1]",
        "\ud800@nhs.net",
    ],
)
def test_what_is_not_an_address_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(Invalid) as refusal:
        mailboxes.normalise(typed)
    assert refusal.value.field == "email"
    assert refusal.value.reason.startswith("Enter ")


@pytest.mark.parametrize(
    ("email", "registered"),
    [("x@quillbury.nhs.uk", "quillbury.nhs.uk"), ("x@quillbury.nhs.uk", "www.Quillbury.nhs.uk"),
     ("x@xn--bcher-kva.example", "bücher.example")],
)  # fmt: skip
def test_the_registered_web_domain_itself_proves_the_organisation(email: str, registered: str) -> None:
    assert mailboxes.proves(email, registered)


@pytest.mark.parametrize(
    ("email", "registered"),
    [
        ("x@nhs.uk.example.com", "nhs.uk"),
        ("x@evilnhs.uk", "nhs.uk"),
        ("x@evilquillbury.nhs.uk", "quillbury.nhs.uk"),
        ("x@mail.quillbury.nhs.uk", "quillbury.nhs.uk"),
        ("x@nhs.uk", "quillbury.nhs.uk"),
        ("x@nhs.net", "nhs.net"),
        ("x@nhs.uk", "www.nhs.uk"),
        ("x@gmail.com", "gmail.com"),
        ("x@quillbury.nhs.uk", None),
        ("x@quillbury.nhs.uk", ""),
    ],
)
def test_neither_a_look_alike_nor_a_sister_nor_a_shared_domain_proves_anything(
    email: str, registered: str | None
) -> None:
    assert not mailboxes.proves(email, registered)
