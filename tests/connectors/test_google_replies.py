"""Answers on Google: put once, held by moderators, and never written over a colleague's."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from healthberry.connectors.errors import Rejected
from tests.connectors.fakes import answering
from tests.connectors.google_samples import FIRST, LOCATION, REVIEW, SECOND, Profile, channel, google, reply


def test_an_answer_is_put_once_and_held_until_it_is_seen() -> None:
    profile = Profile([copy.deepcopy(FIRST)])
    connector = google(profile)
    assert connector.find_reply(channel(), reply()) is None
    assert connector.reply(channel(), reply()).state == "pending"
    assert profile.put == [{"comment": "Thank you for telling us."}]
    again = connector.reply(channel(), reply())
    assert (again.state, len(profile.put)) == ("pending", 1)
    profile.reviews[LOCATION][0]["reviewReply"]["reviewReplyState"] = "APPROVED"
    found = connector.find_reply(channel(), reply())
    assert found is not None
    assert (found.state, found.remote_id) == ("live", f"{REVIEW}/reply")


def test_a_bare_taken_is_not_called_shown() -> None:
    profile = Profile([copy.deepcopy(FIRST)])
    profile.after_put = "REVIEW_REPLY_STATE_UNSPECIFIED"
    assert google(profile).reply(channel(), reply()).state == "pending"
    found = google(profile).find_reply(channel(), reply())
    assert found is not None
    assert found.state == "live"


@pytest.mark.parametrize(
    ("violation", "words"),
    [("PERSONAL_INFO", "personal information"), ("A_NEW_ONE", "a new one"), (None, r"this answer\. It"), (7, "7")],
)
def test_what_moderators_refuse_is_said_with_the_reason(violation: Any, words: str) -> None:
    refused = {"comment": "Thank you for telling us.", "updateTime": "2026-11-02T11:00:00Z"}
    refused |= {"reviewReplyState": "REJECTED", "policyViolation": violation}
    profile = Profile([copy.deepcopy(FIRST) | {"reviewReply": refused}])
    with pytest.raises(Rejected, match=words):
        google(profile).find_reply(channel(), reply())
    # The same words may be tried again.
    assert google(profile).reply(channel(), reply()).state == "pending"


def test_a_colleagues_answer_that_was_not_seen_is_never_written_over() -> None:
    profile = Profile([copy.deepcopy(FIRST) | {"reviewReply": dict(SECOND["reviewReply"])}])
    shown = {"replied_at": "2026-10-31T10:00:00+00:00"}
    earlier, later = datetime(2026, 10, 31, 9, tzinfo=UTC), datetime(2026, 10, 31, 11, tzinfo=UTC)
    for blind in (
        reply(),
        reply(source=shown, queued_at=earlier),
        reply(source={"replied_at": "2026-10-30T00:00:00+00:00"}),
    ):
        with pytest.raises(Rejected, match="one answer per review"):
            google(profile).reply(channel(), blind)
    assert profile.put == []
    google(profile).reply(channel(), reply(source=shown, queued_at=later))
    assert len(profile.put) == 1


def test_an_answer_that_google_translated_is_found_all_the_same() -> None:
    both = "(Translated by Google) Merci\n\n(Original)\nThank you for telling us."
    for words in (both, "Thank you for telling us.\n\n(Translated by Google)\nMerci"):
        held = {"comment": words, "updateTime": "2026-11-02T11:00:00Z", "reviewReplyState": "APPROVED"}
        assert google(Profile([copy.deepcopy(FIRST) | {"reviewReply": held}])).find_reply(channel(), reply())


def test_the_composer_is_told_that_an_answer_would_be_replaced() -> None:
    connector = google(answering({}))
    assert connector.may_reply(channel(), reply().target).reason == ""
    target = reply(source={"replied_at": "2026-10-31T10:00:00+00:00", "reply_url": "https://g.example/r"}).target
    allowed = connector.may_reply(channel(), target)
    assert (allowed.mode, allowed.url) == ("api", "https://g.example/r")
    assert "replaces" in allowed.reason


def test_length_is_counted_in_bytes() -> None:
    assert google(answering({})).length("é👩‍⚕️") == 2 + len("👩‍⚕️".encode())
