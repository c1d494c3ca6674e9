import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from healthberry.connectors import reading, text
from healthberry.connectors.base import InboundItem
from healthberry.connectors.reading import Unreadable, read_each

NOW = datetime(2026, 2, 3, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a\x00b\x1fc\x7f", "abc"),
        ("one\r\ntwo\rthree\tfour", "one\ntwo\nthree\tfour"),
        ("half \ud83d pair", "half \ufffd pair"),
        ("👩‍👩‍👧 مرحبا", "👩‍👩‍👧 مرحبا"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        (12, "12"),
        (True, ""),
        (None, ""),
        (["x"], ""),
        ({"x": 1}, ""),
        ("\ufeff\uffff", ""),
    ],
)
def test_texts_become_storable(given: object, expected: str) -> None:
    assert text.clean(given) == expected


def test_every_cleaned_text_can_be_encoded_and_holds_no_nul() -> None:
    everything = "".join(map(chr, range(0x11000)))
    cleaned = text.clean(everything)
    assert "\x00" not in cleaned
    assert cleaned.encode("utf-8").decode() == cleaned


def test_a_text_of_a_megabyte_is_cut_and_says_so() -> None:
    cleaned = text.clean("x" * 1_048_576)
    assert len(cleaned) == text.LONGEST_TEXT
    assert cleaned.endswith("… [cut: 1,048,576 characters]")


def test_moderated_words_are_recognised_and_others_are_not() -> None:
    ours = "Thank you for telling us. Please ring PALS on 01234 567890 so that we can look into it."
    edited = "Thank you for telling us. Please ring our PALS team so that we can look into it."
    assert text.similarity(ours, "  " + ours.replace(" ", "\n")) == 1.0
    assert text.similar(ours, edited)
    assert not text.similar(ours, "We are sorry to hear about the car park and have passed it on to estates.")
    assert not text.similar("", "")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-02-03T09:12:00Z", datetime(2026, 2, 3, 9, 12, tzinfo=UTC)),
        ("2026-02-03T09:12:00.1234567Z", datetime(2026, 2, 3, 9, 12, 0, 123456, tzinfo=UTC)),
        ("2026-02-03T09:12:00", datetime(2026, 2, 3, 9, 12, tzinfo=UTC)),
        ("2026-02-03T10:12:00+01:00", datetime(2026, 2, 3, 9, 12, tzinfo=UTC)),
        ("2026-02-03", datetime(2026, 2, 3, tzinfo=UTC)),
        ("2031-01-01T00:00:00Z", NOW),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("yesterday", None),
        ("2026-02-30", None),
        (None, None),
        (1770000000, None),
        ({}, None),
    ],
)
def test_times_are_utc_and_never_to_come(given: object, expected: datetime | None) -> None:
    assert reading.moment(given, NOW) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://www.nhs.uk/x", "https://www.nhs.uk/x"),
        ("javascript:alert(1)", None),
        ("https://[bad", None),
        ("//host/path", None),
        ("https://example.org/" + "x" * 3000, None),
        ("https://example.org/a b", None),
        (None, None),
        (5, None),
    ],
)
def test_only_web_addresses_become_links(given: object, expected: str | None) -> None:
    assert reading.address(given) == expected


@pytest.mark.parametrize("given", [None, True, "", "x" * 201, [], {}, 1.5])
def test_what_is_no_identifier_is_none(given: object) -> None:
    assert reading.identifier(given) == ""


def test_numbers_are_finite() -> None:
    assert reading.number("4") == 4.0
    odd: object
    for odd in ("nan", "inf", None, True, [], "x", 10**400):
        assert reading.number(odd) is None


def test_a_bad_item_is_kept_as_storable_json() -> None:
    bad = reading.bad_item({"text": "\x00\ud800", "n": 1}, "because", "7")
    assert json.loads(bad.raw) == {"text": "\x00\ud800", "n": 1}
    assert "\x00" not in bad.raw
    assert len(reading.bad_item("x" * 1_000_000, "because", "").raw) <= 20_000


def test_nesting_without_end_is_kept_aside() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert "deep" in reading.bad_item(deep, "because", "").raw


def test_what_is_withdrawn_carries_no_words() -> None:
    item = reading.withdrawn("7", "5")
    assert (item.remote_id, item.thread_id, item.text, item.change) == ("7", "5", "", "withdrawn")
    assert item.posted_at < NOW - timedelta(days=3650)


def test_what_broke_on_the_way_is_known_by_the_id_that_it_comes_with_the_next_time() -> None:
    def read(element: Any) -> list[InboundItem]:
        raise Unreadable("It is not a post with an address.")

    def name(element: Any) -> str:
        uri = str(element["uri"])
        return uri if uri.startswith("at://") else ""

    _, (bad,) = read_each([{"uri": "\ufffd\ufffdat://did:plc:a/post/1"}], read, name)

    assert bad.remote_id == "at://did:plc:a/post/1"
    assert "ufffd" in bad.raw
