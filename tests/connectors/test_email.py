from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from healthberry.connectors.base import Access
from healthberry.connectors.errors import (
    ConnectorError,
    Gone,
    NotAuthorised,
    NotLinked,
    Permanent,
    RateLimited,
    Rejected,
    SignInOver,
    Unavailable,
    UnexpectedAnswer,
)
from tests.connectors.mail_world import PASSWORD, MailWorld, poll, reply_to

SINCE = datetime.now(UTC) - timedelta(days=3650)


@pytest.fixture
def world() -> Iterator[MailWorld]:
    made = MailWorld()
    yield made
    made.stop()


def test_an_email_arrives_with_its_words_its_writer_and_its_subject(world: MailWorld) -> None:
    access = world.linked()
    world.write("The nurses were kind.\n\nThank you!", title="Ward 5 – thanks")
    (item,) = poll(world, access).items
    assert (item.text, item.title) == ("The nurses were kind.\n\nThank you!", "Ward 5 – thanks")
    assert (item.author.screen_name, item.direction, item.may_not_reply) == ("Sam Lee", "inbound", None)
    assert item.source["email"] == "sam.lee@patients.example"
    assert item.source["private"] is True


def test_reading_marks_nothing_as_read_unless_it_is_wished(world: MailWorld) -> None:
    access, sent = world.linked(), world.write("Hello.")
    poll(world, access)
    assert world.shown(sent)["flags"] == []


@pytest.mark.parametrize(("after", "folder", "flags"), [("read", "INBOX", ["\\Seen"]), ("move", "Imported", [])])
def test_what_was_stored_is_marked_or_moved_by_the_next_call_and_not_before(
    world: MailWorld, after: str, folder: str, flags: list[str]
) -> None:
    access = world.linked(after=after)
    sent = world.write("Hello.")
    page = world.connector.poll(access, None)
    assert [item.text for item in page.items] == ["Hello."]
    assert world.shown(sent)["folder"] == "INBOX"
    assert world.shown(sent)["flags"] == []
    assert page.more
    world.connector.poll(access, page.cursor)
    assert (world.shown(sent)["folder"], world.shown(sent)["flags"]) == (folder, flags)
    world.connector.poll(access, page.cursor)  # the same again, after a crash
    assert poll(world, access).items == ([] if after == "move" else poll(world, access).items)


def test_history_comes_newest_first_then_what_was_sent_and_nothing_is_lost(world: MailWorld) -> None:
    access = world.linked()
    ids = [world.write(f"Story {number}.") for number in range(230)]
    pages, cursor = [], None
    while True:
        pages.append(page := world.connector.backfill(access, SINCE, cursor))
        cursor = page.cursor
        if not page.more:
            break
    found = [item.remote_id for page in pages for item in page.items]
    assert found == list(reversed(ids))
    assert len(pages[0].items) == 100


def test_the_first_poll_looks_back_two_days_and_the_next_one_brings_only_news(world: MailWorld) -> None:
    access = world.linked()
    world.write("First.")
    first = poll(world, access)
    assert [item.text for item in first.items] == ["First."]
    again = poll(world, access, first.cursor)
    assert again.items == []
    world.write("Second.")
    assert [item.text for item in poll(world, access, again.cursor).items] == ["Second."]


def test_when_uids_begin_anew_the_last_days_are_read_again_under_the_same_ids(world: MailWorld) -> None:
    access = world.linked()
    world.write("First.")
    before = poll(world, access)
    world.sandbox.store.run("UPDATE email_folders SET validity = validity + 7")
    world.sandbox.store.run("UPDATE email_mails SET serial = serial + 1000")
    after = poll(world, access, before.cursor)
    assert [item.remote_id for item in after.items] == [item.remote_id for item in before.items]


