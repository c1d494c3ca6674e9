"""A new site is a class and an entry in the list: control, pages, faults, past and life know it from what it says."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from flask import Blueprint, Response, jsonify, request

from healthberry.sandbox import life, seed
from healthberry.sandbox import simple_store as kept
from healthberry.sandbox.application import create_app
from healthberry.sandbox.gate import guard
from healthberry.sandbox.simple import SimpleSite
from healthberry.sandbox.site import Key
from healthberry.sandbox.sites import SITES
from healthberry.sandbox.state import here
from tests.sandbox.conftest import KEYS, QUIET, Box

Make = Callable[..., Box]


def _api() -> Blueprint:
    blueprint = Blueprint("guestbook", __name__, url_prefix="/guestbook/api")
    guard(blueprint, "guestbook")

    @blueprint.get("/<place>/entries")
    def entries(place: str) -> Response:
        if request.headers.get("Key") != here().config.keys["GUESTBOOK_KEY"]:
            return Response(status=401)
        seed.ask(here(), "guestbook", place)
        key = here().sites["guestbook"].place_key(place)
        rows = kept.visible_items(here().store, "guestbook", key)
        return jsonify(entries=[{"id": row["id"], "text": row["text"]} for row in rows])

    @blueprint.post("/<place>/replies/<remote_id>")
    def reply(place: str, remote_id: str) -> Response:
        site = here().sites["guestbook"]
        assert isinstance(site, SimpleSite)
        return jsonify(id=site.answer(here(), remote_id, request.get_json()["text"], place))

    return blueprint


class Guestbook(SimpleSite):
    """A guest book with an API, known by handle."""

    kind = "guestbook"
    label = "The guest book"
    knows_by = "handle"
    keys = (Key("GUESTBOOK_KEY", lambda: "made-up"),)
    replying = frozenset({"reply"})
    lists = frozenset({"entries"})
    list_key = "entries"
    invitation = "Sign the guest book"
    newest_heading = "Newest entries"
    takes_rating = True
    best_rating = 6
    place_rule = "A guest book is called by letters."

    def accepts(self, place: str) -> bool:
        return place.lstrip("@").isalpha()


class Letters(SimpleSite):
    """Letters about an organisation, known by its ODS code; nobody can answer them."""

    kind = "letters"
    label = "Letters"
    invitation = "Write a letter"
    newest_heading = "Newest letters"
    needs_title = True
    answers_on_site = False


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Box] = []

    def built(settings: Mapping[str, str] | None = None) -> Box:
        book = type("Book", (Guestbook,), {"blueprints": (_api(),)})
        app = create_app({**KEYS, **QUIET, **(settings or {})}, (*SITES, book(), Letters()))
        made.append(Box(app, app.test_client()))
        return made[-1]

    yield built
    for box in made:
        box.parts.store.close()


@pytest.fixture
def box(make: Make) -> Box:
    return make()


def _entries(box: Box, place: str = "wards") -> list[Any]:
    answer = box.client.get(f"/guestbook/api/{place}/entries", headers={"Key": "made-up"})
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json["entries"]
    return found


def test_its_key_is_made_up_and_shown_and_must_be_presented(box: Box) -> None:
    assert box.client.get("/control/keys").json["GUESTBOOK_KEY"] == "made-up"
    assert box.client.get("/guestbook/api/wards/entries", headers={"Key": "other"}).status_code == 401


def test_control_writes_lists_changes_and_withdraws_there(box: Box) -> None:
    remote_id = box.told("guestbook", "Kind nurses", handle="Wards", rating=6)
    assert _entries(box) == [{"id": remote_id, "text": "Kind nurses"}]
    assert box.client.patch(f"/control/posts/guestbook/{remote_id}", json={"text": "Very kind"}).status_code == 200
    shown = box.seen("guestbook", remote_id)
    assert (shown["text"], shown["rating"], shown["state"], shown["handle"]) == ("Very kind", 6, "published", "wards")
    assert box.client.get("/control/posts/guestbook?handle=wards").json == {"remote_ids": [remote_id]}
    assert box.client.get("/health").json["items"]["guestbook"] == 1
    assert box.client.delete(f"/control/posts/guestbook/{remote_id}").status_code == 204
    assert box.seen("guestbook", remote_id)["state"] == "withdrawn"
    assert _entries(box) == []


@pytest.mark.parametrize("wrong", [{"handle": "a b"}, {"rating": 7}, {"in_reply_to": "1"}, {"handle": ""}])
def test_what_it_does_not_take_is_refused_with_a_sentence(box: Box, wrong: dict[str, object]) -> None:
    body = {"channel": "guestbook", "handle": "wards", "text": "Hello", **wrong}
    answer = box.client.post("/control/posts", json=body)
    assert answer.status_code == 400
    assert answer.json["error"].endswith(".")


def test_what_is_hidden_shows_when_its_time_has_come(box: Box) -> None:
    remote_id = box.told("guestbook", "Later", handle="wards", hidden_seconds=60)
    assert _entries(box) == []
    assert box.seen("guestbook", remote_id)["state"] == "awaiting publication"
    box.set(clock_offset_seconds=61)
    assert len(_entries(box)) == 1


def test_faults_strike_the_operations_it_names(box: Box) -> None:
    remote_id = box.told("guestbook", "Kind nurses", handle="wards")
    path = f"/guestbook/api/wards/replies/{remote_id}"
    box.fault("guestbook", "rate_limit", operation="reply", seconds=7)
    assert len(_entries(box)) == 1
    refused = box.client.post(path, json={"text": "Thank you"})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "7")
    box.fault("guestbook", "timeout_after", operation="reply", seconds=0)
    with pytest.raises(OSError, match="hangs up"):
        box.client.post(path, json={"text": "Thank you"}).get_data()
    assert [reply["text"] for reply in box.seen("guestbook", remote_id)["replies"]] == ["Thank you"]
    box.fault("guestbook", "duplicate_delivery")
    assert len(_entries(box)) == 2
    box.fault("guestbook", "stray")
    assert _entries(box)[0] == "Sorry! Something went wrong."


def test_a_corpus_is_the_whole_past_and_otherwise_one_is_invented(make: Make) -> None:
    box = make({"SANDBOX_SEED_ITEMS": "12"})
    body = {"channel": "guestbook", "handle": "loaded", "csv": "text\none\ntwo\n"}
    ids = box.client.post("/control/corpus", json=body).json["remote_ids"]
    assert [entry["id"] for entry in _entries(box, "loaded")] == ids[::-1]
    assert len(_entries(box, "invented")) == 12


def test_life_goes_on_there_for_handles_and_codes(make: Make) -> None:
    box = make({"SANDBOX_LIFE_SECONDS": "60"})
    _entries(box)
    seed.ask(box.parts, "letters", "RXX")
    made = []
    for minute in range(1, 20):
        box.set(clock_offset_seconds=minute * 60)
        made += life.tick(box.parts)
    assert {channel for channel, _ in made} == {"guestbook", "letters"}
    assert 10 <= len(made) <= 38


@pytest.mark.parametrize(("kind", "place"), [("guestbook", "wards"), ("letters", "RXX")])
def test_a_patient_writes_there_with_the_form_that_its_declaration_makes(box: Box, kind: str, place: str) -> None:
    form = box.client.get(f"/write/{kind}?place={place}").text
    assert ('name="rating" value="6"' in form) is (kind == "guestbook")
    assert ('name="title"' in form) is (kind == "letters")
    typed = {"place": place, "author": "Wren", "text": "All\r\nfine", "title": "Fine", "rating": "6"}
    answer = box.client.post(f"/write/{kind}", data=typed)
    assert answer.status_code == 303
    page = box.client.get(answer.headers["Location"])
    assert "All\nfine" in page.text
    assert ("Answer as the organisation" in page.text) is (kind == "guestbook")
    assert "All\nfine" in box.client.get("/mine?author=Wren").text
    assert f'href="/write/{kind}"' in box.client.get("/").text
    assert f'href="/write/{kind}"' in box.client.get("/write").text


def test_its_organisations_have_pages_and_stand_on_the_front_page(box: Box) -> None:
    entry = box.told("guestbook", "Kind nurses", handle="Wards")
    letter = box.told("letters", "Dear all", ods_code="RXX")
    assert 'href="/sites/guestbook/places/wards"' in box.client.get("/").text
    assert f"/sites/guestbook/items/{entry}" in box.client.get("/sites/guestbook/places/wards").text
    assert f"/sites/letters/items/{letter}" in box.client.get("/organisations/RXX").text
    chosen = box.client.post("/choose", data={"organisation": "Gardens", "channel": "guestbook"})
    assert chosen.headers["Location"] == "/sites/guestbook/places/gardens"
    assert box.client.get(chosen.headers["Location"]).status_code == 200
    for path in ("/sites/guestbook/places/a b", "/sites/x/places/a", "/sites/guestbook/items/0"):
        assert box.client.get(path).status_code == 404


def test_staff_answer_on_its_page_unless_nothing_can_be_answered(box: Box) -> None:
    entry, letter = box.told("guestbook", "Hello", handle="wards"), box.told("letters", "Hello", ods_code="RXX")
    answer = box.client.post(f"/sites/guestbook/responses/{entry}", data={"text": "<b>Thank you", "author": "PALS"})
    assert answer.status_code == 303
    assert "&lt;b&gt;Thank you" in box.client.get(answer.headers["Location"]).text
    assert box.client.post(f"/sites/guestbook/responses/{entry}", data={"text": " "}).status_code == 422
    assert box.client.post(f"/sites/letters/responses/{letter}", data={"text": "Thank you"}).status_code == 404


def test_a_code_will_do_once_the_handle_was_said_for_that_site(box: Box) -> None:
    said = {"ods_code": "RYJ", "handles": {"guestbook": "wards"}, "letters": False}
    answer = box.client.post("/control/organisations", json=said).json
    assert answer["handles"].pop("guestbook") == "wards"
    assert not any(answer["handles"].values())
    assert (answer["letters"], answer["nhsuk"]) == (False, True)
    remote_id = box.client.post("/control/posts", json={"channel": "guestbook", "ods_code": "RYJ01", "text": "Hi"}).json
    assert box.seen("guestbook", remote_id["remote_id"])["handle"] == "wards"
