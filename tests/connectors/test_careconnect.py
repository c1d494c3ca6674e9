import base64
import json
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from PIL import Image

from healthberry.connectors import careconnect_items
from healthberry.connectors.base import Access, InboundItem, Reply, ReplyTarget, WebhookAnswer, WebhookRequest
from healthberry.connectors.careconnect import CareConnect
from healthberry.connectors.endpoints import Credentials
from healthberry.connectors.errors import NotLinked, Permanent, RateLimited, Rejected, Unavailable
from tests.connectors.mail_server import SmtpServer

PROBLEM = {
    "organisation": "RXX01",
    "commissioned": "0",
    "category": "parking",
    "description": "No disabled bays",
    "reporter_name": "A Person",
    "reporter_email": "a@example.org",
    "source": "phone",
    "public": "0",
}
REQUIRED = "This field is required."


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    started = SmtpServer()
    yield started
    started.stop()


def connector(server: SmtpServer | None = None) -> CareConnect:
    url = server.url if server else "smtp://127.0.0.1:9"
    return CareConnect(Credentials(mail_url=url, mail_from="HealthBerry <hb@trust.example>"), read_seconds=2)


def linked(codes: str = "RXX\nrxx01") -> tuple[Access, str, str]:
    made = connector()
    (found,) = made.link(made.prepare({"codes": codes, "reply_to": "pals@trust.example"}, "")).found
    shown = dict(found.reveal)
    return Access(found.listing.config, found.secrets), shown["User name"], shown["Password"]


def request(
    user: str, password: str, body: bytes, content_type: str = "application/x-www-form-urlencoded", method: str = "POST"
) -> WebhookRequest:
    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    return WebhookRequest(method, {"authorization": f"Basic {basic}", "content-type": content_type}, {}, body)


def post(fields: Mapping[str, str], **options: Any) -> WebhookAnswer:
    access, user, password = linked()
    return connector().receive(access, request(user, password, urlencode(fields).encode(), **options))


def read(answer: WebhookAnswer) -> InboundItem:
    (delivery,) = answer.deliveries
    page = connector().read_delivery(linked()[0], delivery.body)
    assert not page.bad
    (item,) = page.items
    return item


def multipart(fields: Mapping[str, str], files: Mapping[str, bytes]) -> tuple[bytes, str]:
    parts = [f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode() for n, v in fields.items()]
    for name, raw in files.items():
        head = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="../../{name}.jpg"\r\n'
        parts.append(head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + raw + b"\r\n")
    return b"".join(parts) + b"--b--\r\n", "multipart/form-data; boundary=b"


def picture(size: tuple[int, int] = (60, 40), kind: str = "JPEG") -> bytes:
    out = BytesIO()
    image = Image.new("RGB", size, (200, 30, 30))
    exif = Image.Exif()
    exif[0x010E] = "taken at home, 1 Secret Street"
    image.save(out, kind, **({"exif": exif} if kind == "JPEG" else {}))
    return out.getvalue()


def test_a_problem_is_taken_with_a_reference_and_becomes_an_item() -> None:
    answer = post(PROBLEM)
    assert (answer.status, answer.content_type) == (201, "application/json")
    reference = json.loads(answer.body)["reference_number"]
    item = read(answer)
    assert (item.remote_id, item.thread_id, item.text) == (reference, reference, "No disabled bays")
    assert reference[0] == "P"
    assert reference[1:].isdigit()
    assert (item.author.screen_name, item.title, item.service_code) == ("A Person", "Parking", "RXX01")
    assert (item.source["email"], item.source["private"], item.may_not_reply) == ("a@example.org", True, None)


def test_the_same_problem_sent_twice_is_two_problems() -> None:
    first, second = post(PROBLEM), post(PROBLEM)
    assert first.deliveries[0].key != second.deliveries[0].key
    assert read(first).remote_id != read(second).remote_id