def test_an_answer_goes_into_the_thread_once_and_what_comes_back_lands_there(world: MailWorld) -> None:
    access = world.linked()
    asked = world.write("Please ring me.", title="Parking")
    read = poll(world, access)
    reply = reply_to(read.items[0])
    sent = world.connector.reply(access, reply)
    assert world.connector.reply(access, reply) == sent
    assert world.connector.find_reply(access, reply) == sent
    (shown,) = world.shown(asked)["replies"]
    assert shown["text"].strip() == "Thank you for telling us."
    world.write("Nobody rang.", in_reply_to=asked)
    again = poll(world, access, read.cursor)
    came_back = next(item for item in again.items if item.direction == "inbound")
    assert came_back.thread_id == read.items[0].thread_id
    assert "other_sender" not in came_back.source
    own = next(item for item in again.items if item.direction == "outbound")
    assert (own.remote_id, own.thread_id) == (sent.remote_id, read.items[0].thread_id)


def test_where_the_server_files_no_copies_we_do_without_a_mark_of_a_draft(world: MailWorld) -> None:
    access = world.linked("feedback@plain.example")
    assert access.config["files_copies"] is False
    world.write("Hello.", "feedback@plain.example")
    (item,) = poll(world, access).items
    world.connector.reply(access, reply_to(item))
    rows = world.sandbox.store.rows("SELECT folder, flags FROM email_mails WHERE folder = 'Sent'")
    assert rows == [{"folder": "Sent", "flags": "\\Seen"}]
    assert world.connector.find_reply(access, reply_to(item)) is not None


@pytest.mark.parametrize("fault", ["timeout_after", "cut_connection"])
def test_an_answer_whose_outcome_is_unknown_is_found_where_the_server_files_copies(
    world: MailWorld, fault: str
) -> None:
    access = world.linked()
    asked = world.write("Hello.")
    (item,) = poll(world, access).items
    world.fault(fault, operation="reply")
    with pytest.raises(Unavailable):
        world.connector.reply(access, reply_to(item))
    assert world.connector.find_reply(access, reply_to(item)) is not None
    world.connector.reply(access, reply_to(item))
    assert len(world.shown(asked)["replies"]) == 1


def test_where_nobody_can_know_whether_it_went_out_a_person_decides(world: MailWorld) -> None:
    access = world.linked("feedback@plain.example")
    world.write("Hello.", "feedback@plain.example")
    (item,) = poll(world, access).items
    world.fault("cut_connection", operation="reply")
    with pytest.raises(Unavailable):
        world.connector.reply(access, reply_to(item))
    with pytest.raises(Permanent, match="nobody can look"):
        world.connector.find_reply(access, reply_to(item))


@pytest.mark.parametrize("address", ["feedback@trust.example", "feedback@plain.example"])
@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        ("rate_limit", RateLimited),
        ("server_error", RateLimited),
        ("timeout_before", RateLimited),
        ("401", NotAuthorised),
    ],
)
def test_what_certainly_never_left_leaves_no_trace_and_can_be_sent(
    world: MailWorld, address: str, fault: str, meaning: type[ConnectorError]
) -> None:
    access = world.linked(address)
    asked = world.write("Hello.", address)
    (item,) = poll(world, access).items
    world.fault("expired_token" if fault == "401" else fault, operation="reply")
    expected = Rejected if fault == "401" else meaning
    with pytest.raises((expected, meaning)):
        world.connector.reply(access, reply_to(item))
    assert world.connector.find_reply(access, reply_to(item)) is None
    world.connector.reply(access, reply_to(item))
    assert len(world.shown(asked)["replies"]) == 1


def test_another_sender_in_a_thread_is_said_and_never_taken_for_the_first(world: MailWorld) -> None:
    access = world.linked()
    asked = world.write("Please ring me.")
    read = poll(world, access)
    world.connector.reply(access, reply_to(read.items[0]))
    world.write("I am her brother.", in_reply_to=asked, **{"from": "brother@elsewhere.example"}, author="Max")
    again = poll(world, access, read.cursor)
    other = next(item for item in again.items if item.direction == "inbound")
    assert other.thread_id == read.items[0].thread_id
    assert "brother@elsewhere.example" in other.author.screen_name
    assert other.source["other_sender"] is True
    assert world.connector.may_reply(access, reply_to(other).target).ways[0].note


