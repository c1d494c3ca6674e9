"""One well-formed element of each provider, as its documents show it, to be spoilt by tests."""

import copy
from collections.abc import Iterator
from typing import Any

REVIEW: dict[str, Any] = {
    "comment": {
        "commentId": "7d0e9f52-1111-4c7e-9d0a-2f7f3a5b0001",
        "commentRef": "345678",
        "responseID": "7d0e9f52-2222-4c7e-9d0a-2f7f3a5b0001",
        "odsCode": "RXX01",
        "commentOriginalURL": "https://www.nhs.uk/services/it",
        "title": "Quick scan, long car park queue",
        "commentText": "Seen on time. Parking took 40 minutes.",
        "dateSubmitted": "2026-02-03T09:12:00Z",
        "lastUpdated": "2026-02-04T10:00:00Z",
        "sentimentScore": 0.4,
        "department": "Radiology",
        "publisherID": "nhsuk",
        "publishersCommentRef": "345678",
        "screenName": "Anonymous",
        "status": "Published",
        "removeReportLink": False,
        "ratings": [{"question": "Overall", "rating": 4}, {"question": "10004", "rating": 5}],
        "visit": {"month": 1, "year": 2026},
    },
    "response": {
        "commentId": "7d0e9f52-2222-4c7e-9d0a-2f7f3a5b0001",
        "commentRef": "345679",
        "commentText": "Thank you.",
        "dateSubmitted": "2026-02-05T09:00:00Z",
        "lastUpdated": "2026-02-05T09:00:00Z",
        "odsCode": "RXX01",
        "publisherID": "EXAMPLEPUB",
        "publishersCommentRef": "9001",
        "status": "Published",
        "respondingTo": {"publisherID": "nhsuk", "publishersCommentRef": "345678"},
    },
}

STORY: dict[str, Any] = {
    "id": 1234567,
    "title": "My day-case knee operation",
    "body": "Everyone explained **each step**.",
    "authorRole": "the patient",
    "authorAgeGroup": "45-54",
    "submissionRoute": "web",
    "dateOfSubmission": "2026-02-02T10:11:12Z",
    "dateOfPublication": "2026-02-03T09:00:00Z",
    "criticality": "mildly critical",
    "progress": "has had a response",
    "links": [
        {"rel": "tags", "id": None, "href": "https://www.careopinion.org.uk/api/v2/opinions/1234567/tags"},
        {"rel": "healthservice", "id": "RXX01", "href": "https://www.careopinion.org.uk/api/v2/healthservices/RXX01"},
    ],
}

RESPONSE: dict[str, Any] = {
    "id": 7654321,
    "body": "Dear author, thank you.",
    "dateOfPublication": "2026-02-04T12:00:00Z",
    "changeScore": "change planned",
    "changeInt": 1,
    "links": [{"rel": "opinion", "id": "1234567", "href": "https://www.careopinion.org.uk/api/v2/opinions/1234567"}],
}

POST: dict[str, Any] = {
    "id": "1985000000000000102",
    "text": "@ExampleTrust two hours in A&amp;E &lt;3 https://t.co/abc",
    "author_id": "777000111",
    "created_at": "2026-02-02T09:15:31.000Z",
    "conversation_id": "1985000000000000100",
    "lang": "en",
    "reply_settings": "everyone",
    "edit_history_tweet_ids": ["1985000000000000101", "1985000000000000102"],
    "referenced_tweets": [{"type": "replied_to", "id": "1985000000000000100"}],
    "attachments": {"media_keys": ["3_1"]},
    "entities": {
        "mentions": [{"start": 0, "end": 13, "username": "ExampleTrust", "id": "2244994945"}],
        "urls": [{"start": 30, "end": 50, "url": "https://t.co/abc", "expanded_url": "https://example.org/a?b=1&c=2"}],
    },
}
INCLUDES: dict[str, Any] = {
    "users": [{"id": "777000111", "username": "somepatient", "name": "S. P."}],
    "tweets": [{"id": "1985000000000000100", "author_id": "2244994945", "text": "Hello"}],
    "media": [{"media_key": "3_1", "type": "photo", "url": "https://pbs.twimg.com/1.jpg", "alt_text": "A queue"}],
}

STATUS: dict[str, Any] = {
    "id": "113001000000000001",
    "uri": "https://other.example/users/sam/statuses/5",
    "url": "https://other.example/@sam/5",
    "created_at": "2026-03-01T10:00:12.000Z",
    "edited_at": None,
    "in_reply_to_id": None,
    "spoiler_text": "",
    "visibility": "public",
    "language": "en",
    "content": '<p><span class="h-card"><a href="https://social.example/@trust" class="mention">@<span>trust</span></a>'
    "</span> waited two hours #care</p>",
    "account": {
        "id": "77",
        "username": "sam",
        "acct": "sam@other.example",
        "display_name": "Sam",
        "url": "https://o.example",
    },
    "media_attachments": [{"type": "image", "url": "https://cdn.example/1.png", "description": "A queue"}],
}


NOTIFICATION: dict[str, Any] = {
    "uri": "at://did:plc:sam/app.bsky.feed.post/3mzq2k4v5xc2a",
    "cid": "bafyreisam",
    "author": {"did": "did:plc:sam", "handle": "sam.bsky.social", "displayName": "Sam"},
    "reason": "mention",
    "record": {
        "$type": "app.bsky.feed.post",
        "text": "@trust.example waited two hours",
        "createdAt": "2026-03-01T10:00:00.000Z",
        "langs": ["en"],
        "facets": [
            {
                "index": {"byteStart": 0, "byteEnd": 14},
                "features": [{"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:trust"}],
            }
        ],
        "embed": {"images": [{"alt": "A queue"}]},
    },
    "isRead": False,
    "indexedAt": "2026-03-01T10:00:01.000Z",
    "labels": [],
}


ODD: tuple[Any, ...] = (
    None,
    "",
    0,
    -1,
    1.5,
    True,
    10**400,
    "x" * 200_000,
    "\x00\x1f\ud800\ufffe",
    "\u202eevil\u202c",
    "<script>alert(1)</script>",
    "9999-12-31T23:59:59Z",
    [],
    {},
    [[[]]],
    [None],
    ["x"],
    [{}],
    {"a": {"b": None}},
    {"year": "x", "month": []},
)


def spoilt(sample: Any) -> Iterator[Any]:
    """Yield `sample` with each of its values, at any depth, missing once and once replaced by each odd value."""
    for path in _paths(sample):
        yield _without(sample, path)
        for odd in ODD:
            yield _with(sample, path, odd)
    yield from ODD


def _paths(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*here, key)
        yield from _paths(child, (*here, key))


def _without(sample: Any, path: tuple[Any, ...]) -> Any:
    changed = copy.deepcopy(sample)
    del _parent(changed, path)[path[-1]]
    return changed


def _with(sample: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(sample)
    _parent(changed, path)[path[-1]] = value
    return changed


def _parent(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        value = value[key]
    return value