@pytest.mark.parametrize(
    ("change", "where", "sentence"),
    [
        ({"organisation": ""}, "organisation", REQUIRED),
        ({"organisation": "RYY"}, "organisation", "Sorry, that organisation is not recognised."),
        ({"service_code": "SRV 1!"}, "service_code", "Sorry, that service is not recognised."),
        ({"commissioned": ""}, "commissioned", REQUIRED),
        ({"commissioned": "2"}, "commissioned", "Select a valid choice. 2 is not one of the available choices."),
        ({"description": " "}, "description", REQUIRED),
        (
            {"description": "x" * 2001},
            "description",
            "Ensure this value has at most 2000 characters (it has 2001).",
        ),
        ({"category": ""}, "category", REQUIRED),
        ({"category": "cars"}, "category", "Select a valid choice. cars is not one of the available choices."),
        ({"priority": "20"}, "priority", "The high priority can't be used with this category."),
        ({"breach": "yes"}, "breach", "Select a valid choice. yes is not one of the available choices."),
        ({"reporter_name": ""}, "reporter_name", REQUIRED),
        ({"reporter_email": "nobody"}, "reporter_email", "Enter a valid e-mail address."),
        ({"reporter_email": ""}, "__all__", "You must provide either a phone number or an email address"),
        (
            {"preferred_contact_method": "phone"},
            "__all__",
            "You must provide a phone number if you prefer to be contacted that way",
        ),
        ({"source": "fax"}, "source", "Select a valid choice. fax is not one of the available choices."),
        (
            {"public": "1"},
            "moderated_description",
            "You must moderate a version of the problem details when publishing public problems.",
        ),
    ],
)
def test_each_rule_is_refused_in_its_words_and_nothing_is_kept(
    change: dict[str, str], where: str, sentence: str
) -> None:
    answer = post(PROBLEM | change)
    assert (answer.status, list(answer.deliveries)) == (400, [])
    assert sentence in json.loads(answer.body)["errors"][where]


def test_high_priority_and_breach_are_said_in_the_title() -> None:
    item = read(post(PROBLEM | {"category": "dignity", "priority": "20", "breach": "1"}))
    assert item.title == "Dignity and privacy, high priority, breach of care standards"


def test_who_left_only_a_telephone_number_is_to_be_rung() -> None:
    item = read(post(PROBLEM | {"reporter_email": "", "reporter_phone": "01234 567890"}))
    target = ReplyTarget(item.remote_id, item.thread_id, None, None, item.source, item.may_not_reply)
    allowed = connector().may_reply(linked()[0], target)
    assert allowed.mode == "none"
    assert "01234 567890" in allowed.reason


@pytest.mark.parametrize("wrong", ["user", "password", "none", "garbage", "before linking"])
def test_without_the_right_user_and_password_nothing_is_kept(wrong: str) -> None:
    access, user, password = linked()
    sent = request("other" if wrong == "user" else user, "x" if wrong == "password" else password, b"")
    if wrong in ("none", "garbage"):
        sent = WebhookRequest("POST", {"authorization": "Basic %%%"} if wrong == "garbage" else {}, {}, b"")
    answer = connector().receive(Access({}) if wrong == "before linking" else access, sent)
    assert (answer.status, list(answer.deliveries)) == (401, [])
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="NHSD API"'


def test_the_user_name_says_whose_channel_it_is_and_only_post_is_taken() -> None:
    access, user, password = linked()
    asked = request(user, password, b"", method="GET")
    assert connector().addressed(asked) == user
    assert connector().receive(access, asked).status == 405


def test_renewing_keeps_the_user_name_and_kills_the_old_password() -> None:
    access, user, password = linked()
    asked = connector().prepare({"codes": "RXX", "renew": "yes"}, "")
    (again,) = connector().link(Access({**access.config, **asked.config}, access.secrets)).found
    assert dict(again.reveal)["User name"] == user == again.listing.remote_id
    renewed = Access(again.listing.config, again.secrets)
    assert connector().receive(renewed, request(user, password, b"")).status == 401
    assert password not in str(again.secrets)


def test_other_settings_leave_the_password_that_the_call_centre_has() -> None:
    access, user, password = linked()
    changed = connector().prepare({"codes": "RXX\nRXX02", "reply_to": ""}, "")
    (again,) = connector().link(Access({**access.config, **changed.config}, access.secrets)).found
    assert again.reveal == ()
    assert set(again.listing.config) == {"codes", "reply_to", "user"}
    after = Access(again.listing.config, again.secrets)
    assert connector().receive(after, request(user, password, b"")).status != 401


def test_pictures_are_written_anew_without_what_was_hidden_in_them() -> None:
    body, content_type = multipart(PROBLEM, {"images_0": picture((3000, 10)), "images_1": picture(kind="GIF")})
    access, user, password = linked()
    item = read(connector().receive(access, request(user, password, body, content_type)))
    assert [file.name for file in item.files] == ["Picture 1.jpg", "Picture 2.jpg"]
    for file in item.files:
        with Image.open(BytesIO(file.body)) as kept:
            assert kept.format == "JPEG"
            assert max(kept.size) <= 2000
            assert not kept.getexif()
        assert b"Secret" not in file.body
    assert {file.content_type for file in item.files} == {"image/jpeg"}