def test_what_no_person_wrote_is_set_aside_with_the_reason_and_blocks_nobody(world: MailWorld) -> None:
    access = world.linked()
    for headers in (
        {"Auto-Submitted": "auto-replied"},
        {"List-Id": "<news.example>"},
        {"Precedence": "bulk"},
        {"X-Autoreply": "yes"},
        {"From": "feedback@trust.example"},
        {"From": "no-reply@shop.example"},
        {"Auto-Submitted": "auto-generated"},
    ):
        world.write("I am a machine.", headers=headers)
    world.write("I am a person.")
    world.write("I came through a form.", headers={"From": "no-reply@trust.example", "Reply-To": "kim@example.org"})
    read = poll(world, access)
    assert [item.text for item in read.items] == ["I am a person.", "I came through a form."]
    assert read.items[1].source["email"] == "kim@example.org"
    assert len(read.bad) == 7
    assert all(reason.startswith("Set aside: ") for reason in read.bad)


def test_an_absence_note_to_our_answer_is_set_aside_and_a_bounce_comes_into_the_thread(world: MailWorld) -> None:
    access = world.linked()
    for sender in ("away@patients.example", "gone@patients.example"):
        world.write(f"From {sender}.", **{"from": sender})
    read = poll(world, access)
    for number, item in enumerate(read.items):
        world.connector.reply(access, reply_to(item, key=f"key-{number}"))
    again = poll(world, access, read.cursor)
    inbound = [item for item in again.items if item.direction == "inbound"]
    assert again.bad == ["Set aside: an automatic answer."]
    (bounced,) = inbound
    assert bounced.thread_id == read.items[1].thread_id
    assert "gone@patients.example" in bounced.text
    assert bounced.may_not_reply


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff\xfe",
        b"From: \xff\xfe <x@example.org>\r\n\r\n\xff",
        b"Subject: only a subject",
        b"From: a@example.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * 50,
        b"From: a@example.org\r\nContent-Type: text/plain; charset=no-such-charset\r\n\r\ncaf\xe9",
        b"From: a@example.org\r\nContent-Type: text/html\r\n\r\n" + b"<div>" * 5000,
        b"From: a@example.org\r\nDate: never\r\nReferences: " + b"<x@y> " * 5000 + b"\r\n\r\nhello",
        b"From: a@example.org\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!",
        b"From: a@example.org\r\nContent-Disposition: attachment; filename*=bad''%ff\r\n\r\nx",
        b"From: =?utf-8?b?!!!?= <a@example.org>\r\nSubject: =?x-unknown?q?a=20b?=\r\n\r\nhello",
    ],
)
def test_no_broken_email_stops_its_neighbours(world: MailWorld, raw: bytes) -> None:
    access = world.linked()
    world.deliver(raw)
    world.write("I am the neighbour.")
    assert "I am the neighbour." in [item.text for item in poll(world, access).items]


def test_a_large_email_comes_with_its_words_and_the_names_of_what_is_attached(world: MailWorld) -> None:
    access = world.linked()
    world.deliver(
        b"From: a@example.org\r\nMessage-ID: <big@example.org>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nLook at this.\r\n--b\r\nContent-Type: application/pdf\r\n"
        b'Content-Disposition: attachment; filename="../../etc/letter.pdf"\r\n\r\n'
        + b"x" * 3_000_000
        + b"\r\n--b--\r\n"
    )
    (item,) = poll(world, access).items
    assert item.text == "Look at this."
    assert (item.attachments[0]["name"], item.attachments[0]["type"]) == ("letter.pdf", "application/pdf")


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        ("rate_limit", RateLimited),
        ("server_error", Unavailable),
        ("timeout_before", Unavailable),
        ("timeout_after", Unavailable),
        ("cut_connection", Unavailable),
        ("truncated_body", Unavailable),
        ("expired_token", NotAuthorised),
        ("html_page", UnexpectedAnswer),
    ],
)
def test_each_way_to_fail_is_one_of_ours_and_loses_nothing(
    world: MailWorld, fault: str, meaning: type[ConnectorError]
) -> None:
    access = world.linked()
    world.write("Hello.")
    world.fault(fault)
    with pytest.raises(meaning) as raised:
        world.connector.poll(access, None)
    assert PASSWORD not in str(raised.value)
    assert [item.text for item in poll(world, access).items] == ["Hello."]


