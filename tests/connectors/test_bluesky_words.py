"""Words on Bluesky: how long they are, and which of them are links."""

from typing import Any

import pytest

from healthberry.connectors.bluesky_text import facets, length, words


@pytest.mark.parametrize(
    ("text", "counted"),
    [("Thank you", 9), ("👨‍👩‍👧‍👦", 3), ("é", 1), ("e\u0301", 1), ("👩‍⚕️❤️", 2), ("x" * 300, 300), ("", 0)],
)
def test_letters_are_counted_as_people_see_them_and_bytes_as_bluesky_limits_them(text: str, counted: int) -> None:
    assert length(text) == counted


def test_links_are_marked_by_bytes() -> None:
    text = "Café 👩‍⚕️: https://www.nhs.uk/a (or https://b.example/c)."
    found = [one["index"] for one in facets(text)]
    raw = text.encode()
    assert [raw[one["byteStart"] : one["byteEnd"]].decode() for one in found] == [
        "https://www.nhs.uk/a",
        "https://b.example/c",
    ]
    assert facets("www.nhs.uk and mailto:a@b.example") == []


def facet(start: Any, end: Any, target: Any = "https://www.example.org/a/long/path") -> dict[str, Any]:
    feature = {"$type": "app.bsky.richtext.facet#link", "uri": target}
    return {"index": {"byteStart": start, "byteEnd": end}, "features": [feature]}


@pytest.mark.parametrize(
    ("text", "marks", "shown"),
    [
        ("é example.org/a/lo… ok", [facet(3, 22)], "é https://www.example.org/a/long/path ok"),
        ("read our page now", [facet(5, 13)], "read our page (https://www.example.org/a/long/path) now"),
        ("same", [facet(0, 400), facet(-1, 2), facet("0", 2), facet(True, 3), facet(2, 1), None, {}], "same"),
        ("no", [facet(0, 2, "javascript:alert(1)")], "no"),
        ("abcdef", [facet(0, 3), facet(2, 5)], "abc (https://www.example.org/a/long/path)def"),
    ],
)
def test_addresses_are_read_in_full_and_wrong_places_left_as_they_are(text: str, marks: Any, shown: str) -> None:
    assert words({"text": text, "facets": marks}) == shown
