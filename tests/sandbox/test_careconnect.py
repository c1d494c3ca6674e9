"""The call centre: a problem is handed over once, with user name and password, and what was answered is shown."""

import base64
import json
from collections.abc import Callable, Iterator
from email.message import Message
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.sandbox.conftest import Box
from tests.serving import serving

ERRORS = {"errors": {"category": ["This field is required."], "__all__": ["You must provide <either>"]}}
PROBLEM = {
    "organisation": "RXX01",
    "commissioned": "0",
    "category": "parking",
    "description": "No disabled bays",
    "reporter_name": "A Person",
    "reporter_email": "a@example.org",
    "source": "phone",
    "service_code": "",
}


class Service:
    """Takes problems, notes them, and answers with `status` and `said`."""

    def __init__(self) -> None:
        self.status, self.said, self.location = 201, b'{"reference_number": "P3"}', ""
        self.taken: list[tuple[Message, bytes]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                service.taken.append((self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(service.status)
                if service.location:
                    self.send_header("Location", service.location)
                self.end_headers()
                self.wfile.write(service.said)

            def do_GET(self) -> None:
                service.taken.append((self.headers, b"GET"))

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/api/v0.1/problem"

    def forms(self) -> list[dict[str, str]]:
        """Return the forms that came, in order."""
        return [{name: one for name, (one,) in parse_qs(body.decode()).items()} for _, body in self.taken]

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    with serving(made.server):
        yield made


@pytest.fixture
def linked(box: Box, service: Service) -> Box:
    """A call centre that knows where problems of one organisation go."""
    link = {"address": service.url, "user": "cc-1", "password": "the password"}
    answer = box.client.post("/careconnect/rxx/link", data=link)
    assert answer.headers["Location"] == "/careconnect/RXX"
    return box


def _handed(box: Box) -> list[Any]:
    found: list[Any] = box.client.get("/control/careconnect/RXX").json["handed"]
    return found


def test_a_problem_goes_as_a_form_with_user_name_and_password(linked: Box, service: Service) -> None:
    answer = linked.client.post("/careconnect/RXX/problems", data=PROBLEM)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/careconnect/RXX#handed")
    ((headers, _),) = service.taken
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"cc-1:the password").decode()
    assert service.forms() == [{name: value for name, value in PROBLEM.items() if value}]
    page = linked.client.get("/careconnect/RXX").text
    assert "201, reference P3" in page
    assert "the password" not in page


def test_pictures_go_along_untouched(linked: Box, service: Service) -> None:
    picture = b"\xff\xd8\x00\r\n--picture\r\n"
    form = {**PROBLEM, "images_1": (BytesIO(picture), 'a"b.jpg', "image/jpeg")}
    assert linked.client.post("/careconnect/RXX/problems", data=form).status_code == 303
    ((headers, body),) = service.taken
    sent = BytesParser().parsebytes(f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode() + body)
    parts = {one.get_param("name", header="content-disposition"): one for one in sent.walk() if not one.is_multipart()}
    assert parts["images_1"].get_content_type() == "image/jpeg"
    assert picture in body
    assert parts["description"].get_payload() == "No disabled bays"


def test_what_was_refused_is_said_beside_its_field_and_stays_typed(linked: Box, service: Service) -> None:
    service.status, service.said = 400, json.dumps(ERRORS).encode()
    answer = linked.client.post("/careconnect/RXX/problems", data=PROBLEM)
    assert answer.status_code == 422
    for words in ("This field is required.", "You must provide &lt;either&gt;", "No disabled bays", "a@example.org"):
        assert words in answer.text
    assert [one["status"] for one in _handed(linked)] == [400]


@pytest.mark.parametrize(
    "said", [b"", b"[]", b'{"errors": [1]}', b'{"errors": {"a": 1}}', b"\xff", b"<b>no"], ids=range(6)
)
def test_any_other_answer_is_shown_as_it_came(linked: Box, service: Service, said: bytes) -> None:
    service.status, service.said = 401, said
    answer = linked.client.post("/careconnect/RXX/problems", data=PROBLEM)
    assert "It was refused (401)." in answer.text
    assert "<b>no" not in answer.text


def test_without_an_answer_nobody_knows_and_nothing_is_sent_again(linked: Box, service: Service) -> None:
    service.stop()
    answer = linked.client.post("/careconnect/RXX/problems", data=PROBLEM)
    assert "There was no answer" in answer.text
    assert [(one["status"], one["reference"]) for one in _handed(linked)] == [(None, "")]


def test_nothing_is_handed_over_before_somebody_said_where_to(box: Box) -> None:
    answer = box.client.post("/careconnect/RXX/problems", data=PROBLEM)
    assert answer.status_code == 422
    assert "Say first where problems go." in answer.text
    assert "No disabled bays" in answer.text
    assert _handed(box) == []


def test_the_password_follows_no_redirect(linked: Box, service: Service) -> None:
    service.status, service.location = 302, service.url
    assert "It was refused (302)." in linked.client.post("/careconnect/RXX/problems", data=PROBLEM).text
    assert len(service.taken) == 1


def test_control_links_and_hands_over_with_what_an_ordinary_call_would_say(box: Box, service: Service) -> None:
    link = {"ods_code": "RXX", "address": service.url, "user": "u", "password": "p"}
    assert box.client.post("/control/careconnect", json=link).status_code == 201
    words = box.told("careconnect", "It was dirty")
    box.told("careconnect", "Again", organisation="RXX02", category="cleanliness", reporter_email="kim@example.org")
    first, second = service.forms()
    assert (first["organisation"], first["description"], first["source"]) == ("RXX", "It was dirty", "phone")
    assert (second["organisation"], second["category"], second["reporter_email"]) == (
        *("RXX02", "cleanliness", "kim@example.org"),
    )
    assert [one["status"] for one in _handed(box)] == [201, 201]
    assert box.seen("careconnect", words)["text"] == "It was dirty"
    assert box.client.delete(f"/control/posts/careconnect/{words}").status_code == 400
    assert box.client.patch(f"/control/posts/careconnect/{words}", json={"text": "x"}).status_code == 400


@pytest.mark.parametrize(
    "address",
    ["", "ftp://127.0.0.1/", "https://", "http://[bad", "https://example.org/a", "http://127.0.0.1.example.org/"],
)
def test_problems_go_to_this_machine_only(box: Box, address: str) -> None:
    link = {"address": address, "user": "u", "password": "p"}
    assert box.client.post("/careconnect/RXX/link", data=link).status_code == 422
    assert box.client.post("/control/careconnect", json={"ods_code": "RXX", **link}).status_code == 400
    assert (
        box.client.post("/careconnect/RXX/link", data={"address": "http://localhost/", "user": "u"}).status_code == 422
    )


def test_elsewhere_where_the_setting_says_so(make_box: Callable[..., Box]) -> None:
    box = make_box({"SANDBOX_CARECONNECT_ANYWHERE": "on"})
    link = {"address": "https://example.org/api/v0.1/problem", "user": "u", "password": "p"}
    assert box.client.post("/careconnect/RXX/link", data=link).status_code == 303


def test_its_desks_are_found_from_the_pages(box: Box) -> None:
    assert 'name="channel" value="careconnect"' in box.client.get("/write/careconnect").text
    chosen = box.client.post("/choose", data={"organisation": "rxx", "channel": "careconnect"})
    assert chosen.headers["Location"] == "/careconnect/RXX"
    assert box.client.get("/write/careconnect?place=rxx").headers["Location"] == "/careconnect/RXX"
    for path in ("/careconnect/a b", "/careconnect/"):
        assert box.client.get(path).status_code == 404
    page = box.client.get("/careconnect/RXX")
    assert page.status_code == 200
    assert 'name="requires_second_tier_moderation"' in page.text