def test_a_line_that_breaks_while_one_signs_in_is_no_refused_password(world: MailWorld) -> None:
    access = world.linked()
    world.write("Hello.")
    world.fault("timeout_before", operation="read", seconds=0.01)  # then the server hangs up without a word

    with pytest.raises(Unavailable):
        world.connector.poll(access, None)


def test_a_password_is_nothing_that_could_be_renewed(world: MailWorld) -> None:
    with pytest.raises(NotAuthorised) as raised:
        world.connector.refresh(world.linked())
    assert not isinstance(raised.value, SignInOver)


def test_a_folder_that_is_gone_and_a_wrong_password_are_said(world: MailWorld) -> None:
    access = world.linked()
    with pytest.raises(Gone):
        world.connector.poll(Access({**access.config, "folder": "Nowhere"}, access.secrets), None)
    with pytest.raises(NotAuthorised):
        world.connector.poll(Access(access.config, {"password": "wrong"}), None)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"address": "nobody"}, "address"),
        ({"password": "wrong"}, "password"),
        ({"password": ""}, "password"),
        ({"folder": "Nowhere"}, "folder"),
        ({"server": "127.0.0.1:1"}, "server"),
        ({"smtp_server": "127.0.0.1:1"}, "smtp_server"),
        ({"server": ".."}, "server"),
    ],
)
def test_what_does_not_lead_to_a_mailbox_is_said_beside_its_field(
    world: MailWorld, given: dict[str, str], field: str
) -> None:
    with pytest.raises(NotLinked) as refused:
        world.linked(**{"address": "feedback@trust.example", **given})
    assert refused.value.field == field


def test_with_microsoft_somebody_signs_in_and_the_token_is_renewed(world: MailWorld) -> None:
    back, verifier = "https://hb.example/back", "v" * 43
    access = world.connector.prepare({"address": "feedback@trust.example", "sign_in": "microsoft"}, back)
    page = world.connector.authorise_url(access, "state-1", back, verifier)
    assert "login_hint=feedback%40trust.example" in page
    form = dict(parse_qsl(urlsplit(page).query))
    answer = world.http.post(
        "/email/microsoft/common/oauth2/v2.0/authorize", data={**form, "account": "feedback@trust.example"}
    )
    code = answer.headers["location"].split("code=")[1].split("&")[0]
    got = world.connector.authorise(access, {"code": code}, back, verifier)
    linked = world.connector.link(Access(access.config, got.secrets, got.expires_at)).found[0]
    opened = Access(linked.listing.config, got.secrets)
    world.write("Hello.")
    assert [item.text for item in poll(world, opened).items] == ["Hello."]
    renewed = world.connector.refresh(opened)
    assert renewed.secrets["access_token"] != got.secrets["access_token"]
    assert poll(world, Access(opened.config, renewed.secrets)).items
    with pytest.raises(SignInOver):
        world.connector.refresh(Access(opened.config, {"refresh_token": "old"}))
    with pytest.raises(NotAuthorised):
        world.connector.authorise(access, {"error": "access_denied"}, back, verifier)


def test_a_password_mailbox_has_no_page_to_sign_in_at(world: MailWorld) -> None:
    with pytest.raises(NotAuthorised):
        world.connector.authorise_url(world.linked(), "s", "https://hb.example/back", "v")


def test_waiting_for_news_turns_when_something_arrives(world: MailWorld) -> None:
    news = world.connector.listen(world.linked())
    next(news)
    world.write("Hello.")
    next(news)
    news.close()  # type: ignore[attr-defined]
