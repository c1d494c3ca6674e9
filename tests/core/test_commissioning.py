"""What a commissioner is shown of its providers: figures as they may be said, what is published, and nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from healthberry import cli
from healthberry.connectors.base import Author
from healthberry.core import (
    audit_log,
    commissioning,
    commissioning_said,
    concerns,
    conversations,
    drafts,
    members,
    replies,
    roles,
    scope,
)
from healthberry.core.errors import Invalid, NotAllowed, NotFound
from healthberry.extensions import db, part
from healthberry.local.postgres import Database
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from healthberry.settings import Settings
from tests.environment import environment_of
from tests.world import World

# Board, its part, and who stands below them; another board.
REGISTER = {
    "QQ1": ("icb", None),
    "QQ1S": ("sub_icb", "QQ1"),
    "GP1": ("gp_practice", "QQ1S"),
    "TR1": ("trust", "QQ1"),
    "QQ2": ("icb", None),
    "GP2": ("gp_practice", "QQ2"),
}
HIDDEN = ("zebra", "Zora", "Marigold")


@pytest.fixture(autouse=True)
def register(database: Database) -> Iterator[None]:
    """Fill the register with these few, and empty it again."""
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        for code, (kind, parent) in REGISTER.items():
            connection.execute(
                "INSERT INTO providers (ods_code, name, kind, parent_code, nation, former_names, short_names,"
                " predecessor_codes, successor_codes, source, source_as_of, weight, name_key, other_keys, document)"
                " VALUES (%s, %s, %s, %s, 'England', '{}', '{}', '{}', '{}', 'etr', '2026-07-01', 1, 'x', '{}', '')",
                (code, f"Register {code}", kind, parent),
            )
        yield
        connection.execute("DELETE FROM providers WHERE name LIKE 'Register %'")


@dataclass
class Region:
    """A board with a commissioner in it, and a practice below it with feedback of every sort."""

    board: Member
    practice: Organisation
    admin: Member
    channel: Channel
    shown: UUID


@pytest.fixture
def region(world: World) -> Region:
    icb = world.organisation(ods_code="QQ1", name="Hill ICB", kind="icb")
    board = world.member(icb, role="commissioner", name="Bo Board")
    practice = world.organisation(ods_code="GP1", name="Cedar Surgery")
    admin = world.member(practice, name="Zora Admin")
    channel = world.channel(practice, "bluesky", account="@cedar")

    def arrives(text: str, **fields: object) -> UUID:
        (made,) = world.arrives(channel, world.item(text, author=Author("m", "Marigold"), **fields))
        return made

    shown = arrives("A lion story", title="A lion", url="https://example.org/lion", service_name="Main site")
    conversations.add_note(admin, shown, "A zebra note")
    drafts.save(admin, shown, "A zebra draft", 1)
    reply = replies.queue_reply(admin, shown, "A zebra reply that is not out.", 1)
    reply.state = "failed"
    opening = db.session.scalars(select(Message).where(Message.conversation_id == shown)).one()
    copied = {"conversation_id": shown, "channel_id": channel.id, "posted_at": now(), "member_id": admin.id}
    values = {**copied, "direction": "outbound", "screen_name": "Zora Admin"}
    db.session.add_all(
        [
            Message(organisation_id=practice.id, remote_id="o1", text="We feed the lion.", **values),
            Message(organisation_id=practice.id, remote_id="o2", text="zebra", source={"private": True}, **values),
            Message(organisation_id=practice.id, remote_id="o3", text="zebra", withdrawn_at=now(), **values),
        ]
    )
    db.session.get_one(Conversation, (practice.id, shown)).replied = True
    concerns.mark(admin, arrives("A restricted zebra"), "staff")
    arrives("A private zebra", source={"private": True})
    conversations.set_aside(admin, arrives("A zebra that is noise"))
    for name, value in (("withdrawn", True), ("erased_at", now()), ("expired_at", now())):
        gone = db.session.get_one(Conversation, (practice.id, arrives("A zebra that is gone")))
        setattr(gone, name, value)
    world.arrives(world.channel(practice, "email", remote_id="m"), world.item("A zebra letter"))
    assert opening.text == "A lion story"
    db.session.commit()
    scope.enter(icb.id)
    return Region(board, practice, admin, channel, shown)


def _as(member: Member) -> Member:
    organisation_id, member_id = member.organisation_id, member.id
    scope.enter(organisation_id)
    return members.find_present(organisation_id, member_id)


def test_a_board_sees_who_stands_below_it_in_the_register_and_has_proved_to(world: World, region: Region) -> None:
    world.member(world.organisation(ods_code="TR1", name="Ash Trust", kind="trust"))
    world.member(world.organisation(ods_code="GP2", name="Far Surgery"))
    world.member(world.organisation(ods_code="QQ1S", name="Hill Part", kind="sub_icb"), level=1)
    world.member(world.organisation(ods_code=None, name="Typed by hand", listed=False))

    assert [one.name for one in commissioning.providers(_as(region.board))] == ["Ash Trust", "Cedar Surgery"]
    assert commissioning.commissioners(_as(region.admin)) == ["Hill ICB"]


def test_published_words_and_published_answers_come_through_and_nothing_else(region: Region) -> None:
    page = commissioning.published(_as(region.board), region.practice.id)

    (one,) = page.found
    assert (one.id, one.channel_kind, one.service_name) == (region.shown, "bluesky", "Main site")
    assert [(said.direction, said.title, said.words, said.url) for said in one.said] == [
        ("inbound", "A lion", "A lion story", "https://example.org/lion"),
        ("outbound", "", "We feed the lion.", "https://example.org/lion"),
    ]
    assert all(type(said.posted_on) is date for said in one.said)
    assert not any(words in repr(page) for words in HIDDEN)


def test_figures_are_rounded_and_small_numbers_are_not_said(world: World, region: Region) -> None:
    _as(region.admin)
    earlier = now() - timedelta(days=62)
    items = [world.item(f"Lion {n}", posted_at=earlier) for n in range(22)]
    ids = world.arrives(region.channel, *items, backfill=True)
    for one in ids[:9]:
        db.session.get_one(Conversation, (region.practice.id, one)).replied = True
    world.arrives(region.channel, world.item("Too old", posted_at=now() - timedelta(days=500)), backfill=True)
    db.session.commit()

    found = commissioning.figures(_as(region.board), region.practice.id)
    told = {(one.month, one.channel_kind): (one.items, one.answered, one.share) for one in found}

    past, present = earlier.date().replace(day=1), max(one.month for one in found if one.month)
    assert told[None, None] == (25, 10, 40)
    assert told[past, "bluesky"] == told[past, None] == (20, 10, 50)
    assert told[present, "bluesky"] == told[present, "email"] == (None, None, None)
    assert told[None, "email"] == (None, None, None)
    assert min(one.month for one in found if one.month) == past


def test_nobody_else_is_shown_anything(world: World, region: Region, database: Database) -> None:
    other_board = world.member(world.organisation(ods_code="QQ2", name="Dale ICB", kind="icb"))
    claimant = world.member(world.organisation(ods_code=None, name="Hill ICB", kind="icb", listed=False))
    neighbour = world.member(world.organisation(ods_code="GP2", name="Far Surgery"))
    for member in (other_board, claimant, neighbour, region.admin):
        for ask in (commissioning.provider, commissioning.figures, commissioning.published):
            with pytest.raises(NotFound):
                ask(_as(member), region.practice.id)
    for fields in ({"level": 1, "role": "commissioner"}, {"level": 1}):
        with pytest.raises(NotAllowed):
            commissioning.providers(world.member(world.organisation(), **fields))

    # Beneath the core: the functions themselves, and every owned table, as the board's own transaction sees them.
    with psycopg.connect(database.app_url) as connection:
        for who, count in ((other_board.organisation_id, 0), (None, 0), (region.board.organisation_id, 2)):
            connection.execute("SELECT set_config('app.organisation_id', %s, true)", (str(who or ""),))
            arguments = (region.practice.id,)
            words = connection.execute("SELECT * FROM commissioned_words(%s, NULL, NULL, 99)", arguments).fetchall()
            figures = connection.execute("SELECT * FROM commissioned_figures(%s)", arguments).fetchall()
            assert (len(words), bool(figures)) == (count, bool(count))
        for table in ("conversations", "messages", "notes", "drafts", "replies", "members", "audit_entries"):
            seen = connection.execute(
                f"SELECT count(*) FROM {table} WHERE organisation_id = %s",  # noqa: S608
                arguments,
            ).fetchone()
            assert seen == (0,), table
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(
                "INSERT INTO commissioned VALUES (%s, %s, true, now())",
                (neighbour.organisation_id, region.board.organisation_id),
            )


def test_the_operator_says_what_the_register_does_not_and_both_read_it_in_their_logs(
    world: World, region: Region
) -> None:
    world.member(world.organisation(ods_code="GP2", name="Far Surgery"))

    assert commissioning_said.say("GP2", "QQ1", True) == "Hill ICB now commissions Far Surgery."
    db.session.commit()
    assert [one.name for one in commissioning.providers(_as(region.board))] == ["Cedar Surgery", "Far Surgery"]
    commissioning_said.say("GP1", "QQ1", False)
    db.session.commit()
    assert [one.name for one in commissioning.providers(_as(region.board))] == ["Far Surgery"]
    assert commissioning.commissioners(_as(region.admin)) == []
    assert commissioning_said.listed() == [
        "Hill ICB (QQ1) commissions Far Surgery (GP2)",
        "Hill ICB (QQ1) does not commission Cedar Surgery (GP1)",
    ]
    commissioning_said.say("GP1", "QQ1", None)
    db.session.commit()
    assert commissioning.commissioners(_as(region.admin)) == ["Hill ICB"]
    entries = audit_log.page(_as(region.admin), audit_log.Wanted(what="commissioning_said")).entries
    assert [(one.actor, one.details["is_so"]) for one in entries] == [("operator", None), ("operator", False)]
    for codes in (("GP1", "GP1"), ("NOPE", "QQ1")):
        with pytest.raises(Invalid):
            commissioning_said.say(*codes, True)


def test_the_command_says_it_and_lists_it_and_names_what_is_wrong(
    world: World, region: Region, settings: Settings
) -> None:
    world.member(world.organisation(ods_code="GP2", name="Far Surgery"))
    scope.leave()
    runner = CliRunner(env=environment_of(settings))

    def run(*arguments: str) -> tuple[int, str]:
        answer = runner.invoke(cli.commands, ["commissioners", *arguments])
        return answer.exit_code, answer.output.strip()

    assert run() == (0, "Nothing beside the register.")
    assert run("say", "gp2", "QQ1") == (0, "Hill ICB now commissions Far Surgery.")
    assert run("say", "GP1", "QQ1", "--not") == (0, "Hill ICB does not commission Cedar Surgery.")
    assert "Hill ICB (QQ1) commissions Far Surgery (GP2)" in run()[1]
    assert run("say", "GP2", "QQ1", "--forget") == (0, "Hill ICB commissions Far Surgery only if the register says so.")
    assert run("say", "XX", "QQ1") == (1, "Error: No organisation with the code XX has signed up.")


def test_a_board_that_was_merged_away_is_shown_nothing(region: Region, database: Database) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute("UPDATE providers SET closed_on = '2026-04-01' WHERE ods_code = 'QQ1'")

    with pytest.raises(NotFound):
        commissioning.providers(_as(region.board))


def test_a_commissioner_reads_nothing_of_their_own_organisation_and_the_role_is_a_boards_alone(
    world: World, region: Region
) -> None:
    board_admin = world.member(db.session.get_one(Organisation, region.board.organisation_id))
    channel = world.channel(db.session.get_one(Organisation, region.board.organisation_id), "bluesky")
    colleague = world.member(db.session.get_one(Organisation, region.board.organisation_id), role="viewer")
    assert roles.change_role(board_admin, colleague.id, "commissioner").role == "commissioner"
    world.arrives(channel, world.item("For the board"))
    told = db.session.scalars(db.text("SELECT member_id FROM outbox_mails")).all()
    assert set(told) == {board_admin.id}

    partner = world.member(region.practice, role="viewer")
    with pytest.raises(Invalid, match="Choose a role"):
        roles.change_role(_as(region.admin), partner.id, "commissioner")


def test_older_words_come_page_by_page(world: World, region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    _as(region.admin)
    items = [world.item(f"Lion {n}", posted_at=now() - timedelta(days=n + 1)) for n in range(25)]
    world.arrives(region.channel, *items, backfill=True)
    db.session.commit()

    board = _as(region.board)
    first = commissioning.published(board, region.practice.id)
    second = commissioning.published(board, region.practice.id, first.next)

    assert (len(first.found), len(second.found), second.next) == (20, 6, "")
    assert len({one.id for one in (*first.found, *second.found)}) == 26


def test_what_counts_as_published_is_what_the_kinds_of_channels_say(region: Region, database: Database) -> None:
    with psycopg.connect(database.owner_url) as connection:
        (source,) = connection.execute(
            "SELECT prosrc FROM pg_proc WHERE proname = 'commissioned_words'"
        ).fetchone() or ("",)
    kinds = {one.kind: one.capabilities for one in part("connectors")}
    # Nobody knows whether what a webhook brings was ever published; what Google+ showed is gone.
    unsure = {"webhook", "google_plus"}

    for kind, about in kinds.items():
        assert (f"'{kind}'" in source) == (not about.private and kind not in unsure), kind
    assert {"nhsuk", "x", "email", "fft"} <= kinds.keys()
