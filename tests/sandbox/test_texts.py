"""The invented texts."""

from collections import Counter
from random import Random

import pytest

from healthberry.sandbox.kinds import TAGS, guess
from healthberry.sandbox.texts import SLOT, load
from healthberry.sandbox.x.lengths import fits

LIBRARY = load()


def test_there_are_at_least_150_pieces_none_of_them_twice() -> None:
    assert len({text.text for text in LIBRARY.texts}) == len(LIBRARY.texts) >= 150
    assert {"thanks", "mixed", "concern", "serious", "question", "neutral", "spam"} <= {
        text.tone for text in LIBRARY.texts
    }


@pytest.mark.parametrize("kind", TAGS)
def test_every_kind_of_provider_has_its_own_pieces_on_every_channel(kind: str) -> None:
    for channel in ("x", "careopinion", "nhsuk"):
        own = [text for text in LIBRARY.suitable(channel, TAGS[kind]) if "any" not in text.tags]
        assert len(own) >= 4, (kind, channel)


def test_some_stories_are_long_and_every_review_has_stars_and_a_title() -> None:
    assert sum(len(text.text.split()) > 300 for text in LIBRARY.texts) >= 3
    for text in LIBRARY.texts:
        if "nhsuk" in text.channels:
            assert 1 <= (text.rating or 0) <= 5
        if "x" not in text.channels:
            assert text.title


def test_every_slot_can_be_filled() -> None:
    names = {name.lower() for text in LIBRARY.texts for name in SLOT.findall(text.text + text.title)}
    assert names - set(LIBRARY.parts["slots"]) <= {"org"}


@pytest.mark.parametrize("kind", TAGS)
def test_what_is_posted_on_x_fits_however_often_it_is_varied(kind: str) -> None:
    used: Counter[str] = Counter()
    chance = Random(5)
    for _ in range(150):
        written = LIBRARY.choose("x", TAGS[kind], used, chance, "the trust")
        used[written.text_id] += 1
        assert len(written.text) < 280 - len("@averylongnamNHS ")
        assert not SLOT.search(written.text)


def test_answers_on_x_fit_too() -> None:
    said = [*LIBRARY.parts["follow_ups"], *LIBRARY.parts["announcements"]]
    said += [text for mood in LIBRARY.parts["short_replies"].values() for text in mood]
    assert [text for text in said if not fits(text)] == []


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("RYJ", "trust"), ("RYJ01", "site"), ("TAD", "trust"), ("7A1", "trust"), ("RRU", "ambulance"), ("A81001", "gp"),
        ("V12345", "dentist"), ("FA123", "pharmacy"), ("QMJ", "icb"), ("VN5R7", "care_home"), ("8HK25", "mixed"),
    ],
)  # fmt: skip
def test_the_kind_is_guessed_from_the_code(code: str, kind: str) -> None:
    assert guess(code) == kind