@pytest.mark.parametrize(
    "raw", [b"<svg onload=alert(1)>", b"%PDF-1.4", picture(kind="PNG"), b"\xff\xd8\xff\xe0rubbish"]
)
def test_what_is_no_picture_is_refused(raw: bytes) -> None:
    body, content_type = multipart(PROBLEM, {"images_0": raw})
    access, user, password = linked()
    answer = connector().receive(access, request(user, password, body, content_type))
    assert (answer.status, list(answer.deliveries)) == (400, [])
    assert "Upload a valid image" in json.loads(answer.body)["errors"]["images_0"][0]


@pytest.mark.parametrize("body", [b"\xff\xfe\x00", b"a" * 100_000, b"&" * 10_000, b"organisation=%00&x[]=1"])
@pytest.mark.parametrize("content_type", ["", "application/x-www-form-urlencoded", "multipart/form-data", "text/xml"])
def test_hostile_bodies_are_refused_and_break_nothing(body: bytes, content_type: str) -> None:
    access, user, password = linked()
    assert connector().receive(access, request(user, password, body, content_type)).status == 400


@pytest.mark.parametrize("body", ["{}", "[]", "null", '{"reference": 1, "facts": []}'])
def test_a_kept_piece_of_another_shape_is_set_aside(body: str) -> None:
    page = connector().read_delivery(linked()[0], body)
    assert (len(page.items), len(page.bad)) == (0, 1)


def test_linking_wants_codes_and_a_readable_address() -> None:
    made = connector()
    for given, field in (
        ({"codes": ""}, "codes"),
        ({"codes": "not a code"}, "codes"),
        ({"codes": "RXX", "reply_to": "x"}, "reply_to"),
    ):
        with pytest.raises(NotLinked) as refused:
            made.prepare(given, "")
        assert refused.value.field == field


def reply_to(item: InboundItem) -> Reply:
    target = ReplyTarget(item.remote_id, item.thread_id, None, None, item.source, item.may_not_reply)
    return Reply("0198-key", "Thank you. New bays are painted.", target, "Pat Lee", "pat@trust.example")


def test_an_answer_goes_out_by_email_with_an_id_chosen_beforehand(server: SmtpServer) -> None:
    item, access = read(post(PROBLEM)), linked()[0]
    sent = connector(server).reply(access, reply_to(item))
    again = connector(server).reply(access, reply_to(item))
    first, second = server.received
    assert first["Message-ID"] == second["Message-ID"] == f"<{sent.remote_id}>"
    assert again == sent
    assert (first["To"], first["Reply-To"]) == ("a@example.org", "pals@trust.example")
    assert item.remote_id in first["Subject"]
    assert "New bays are painted." in first.get_content()


def test_where_nobody_knows_whether_it_went_out_nobody_sends_it_again(server: SmtpServer) -> None:
    item, access = read(post(PROBLEM)), linked()[0]
    server.answers["dot"] = "hang up"
    with pytest.raises(Unavailable):
        connector(server).reply(access, reply_to(item))
    with pytest.raises(Permanent, match="nobody can look"):
        connector(server).find_reply(access, reply_to(item))


@pytest.mark.parametrize(("answer", "meaning"), [("450 later", RateLimited), ("550 no", Rejected)])
def test_what_the_mail_server_refuses_is_said(server: SmtpServer, answer: str, meaning: type[Exception]) -> None:
    item, access = read(post(PROBLEM)), linked()[0]
    server.answers["rcpt"] = answer
    with pytest.raises(meaning):
        connector(server).reply(access, reply_to(item))


def test_without_a_mail_server_nobody_is_answered() -> None:
    item, access = read(post(PROBLEM)), linked()[0]
    target = ReplyTarget(item.remote_id, item.thread_id, None, None, item.source, None)
    assert CareConnect(Credentials()).may_reply(access, target).mode == "none"


def test_an_export_is_read_by_the_names_of_its_columns() -> None:
    rows: list[Any] = [
        {
            "Reference": "7",
            "Created": "2013-05-01 10:00:00",
            "Description": "Dirty ward",
            "Status": "2",
            "category": "x",
        },
        {
            "id": "P8",
            "created": "2013-05-02",
            "description": "=cmd()",
            "status": "9",
            "reporter_email": "b@example.org",
        },
        {"id": "9", "created": "yesterday", "description": "No date"},
        {"id": "", "created": "2013-05-02", "description": "No id"},
        {"id": "10", "created": "2013-05-02", "description": ""},
        {"id": ["x"], 3: None},
        "no row at all",
    ]
    items, bad = careconnect_items.exported(rows)  # one of them hardly a row
    assert [(item.remote_id, item.text) for item in items] == [("P7", "Dirty ward"), ("P8", "=cmd()")]
    assert (items[0].source["status"], items[0].source["counted"]) == ("Resolved", "closed")
    assert items[0].may_not_reply
    assert len(bad) == 5
