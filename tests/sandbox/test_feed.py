"""The local newspaper: three documents that say the same, pages, validators, and ways to misbehave."""

import json
import re
from xml.etree import ElementTree

import pytest

from tests.sandbox.conftest import Box

HOME = "/websites/localnews.example/leeds"
ATOM = "{http://www.w3.org/2005/Atom}"


def said(box: Box, text: str = "The ward was kind & quick.", **fields: object) -> str:
    """Comment in the local news of Leeds."""
    return box.told("feed", text, handle="leeds", **fields)


def test_the_three_documents_hold_the_same_comments(box: Box) -> None:
    first, second = said(box), said(box, "A <b>tag</b>,\nand a line.")
    rss = ElementTree.fromstring(box.client.get(f"{HOME}/feed.xml").data)  # noqa: S314 - the sandbox's own words
    atom = ElementTree.fromstring(box.client.get(f"{HOME}/atom.xml").data)  # noqa: S314
    plain = json.loads(box.client.get(f"{HOME}/feed.json").data)
    assert sorted(one.findtext("guid") or "" for one in rss.iter("item")) == sorted([first, second])
    assert {one.findtext(f"{ATOM}id") for one in atom.iter(f"{ATOM}entry")} == {first, second}
    words = {one["id"]: one["content_text"] for one in plain["items"]}
    assert words == {first: "The ward was kind & quick.", second: "A <b>tag</b>,\nand a line."}
    described = {one.findtext("guid"): one.findtext("description") for one in rss.iter("item")}
    assert described[second] == "A &lt;b&gt;tag&lt;/b&gt;,<br>and a line."


def test_a_page_names_its_feeds_and_shows_the_comments(box: Box) -> None:
    ident = said(box)
    page = box.client.get(f"{HOME}/").text
    assert len(re.findall(r'rel="alternate"', page)) == 3
    address = re.search(r'href="http://localhost(/sites/feed/items/[^"]+)"', page)
    assert address is not None
    assert box.client.get(address[1]).status_code == 200
    assert ident in address[1].replace("%3A", ":").replace("%2C", ",")


def test_older_comments_are_on_the_next_page(box: Box) -> None:
    for number in range(61):
        said(box, f"Comment {number}.")
    first = json.loads(box.client.get(f"{HOME}/feed.json").data)
    second = json.loads(box.client.get(first["next_url"].removeprefix("http://localhost")).data)
    assert (len(first["items"]), len(second["items"])) == (60, 1)
    assert "next_url" not in second
    assert 'rel="next"' in box.client.get(f"{HOME}/atom.xml").text


def test_what_has_not_changed_is_not_sent_again(box: Box) -> None:
    ident = said(box)
    tag = box.client.get(f"{HOME}/feed.xml").headers["ETag"]
    again = box.client.get(f"{HOME}/feed.xml", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    box.client.patch(f"/control/posts/feed/{ident}", json={"text": "Edited."})
    assert box.client.get(f"{HOME}/feed.xml", headers={"If-None-Match": tag}).status_code == 200


def test_what_is_withdrawn_is_simply_not_there_any_more(box: Box) -> None:
    ident = said(box)
    box.client.delete(f"/control/posts/feed/{ident}")
    assert ident not in box.client.get(f"{HOME}/feed.xml").text


@pytest.mark.parametrize(
    ("way", "status"), [("gone", 410), ("missing", 404), ("forbidden", 403), ("moved", 301), ("page", 200), ("ok", 200)]
)
def test_a_feed_misbehaves_as_it_is_told(box: Box, way: str, status: int) -> None:
    assert box.client.post("/control/feeds", json={"place": "Leeds", "way": way}).status_code == 200
    answer = box.client.get(f"{HOME}/feed.xml")
    assert answer.status_code == status
    if way == "moved":
        assert box.client.get(f"{HOME}/{answer.headers['Location'].rpartition('/')[2]}").status_code == 200


@pytest.mark.parametrize("body", [{"place": "leeds", "way": "odd"}, {"place": "..", "way": "gone"}, {}])
def test_what_it_cannot_do_is_said(box: Box, body: dict[str, str]) -> None:
    answer = box.client.post("/control/feeds", json=body)
    assert (answer.status_code, "place is a town" in answer.json["error"]) == (400, True)


def test_a_town_that_is_called_oddly_has_no_page(box: Box) -> None:
    assert box.client.get("/websites/localnews.example/a_b/feed.xml").status_code == 404
    assert box.client.get("/websites/localnews.example/a_b/").status_code == 404


@pytest.mark.parametrize("kind", ["feed.xml", "atom.xml", "feed.json"])
def test_faults_strike_each_document_in_its_own_shape(box: Box, kind: str) -> None:
    said(box)
    said(box, "Another.")
    whole = box.client.get(f"{HOME}/{kind}").data
    struck = {}
    for fault in ("duplicate_delivery", "reordered", "stray", "malformed_utf8", "truncated_body"):
        box.client.post("/control/faults", json={"channel": "feed", "kind": fault, "times": 1})
        struck[fault] = box.client.get(f"{HOME}/{kind}").data
    assert len(struck["duplicate_delivery"]) > len(whole) < len(struck["stray"])
    assert b"\xff\xfe" in struck["malformed_utf8"]
    assert struck["reordered"].count(b"Another.") == whole.count(b"Another.")
    assert struck["reordered"].index(b"Another.") > whole.index(b"Another.")
    assert len(struck["truncated_body"]) == len(whole) // 2
