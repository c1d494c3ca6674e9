"""The survey: what is entered there is sent signed, what was not taken is sent again, answers come back once."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.sandbox.conftest import Box
from tests.serving import serving

SECRET = "the survey's secret"


class Hook:
    """A hook that notes what came and answers with `status`."""

    def __init__(self) -> None:
        self.status = 202
        self.taken: list[tuple[str, bytes]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.taken.append((self.headers["X-HealthBerry-Signature"], body))
                self.send_response(hook.status)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/webhook/1"

    def items(self) -> list[dict[str, Any]]:
        """Return all items that came, in order."""
        return [item for _, body in self.taken for item in json.loads(body)["items"]]


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    with serving(made.server):
        yield made


def _point(box: Box, hook: Hook) -> Any:
    answer = box.client.post("/control/webhooks", json={"handle": "Ward", "hook": hook.url, "secret": SECRET})
    assert answer.status_code == 201, answer.text
    return answer.json


def _told(box: Box, text: str, **fields: Any) -> str:
    return box.told("webhook", text, handle="ward", ods_code="", **fields)


def _header(box: Box, signed: bytes, at: int = 0, secret: str = SECRET) -> dict[str, str]:
    stamp = str(box.parts.store.now() // 1000 + at)
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + signed, hashlib.sha256).hexdigest()
    return {"X-HealthBerry-Signature": f"t={stamp},v1={digest}"}


def _answer(box: Box, fields: Any, **signed: Any) -> Any:
    body = json.dumps(fields).encode()
    headers = {"Content-Type": "application/json", **_header(box, body, **signed)}
    return box.client.post("/webhook/ward/answers", data=body, headers=headers)


def test_what_is_entered_edited_and_withdrawn_is_sent_signed_at_once(box: Box, hook: Hook) -> None:
    _point(box, hook)
    remote_id = _told(box, "Kind nurses", rating=4, title="Ward 7", service_code="RYJ01", private=True)
    box.client.patch(f"/control/posts/webhook/{remote_id}", json={"text": "Very kind nurses"})
    box.client.delete(f"/control/posts/webhook/{remote_id}")

    first, edited, gone = hook.items()
    assert first.pop("posted_at").endswith("Z")
    assert first == {
        "id": remote_id,
        "thread_id": remote_id,
        "change": "created",
        "text": "Kind nurses",
        "title": "Ward 7",
        "in_reply_to": None,
        "author": {"id": "marigold57", "name": "Marigold57"},
        "ratings": [{"name": "Overall", "value": 4, "out_of": 5}],
        "service_code": "RYJ01",
        "private": True,
    }
    assert (edited["change"], edited["text"]) == ("edited", "Very kind nurses")
    assert gone == {"id": remote_id, "change": "withdrawn"}
    for header, body in hook.taken:
        stamp = header.split(",")[0].removeprefix("t=")
        digest = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        assert header == f"t={stamp},v1={digest}"
    sent = box.client.get("/control/webhooks/ward").json["sent"]
    assert [(one["change"], one["status"]) for one in sent] == [("withdrawn", 202), ("edited", 202), ("created", 202)]


def test_what_was_not_taken_is_sent_again(box: Box, hook: Hook) -> None:
    first = _told(box, "Before anybody listened")
    hook.status = 503
    assert _point(box, hook)["sent"] == 1
    second = _told(box, "While it was down")
    hook.status = 202
    hook.taken.clear()

    assert _point(box, hook)["sent"] == 2

    assert [item["id"] for item in hook.items()] == [first, second]
    assert _point(box, hook)["sent"] == 0


def test_a_corpus_is_sent_in_requests_of_at_most_500(box: Box, hook: Hook) -> None:
    _point(box, hook)
    lines = "\n".join(["text", *(f"Story {number}" for number in range(620))])
    box.client.post("/control/corpus", json={"channel": "webhook", "handle": "ward", "csv": lines})
    assert [len(json.loads(body)["items"]) for _, body in hook.taken] == [500, 120]


def test_an_answer_is_kept_once_and_can_be_asked_for(box: Box, hook: Hook) -> None:
    _point(box, hook)
    remote_id = _told(box, "Please ring me")
    fields = {"version": 1, "key": "k1", "message_id": remote_id, "text": "We will", "author_name": "Pat"}

    first, again = _answer(box, fields), _answer(box, fields)

    assert (first.status_code, first.json["id"]) == (201, again.json["id"])
    assert [one["text"] for one in box.seen("webhook", remote_id)["replies"]] == ["We will"]
    found = box.client.get("/webhook/ward/answers?key=k1", headers=_header(box, b"k1"))
    assert found.json["found"] is True
    assert box.client.get(found.json["url"]).status_code == 200
    assert box.client.get("/webhook/ward/answers?key=k2", headers=_header(box, b"k2")).json == {"found": False}


def test_what_is_wrong_with_an_answer_is_refused(box: Box, hook: Hook) -> None:
    fields = {"key": "k1", "message_id": "response-1", "text": "We will"}
    assert _answer(box, fields).status_code == 403
    _point(box, hook)
    remote_id = _told(box, "Please ring me")
    right = {**fields, "message_id": remote_id}
    assert _answer(box, fields).status_code == 404
    assert _answer(box, right, secret="another").status_code == 403
    assert _answer(box, right, at=-301).status_code == 403
    assert _answer(box, {**right, "text": None}).status_code == 422
    assert _answer(box, []).status_code == 400
    assert box.client.get("/webhook/ward/answers?key=k1", headers=_header(box, b"k2")).status_code == 403
    assert box.seen("webhook", remote_id)["replies"] == []


def test_staff_say_on_its_page_where_to_send_and_see_what_was_sent(box: Box, hook: Hook) -> None:
    remote_id = _told(box, "<b>Kind")
    page = box.client.get("/webhook/ward").text
    assert "http://localhost/webhook/ward/answers" in page
    assert "&lt;b&gt;Kind" in page
    assert box.client.post("/webhook/ward/hook", data={"hook": "", "secret": ""}).status_code == 422
    saved = box.client.post("/webhook/ward/hook", data={"hook": hook.url, "secret": SECRET})
    assert (saved.status_code, saved.headers["Location"]) == (303, "/webhook/ward")
    assert [item["id"] for item in hook.items()] == [remote_id]
    assert "202" in box.client.get("/webhook/ward").text
    assert SECRET not in box.client.get("/webhook/ward").text
    for path in ("/webhook/a_b", "/webhook/%20"):
        assert box.client.get(path).status_code == 404
