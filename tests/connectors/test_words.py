"""How each kind of channel is spoken of in lists, headings, buttons and alerts."""

import pytest

from tests.connectors.fakes import answering, connectors

KINDS = connectors(answering({}))
KIND = pytest.mark.parametrize("kind", KINDS.kinds)


@KIND
def test_a_list_names_each_kind_as_one_names_a_place_and_an_alert_says_nothing_twice(kind: str) -> None:
    about = KINDS.get(kind).capabilities

    assert about.name[0].isupper()
    words = about.thing.lower().split()
    assert len(words) == len(set(words)), about.thing
    assert not about.thing.startswith("the ")


@pytest.mark.parametrize(
    ("kind", "there", "thing", "opens"),
    [
        ("facebook", "on Facebook", "Facebook comment", "Open on Facebook"),
        ("email", "by e-mail", "e-mail", "Open on e-mail"),
        ("careconnect", "by e-mail", "Care Connect problem", "Open on e-mail"),
        ("webhook", "to the other system", "Other system message", "Open in the other system"),
        ("feed", "on Feed", "Feed article", "Open the article"),
    ],
)
def test_a_reply_goes_where_and_how_its_kind_sends_it(kind: str, there: str, thing: str, opens: str) -> None:
    about = KINDS.get(kind).capabilities
    assert (about.there, about.thing, about.open_words) == (there, thing, opens)


def test_who_asks_for_the_password_is_named() -> None:
    at = {kind: KINDS.get(kind).capabilities.signs_in_at for kind in ("youtube", "instagram", "facebook", "x")}
    assert at == {"youtube": "Google", "instagram": "Facebook", "facebook": "Facebook", "x": "X"}


@KIND
def test_hints_do_not_say_themselves_what_the_form_says_below_each_list_of_words(kind: str) -> None:
    for one in KINDS.get(kind).capabilities.fields:
        assert one.kind != "words" or "on each line" not in one.hint, one.hint
