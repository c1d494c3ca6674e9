"""Google+: archives of Takeout in JSON and HTML, hostile ones too, and the API that the sandbox imitates."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from healthberry.connectors import registry
from healthberry.connectors.base import Access, InboundItem, ReplyTarget
from healthberry.connectors.errors import NotImported, NotLinked
from healthberry.connectors.google_plus_archive import Archive
from healthberry.connectors.imports import FileReading
from tests.connectors.cases import SINCE, built
from tests.connectors.conftest import Sandbox
from tests.connectors.fakes import access, answering, connectors
from tests.connectors.files import a_file, as_zip, asked, defaults

ARCHIVE = Archive()
CONTENT = 'The &quot;new&quot; <b>entrance</b> is <a href="https://example.org/map">here</a><br>Hard to find'
POST: dict[str, Any] = {
    "url": "https://plus.google.com/+ExampleTrust/posts/AbC",
    "creationTime": "2014-03-05 10:15:42+0000",
    "author": {"displayName": "Example Trust", "resourceName": "users/1044"},
    "content": "Tell us about your visit<br>We are listening",
    "resourceName": "users/1044/posts/UgjX",
    "postAcl": {"isPublic": True},
    "comments": [
        {
            "creationTime": "2014-03-05 12:01:00+0000",
            "author": {
                "displayName": "A. Person",
                "profilePageUrl": "https://plus.google.com/1055",
                "resourceName": "users/1055",
            },
            "content": CONTENT,
            "postUrl": "https://plus.google.com/+ExampleTrust/posts/AbC",
            "resourceName": "users/1044/posts/UgjX/comments/1",
        },
        {
            "creationTime": "2014-03-05 13:00:00+0000",
            "author": {"displayName": "Example Trust", "resourceName": "users/1044"},
            "content": "Thank you",
            "resourceName": "users/1044/posts/UgjX/comments/2",
        },
    ],
}


def archive(*posts: Any, **files: str) -> bytes:
    """Return a Takeout archive of these posts."""
    folder = "Takeout/Google+ Stream/Posts"
    entries = {f"{folder}/2014030{number} - Tell us.json": json.dumps(post) for number, post in enumerate(posts)}
    return as_zip({**entries, **{name.replace("__", "/"): text for name, text in files.items()}})


def read(content: bytes, **answers: str) -> FileReading:
    """Read an archive with names kept."""
    look = ARCHIVE.look(a_file(content, "takeout.zip"), {})
    return ARCHIVE.read(a_file(content, "takeout.zip"), defaults(look, **{"names": "keep", **answers}))


def items(reading: FileReading) -> list[InboundItem]:
    """Return what was read."""
    return [row.item for row in reading.rows if row.item]


def test_each_comment_of_somebody_else_is_an_item_under_its_post_with_the_pages_own_answer() -> None:
    reading = read(archive(POST))

    comment, answer = items(reading)
    assert comment.text == 'The "new" entrance is here (https://example.org/map)\nHard to find'
    assert comment.title == "On the post “Tell us about your visit We are listening”"
    assert (comment.author.screen_name, comment.author.remote_id) == ("A. Person", "users/1055")
    assert comment.posted_at.isoformat() == "2014-03-05T12:01:00+00:00"
    assert comment.url == "https://plus.google.com/+ExampleTrust/posts/AbC"
    assert (answer.direction, answer.text, answer.thread_id) == ("outbound", "Thank you", comment.thread_id)
    assert reading.archived
    assert "closed in 2019" in (comment.may_not_reply or "")


def test_names_are_asked_about_and_can_be_left_out() -> None:
    content = archive(POST)
    look = ARCHIVE.look(a_file(content), {})
    assert set(asked(look)) == {"names"}
    assert look.says == "An archive of Google+ with 1 posts and 2 comments."

    comment, answer = items(read(content, names="drop"))

    assert (comment.author.screen_name, comment.author.remote_id) == ("Anonymous", None)
    assert answer.author.screen_name == "Example Trust", "the page is nobody's private name"


@pytest.mark.parametrize(
    ("acl", "public"),
    [
        ({"isPublic": True}, True),
        ({"visibleToStandardAcl": {"circles": [{"type": "CIRCLE_TYPE_PUBLIC"}]}}, True),
        ({"visibleToStandardAcl": {"circles": [{"type": "CIRCLE_TYPE_YOUR_CIRCLES"}, None]}}, False),
        ({"communityAcl": {}}, False),
        (None, False),
        ("public", False),
    ],
)
def test_only_public_posts_are_taken_unless_somebody_says_otherwise(acl: Any, public: bool) -> None:
    content = archive({**POST, "postAcl": acl})

    assert bool(items(read(content))) is public
    assert len(items(read(content, private="take"))) == 2


def test_a_post_under_which_only_the_page_wrote_is_no_feedback() -> None:
    assert items(read(archive({**POST, "comments": POST["comments"][1:]}))) == []


def test_what_has_no_name_of_its_own_is_known_again_by_its_words() -> None:
    bare = {name: value for name, value in POST["comments"][0].items() if name != "resourceName"}
    content = archive({**POST, "comments": [bare, {**bare, "content": "Another"}]})

    once, again = [[item.remote_id for item in items(read(content))] for _ in range(2)]

    assert once == again
    assert len(set(once)) == 2


@pytest.mark.parametrize(
    ("comment", "reason"),
    [
        ({"content": "No time"}, "when it was written"),
        ({"creationTime": "2014-03-05 12:01:00+0000", "content": ""}, "no words"),
        ({"creationTime": 5, "content": ["x"]}, "when it was written"),
        ({"creationTime": "2014-03-05 12:01:00:+0000", "content": "Colon"}, ""),
        ({"creationTime": "2014-03-05 12:01:00Z", "content": "Zulu", "author": "nobody"}, ""),
    ],
)
def test_any_key_may_be_missing_or_of_another_type(comment: dict[str, Any], reason: str) -> None:
    reading = read(archive({**POST, "comments": [comment, None, "text", 7]}))

    (row,) = reading.rows
    assert (row.item is None) == bool(reason)
    assert reason in row.reason


def test_other_files_are_passed_over_and_broken_ones_named() -> None:
    content = archive(
        POST,
        Takeout__ActivityLog__Comments="[]",
        **{"Takeout__broken.json": "{nope", "Takeout__list.json": "[1]", "..__..__etc__passwd": "root"},
    )

    reading = read(content)

    assert len(items(reading)) == 2
    assert [(row.place, row.reason) for row in reading.rows if not row.item] == [("broken.json", "It is no JSON.")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda: as_zip({"Takeout/photo.jpg": "x"}), "no Google\\+ posts"),
        (lambda: b"nonsense", "damaged"),
        (lambda: as_zip({"x.json": b" " * 200_000_000}), "packed so tightly"),
        (lambda: as_zip({f"{number}.json": "" for number in range(20_001)}), "20,001 files"),
    ],
    ids=["photographs", "nonsense", "packed tightly", "very many files"],
)
def test_what_is_no_archive_or_made_to_do_harm_is_refused(content: Callable[[], bytes], reason: str) -> None:
    with pytest.raises(NotImported, match=reason):
        ARCHIVE.look(a_file(content(), "takeout.zip"), {})


def test_deeply_nested_json_blocks_nobody() -> None:
    content = archive(POST, **{"deep.json": "[" * 200_000})
    assert len(items(read(content))) == 2


def test_nobody_can_be_answered_and_for_real_there_is_nothing_to_ask() -> None:
    provider = answering({})
    connector = connectors(provider).get("google_plus")
    target = ReplyTarget("1", "1", None, None, {}, None)

    assert "closed in 2019" in connector.may_reply(access(), target).reason
    assert connector.backfill(access(page="x"), SINCE, None).more is False
    assert (connector.capabilities.connect, connector.capabilities.backfills) == ("here", False)
    assert registry.endpoints(None).google_plus is None
    assert provider.asked == []


def test_the_api_that_was_is_walked_to_its_end_where_it_is_imitated(sandbox: Sandbox) -> None:
    connector = built(sandbox).get("google_plus")
    where = {"handle": "walked-trust"}
    texts = [f"Comment number {number} & more" for number in range(130)]
    ids = sandbox.corpus("google_plus", where, texts)
    (found,) = connector.link(Access({"page": "Walked-Trust"})).found
    cursor, read_items, pages = None, [], 0
    while True:
        page = connector.backfill(Access(found.listing.config), SINCE, cursor)
        read_items += list(page.items)
        cursor, pages = page.cursor, pages + 1
        assert pages < 50, "an empty page is the end, whatever token it carries"
        if not page.more:
            break

    inbound = [item for item in read_items if item.direction == "inbound"]
    assert {item.remote_id for item in inbound} == set(ids)
    assert len(inbound) == len(ids)
    assert {item.text for item in inbound} == set(texts)
    assert all(item.title.startswith("On the post “Tell us about your visit in") for item in inbound)
    with pytest.raises(NotLinked):
        connector.link(Access({"page": "!"}))


@pytest.mark.parametrize("form", ["json", "html"])
def test_the_archive_of_the_sandbox_holds_every_comment(sandbox: Sandbox, form: str) -> None:
    place = f"archived-{form}"
    sandbox.corpus("google_plus", {"handle": place}, ["First <b>words</b>", "Second\nline", "Third"])

    content = sandbox.http.get(f"/google_plus/takeout/{place}.zip", params={"format": form}).content
    look = ARCHIVE.look(a_file(content), {})

    assert ("in HTML, which we can read only in part" in look.says) == (form == "html")
    assert {item.text for item in items(read(content))} == {"First <b>words</b>", "Second\nline", "Third"}
