"""The list: what a member sees, in which order, and what the search finds."""

from datetime import timedelta

import pytest

from healthberry.core import conversations, inbox, inbox_standing
from healthberry.core.inbox import View
from healthberry.core.narrowing import narrowing
from healthberry.extensions import db
from healthberry.models.owned import now
from tests.world import World, moments_ago


def _titles(page: inbox.ListPage) -> list[str]:
    return [row.first_words for row in page.rows]


def test_newest_activity_comes_first_and_pages_neither_repeat_nor_skip(world: World) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    channel = world.channel(organisation, backfill_state="running", created_at=now())
    items = [world.item(f"{number:02}", posted_at=now() - timedelta(days=number)) for number in range(25)]
    world.arrives(channel, *items, backfill=True)

    seen, cursor = [], ""
    while True:
        page = inbox.list_conversations(member, View(), cursor, limit=10)
        seen += _titles(page)
        cursor = page.next
        if not cursor:
            break

    assert seen == [f"{number:02}" for number in range(25)]


def test_filters_narrow_the_list(world: World) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    nhs = world.channel(organisation, "nhsuk")
    other = world.channel(organisation, "careopinion")
    (first,) = world.arrives(nhs, world.item("A review", service_code="ZZZ01", service_name="City Hospital"))
    (second,) = world.arrives(other, world.item("A story"))
    conversations.assign(member, first, member.id)
    conversations.close(member, second, "answered")
    conversations.mark_read(member, first)
    db.session.commit()

    assert _titles(inbox.list_conversations(member, View())) == ["A review"]
    assert _titles(inbox.list_conversations(member, View(status="closed"))) == ["A story"]
    assert _titles(inbox.list_conversations(member, View(status="all", channel="careopinion"))) == ["A story"]
    assert _titles(inbox.list_conversations(member, View(assigned="me"))) == ["A review"]
    assert _titles(inbox.list_conversations(member, View(status="all", assigned="nobody"))) == ["A story"]
    assert _titles(inbox.list_conversations(member, View(status="all", unread=True))) == ["A story"]
    assert _titles(inbox.list_conversations(member, View(service="ZZZ01"))) == ["A review"]
    assert narrowing(member).services == [("ZZZ01", "City Hospital")]


def test_the_search_knows_word_forms_marks_hits_and_keeps_to_filters(world: World) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    channel = world.channel(organisation)
    world.arrives(channel, world.item("The nurses were lovely", title="Birth"), world.item("Parking was awful"))

    page = inbox.list_conversations(member, View(q="nurse"))
    hits = [words for words, is_hit in page.rows[0].snippet or () if is_hit]

    assert _titles(page) == ["The nurses were lovely"]
    assert hits == ["nurses"]
    assert _titles(inbox.list_conversations(member, View(q="nurse", channel="x"))) == []
    assert _titles(inbox.list_conversations(member, View(q="parking", status="closed"))) == []


@pytest.mark.parametrize("words", ["'", "a & | !", "((", "\x00", "the", "-", "🙂", "x" * 5000, "Ω" * 300])
def test_odd_search_words_find_nothing_and_break_nothing(world: World, words: str) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    world.arrives(world.channel(organisation), world.item())

    assert (
        inbox.list_conversations(member, View.from_args({"q": words})).rows == [] or not View.from_args({"q": words}).q
    )


def test_a_search_with_very_many_hits_pages_through_all_of_them(world: World) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    channel = world.channel(organisation, backfill_state="running", created_at=now())
    items = [
        world.item("The staff were kind", posted_at=now() - timedelta(minutes=number + 1)) for number in range(1700)
    ]
    world.arrives(channel, *items, backfill=True)

    seen: set[object] = set()
    cursor, pages = "", 0
    while pages == 0 or cursor:
        page = inbox.list_conversations(member, View(q="staff"), cursor, limit=400)
        seen |= {row.id for row in page.rows}
        cursor, pages = page.next, pages + 1

    assert len(seen) == 1700
    assert pages == 5


def test_a_row_says_whether_it_still_belongs_to_the_view(world: World) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    (conversation,) = world.arrives(world.channel(organisation), world.item("We thank the midwife"))

    def belongs(view: View) -> bool:
        found = inbox_standing.row_of(member, view, conversation)
        assert found is not None
        return found[1]

    assert belongs(View())
    assert belongs(View(q="thanked"))
    assert not belongs(View(q="parking"))
    assert not belongs(View(status="closed"))
    conversations.close(member, conversation, "spam")
    assert not belongs(View())


def test_neighbours_are_the_rows_above_and_below(world: World) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    channel = world.channel(organisation)
    ids = [world.arrives(channel, world.item(f"Item {number}"))[0] for number in range(3)]

    assert inbox.neighbours(member, View(), ids[1]) == (ids[2], ids[0])
    assert inbox.neighbours(member, View(), ids[2]) == (None, ids[1])


@pytest.mark.parametrize("many", [0, 1600])
def test_neighbours_within_a_search_are_the_hits_above_and_below(world: World, many: int) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    channel = world.channel(organisation)
    world.arrives(channel, *[world.item("An old word on parking", posted_at=moments_ago(days=9)) for _ in range(many)])
    ids = [world.arrives(channel, world.item(f"{what}"))[0] for what in ("Parking", "Nurses", "Parked", "No park")]
    found = View(q="parking")

    assert inbox.neighbours(member, found, ids[2]) == (ids[3], ids[0])
    assert inbox.neighbours(member, found, ids[3]) == (None, ids[2])
    if not many:
        assert inbox.neighbours(member, found, ids[0]) == (ids[2], None)


@pytest.mark.parametrize(
    ("args", "status", "again"),
    [
        ({}, "open", {}),
        ({"q": "nurse"}, "all", {"q": "nurse"}),
        ({"q": "nurse", "status": "open"}, "open", {"q": "nurse", "status": "open"}),
        ({"q": " "}, "open", {}),
        ({"status": "all"}, "all", {"status": "all"}),
        ({"q": "nurse", "status": "nonsense"}, "all", {"q": "nurse"}),
    ],
)
def test_a_search_is_for_everything_unless_a_status_is_chosen(
    args: dict[str, str], status: str, again: dict[str, str]
) -> None:
    view = View.from_args(args)
    assert view.status == status
    assert view.to_args() == again
    assert View.from_args(again) == view


def test_level_one_sees_no_colleague_in_a_row(world: World) -> None:
    organisation = world.organisation()
    boss = world.member(organisation)
    newcomer = world.member(organisation, level=1, role="responder")
    (conversation,) = world.arrives(world.channel(organisation), world.item())
    conversations.assign(boss, conversation, boss.id)

    row = inbox.list_conversations(newcomer, View()).rows[0]

    assert (row.assignee_id, row.assignee_name) == (None, None)


def test_a_cursor_that_was_not_made_here_is_the_beginning(world: World) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    world.arrives(world.channel(organisation), world.item("One"))

    assert _titles(inbox.list_conversations(member, View(), "nonsense")) == ["One"]


def test_the_first_hit_is_shown_however_deep_in_a_long_story_it_stands(world: World) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    world.arrives(
        world.channel(organisation), world.item("word " * 900 + "then the NURSES came <b>running</b> " + "on " * 90)
    )

    snippet = inbox.list_conversations(member, View(q="nurse")).rows[0].snippet or ()

    assert ("NURSES", True) in snippet
    assert len("".join(words for words, _ in snippet)) < 400
