"""Mastodon's stream as a bell."""

import httpx
import pytest

from healthberry.connectors.base import Access
from healthberry.connectors.errors import Gone, NotAuthorised, Unavailable
from healthberry.connectors.errors import UnexpectedAnswer as Unexpected
from tests.connectors.fakes import answering
from tests.connectors.mastodon_samples import CONFIG, SIGNED_IN, mastodon


def test_a_stream_turns_when_it_opens_and_at_each_event() -> None:
    body = b':)\n\n:thump\nevent: notification\ndata: {"x": 1}\n\nevent: unknown\ndata: 1\n\nevent: delete\ndata: 5\n\n'
    provider = answering(httpx.Response(200, content=body, headers={"content-type": "text/event-stream"}))
    access = Access({**CONFIG, "streaming": "wss://stream.social.example"}, SIGNED_IN.secrets)
    turns = mastodon(provider).listen(access)
    assert [next(turns) for _ in range(3)] == [None] * 3
    with pytest.raises(Unavailable):
        next(turns)
    assert provider.asked[0].url.host == "stream.social.example"
    assert provider.asked[0].headers["authorization"] == "Bearer own-token"


@pytest.mark.parametrize(("code", "error"), [(401, NotAuthorised), (404, Gone), (503, Unavailable), (302, Unexpected)])
def test_a_stream_that_is_refused_says_why(code: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        next(mastodon(answering(httpx.Response(code))).listen(SIGNED_IN))


def test_a_stream_is_never_looked_for_inside() -> None:
    access = Access({**CONFIG, "streaming": "wss://127.0.0.1"}, SIGNED_IN.secrets)
    provider = answering({})
    with pytest.raises(Unexpected):
        mastodon(provider).listen(access)
    assert provider.asked == []
