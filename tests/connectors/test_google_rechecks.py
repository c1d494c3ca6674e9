"""Google reviews that are looked at again: edited, gone, or their answer taken down."""

import copy
from datetime import UTC, datetime

import pytest

from healthberry.connectors.errors import Unavailable
from tests.connectors.google_samples import ACCOUNT, FIRST, LOCATION, REVIEW, Profile, channel, google, past


@pytest.mark.parametrize("count", [1, 3, 20])
def test_a_second_look_finds_edits_and_what_is_gone(count: int) -> None:
    profile = Profile(past(count))
    names = [f"{ACCOUNT}/locations/{LOCATION}/reviews/id{number}" for number in range(count)]
    profile.reviews[LOCATION][0]["comment"] = "Quite another thing."
    gone = f"{ACCOUNT}/locations/{LOCATION}/reviews/gone"
    found = google(profile).recheck(channel(), [*names, gone])
    inbound = {item.remote_id: item for item in found if item.direction == "inbound"}
    assert inbound[names[0]].text == "Quite another thing."
    assert inbound[names[0]].change == "edited"
    assert inbound[gone].change == "withdrawn"
    assert set(inbound) == {*names, gone}


def test_many_reviews_are_looked_at_in_lists() -> None:
    profile = Profile(past(130))
    names = [f"{ACCOUNT}/locations/{LOCATION}/reviews/id{number}" for number in range(130)]
    assert len({item.thread_id for item in google(profile).recheck(channel(), names)}) == 130
    assert len(profile.asked) == 1 + 3


def test_an_answer_that_was_taken_down_on_google_is_withdrawn_here() -> None:
    profile = Profile([copy.deepcopy(FIRST)])
    before = datetime.now(UTC)
    (_, answer) = google(profile).recheck(channel(), [REVIEW])
    assert (answer.remote_id, answer.direction, answer.change) == (f"{REVIEW}/reply", "outbound", "withdrawn")
    assert answer.posted_at >= before


def test_a_location_on_which_everything_is_gone_is_not_believed() -> None:
    profile = Profile([])
    with pytest.raises(Unavailable, match="gone"):
        google(profile).recheck(channel(), [f"{ACCOUNT}/locations/{LOCATION}/reviews/id{n}" for n in range(9)])
