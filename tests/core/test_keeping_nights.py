"""What a night lets go of, what it reports, and how a night shows that failed or was missed."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from healthberry.connectors.base import BadItem, Delivery
from healthberry.connectors.imports import FileReading, ReadRow
from healthberry.core import (
    conversations,
    drafts,
    events,
    import_checks,
    keeping,
    keeping_nights,
    keeping_steps,
    pushes,
    quarantine,
    sessions,
)
from healthberry.core.errors import Invalid
from healthberry.core.keeping_nights import Night
from healthberry.core.keeping_table import ACTIVITIES, DELIVERIES, DRAFTS, MAILS, NOTES, PIECES, REPLIES, SESSIONS
from healthberry.extensions import db
from healthberry.jobs import keeping as jobs
from healthberry.jobs import maintenance
from healthberry.models.activities import Activity, Note
from healthberry.models.channels import Channel, QuarantinedItem
from healthberry.models.conversations import Conversation, Message
from healthberry.models.keeping import KeepingNight
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from healthberry.models.pushes import PushDelivery
from healthberry.models.replies import Draft, MailCause, OutboxMail, Reply
from healthberry.models.sign_in import MemberSession
from tests.worked import run_jobs
from tests.world import World


@pytest.fixture
def member(world: World) -> Member:
    return world.member(world.organisation(created_at=now() - timedelta(days=3)))


@pytest.fixture
def channel(world: World, member: Member) -> Channel:
    return world.channel(db.session.get_one(Organisation, member.organisation_id), "careopinion")


def _count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def _older(model: Any, column: Any, days: int) -> None:
    db.session.execute(update(model).values({column: now() - timedelta(days=days + 1)}))
    db.session.commit()


def _tonight(member: Member) -> UUID:
    keeping_nights.begin()
    db.session.commit()
    mine = select(KeepingNight.id).where(
        KeepingNight.organisation_id == member.organisation_id, KeepingNight.night == now().date()
    )
    return db.session.scalars(mine).one()


def _night(member: Member) -> Night:
    jobs.let_go(str(member.organisation_id), str(_tonight(member)))
    db.session.expire_all()
    return keeping_nights.nights(member)[0]


def test_a_night_lets_go_of_what_is_too_old_and_says_how_much(world: World, member: Member, channel: Channel) -> None:
    (one,) = world.arrives(channel, world.item("They were kind."))
    conversations.add_note(member, one, "Ask the ward.")
    drafts.save(member, one, "Thank you", 1)
    quarantine.keep(channel, [BadItem("{", "Broken.")])
    pushes.keep(channel.organisation_id, channel.id, [Delivery("{}", "1", "a")])
    db.session.commit()
    _older(Note, "created_at", NOTES.days)
    _older(Draft, "saved_at", DRAFTS.days)
    _older(QuarantinedItem, "received_at", PIECES.days)
    _older(PushDelivery, "received_at", DELIVERIES.days)
    sessions.begin(member, "A browser", proven_at=now())
    sessions.begin(member, "A browser", proven_at=now())
    db.session.commit()
    first = db.session.scalars(select(MemberSession.id).limit(1)).one()
    long_ago = now() - timedelta(days=SESSIONS.days, hours=1)
    db.session.execute(update(MemberSession).where(MemberSession.id == first).values(used_at=long_ago))
    db.session.execute(update(OutboxMail).values(state="sent"))
    _older(OutboxMail, "queued_at", MAILS.days)

    night = _night(member)

    assert (night.state, night.reason) == ("done", "")
    assert list(night.let_go) == [
        "1 note",
        "1 draft",
        "1 alert e-mail's record",
        "1 piece that could not be read",
        "1 delivery not read yet",
        "1 sign-in",
    ]
    assert _count(MemberSession) == 1
    assert [_count(model) for model in (Note, Draft, QuarantinedItem, PushDelivery, OutboxMail)] == [0] * 5
    db.session.refresh(channel)
    assert channel.items_quarantined == 0
    assert db.session.scalars(select(Message.text)).all() == ["They were kind."]


def test_what_is_younger_stays(world: World, member: Member, channel: Channel) -> None:
    (one,) = world.arrives(channel, world.item())
    conversations.add_note(member, one, "Ask the ward.")
    drafts.save(member, one, "Thank you", 1)
    db.session.commit()
    _older(Note, "created_at", NOTES.days - 2)
    _older(Draft, "saved_at", DRAFTS.days - 2)
    _older(OutboxMail, "queued_at", MAILS.days + 1)  # still to be sent

    assert list(_night(member).let_go) == []
    assert [_count(model) for model in (Note, Draft, OutboxMail)] == [1, 1, 1]


def test_the_texts_of_finished_replies_go_and_the_published_answer_stays(
    world: World, member: Member, channel: Channel
) -> None:
    for state in ("sent", "failed", "queued"):
        item = world.item()
        (one,) = world.arrives(channel, item)
        target = db.session.scalars(select(Message).where(Message.conversation_id == one)).one()
        made = {"conversation_id": one, "target_id": target.id, "member_name": "Priya", "mode": "api", "key": state}
        db.session.add(Reply(organisation_id=member.organisation_id, **made, text="Thank you", state=state))
        answer = world.item("Thank you", thread_id=item.thread_id, direction="outbound")
        world.arrives(channel, answer)
    _older(Reply, "queued_at", REPLIES.days)

    assert list(_night(member).let_go) == ["2 texts of finished replies"]

    kept = select(Reply.key, Reply.state, Reply.text).order_by(Reply.id)
    assert [tuple(row) for row in db.session.execute(kept)] == [
        ("sent", "sent", ""),
        ("failed", "cancelled", ""),
        ("queued", "queued", "Thank you"),
    ]
    assert db.session.scalars(select(Message.text).where(Message.direction == "outbound")).all() == ["Thank you"] * 3


def test_the_history_goes_from_its_oldest_end_and_nothing_younger_with_it(member: Member) -> None:
    for kind in ("first", "second", "third"):
        events.record(member.organisation_id, kind, member=member)
    old = now() - timedelta(days=ACTIVITIES.days + 1)
    db.session.execute(update(Activity).where(Activity.kind != "third").values(at=old))
    db.session.commit()

    assert list(_night(member).let_go) == ["2 lines of the history"]
    assert db.session.scalars(select(Activity.kind)).all() == ["third"]


def test_a_mail_about_many_goes_with_all_that_it_told_of(world: World, member: Member, channel: Channel) -> None:
    world.arrives(channel, *(world.item() for _ in range(21)))
    assert (_count(OutboxMail), _count(MailCause)) == (1, 21)
    db.session.execute(update(OutboxMail).values(state="sent"))
    _older(OutboxMail, "queued_at", MAILS.days)

    _night(member)

    assert (_count(OutboxMail), _count(MailCause)) == (0, 0)


def test_a_night_works_in_parts_and_a_second_run_changes_nothing(
    world: World, member: Member, channel: Channel
) -> None:
    (one,) = world.arrives(channel, world.item())
    made = {"organisation_id": member.organisation_id, "conversation_id": one, "member_name": "Priya", "text": "Ward"}
    db.session.add_all([Note(**made) for _ in range(keeping_steps.AT_ONCE + 1)])
    db.session.commit()
    _older(Note, "created_at", NOTES.days)
    where = member.organisation_id, _tonight(member)

    parts = []
    for _ in range(4):
        parts.append((keeping_nights.let_go_part(*where), _count(Note)))
        db.session.commit()

    assert parts == [(True, 1), (True, 0), (False, 0), (False, 0)]
    assert list(keeping_nights.nights(member)[0].let_go) == ["501 notes"]
    assert _night(member).let_go == ["501 notes"], "the same night is not begun twice"


def test_a_night_whose_queue_was_lost_is_found_by_the_sweep(app: Flask, member: Member) -> None:
    _tonight(member)
    db.session.execute(update(Organisation).values(discover_next_at=None))
    db.session.commit()

    maintenance.sweep()
    run_jobs(app)

    db.session.expire_all()
    assert keeping_nights.nights(member)[0].state == "done"


def test_nights_that_nobody_began_show_as_missed(member: Member) -> None:
    night = _night(member)

    shown = keeping_nights.nights(member)

    assert shown[0] == night
    assert [(one.night, one.state) for one in shown[1:]] == [
        (now().date() - timedelta(days=days), "missed") for days in (1, 2)
    ]


def test_a_night_that_stops_in_the_middle_says_so_and_is_given_up_at_last(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = str(member.organisation_id), str(_tonight(member))

    def breaks(organisation_id: UUID) -> int:
        raise RuntimeError("the disk is full")

    monkeypatch.setitem(keeping_steps.STEPS, "notes", breaks)
    said = []
    for _ in range(6):
        db.session.execute(update(KeepingNight).where(KeepingNight.next_at.is_not(None)).values(next_at=now()))
        db.session.commit()
        try:
            jobs.let_go(*where)
        except RuntimeError:
            db.session.expire_all()
            said.append((keeping_nights.nights(member)[0].state, keeping_nights.nights(member)[0].reason))

    assert len(said) == 5
    assert {state for state, _ in said} == {"failed"}
    assert "tried again" in said[0][1]
    assert "given up" in said[-1][1]


def test_a_shorter_time_of_the_organisations_own_holds_from_the_next_night(
    world: World, member: Member, channel: Channel
) -> None:
    world.arrives(channel, world.item("Long ago", experienced="2020-05"), world.item("Just now"))
    assert keeping.would_go(member, "careopinion", 12) == (1, 0)
    keeping.shorten(member, "careopinion", 12)
    db.session.commit()

    assert list(_night(member).let_go) == ["1 conversation's words"]

    assert sorted(db.session.scalars(select(Message.text))) == ["", "Just now"]
    assert world.arrives(channel, world.item("Long ago too", experienced="2020-05")) == []
    assert db.session.scalar(select(func.count()).where(Conversation.expired_at.is_not(None))) == 1


def test_no_organisation_keeps_longer_than_its_source_allows(world: World, member: Member) -> None:
    world.channel(db.session.get_one(Organisation, member.organisation_id), "nhsuk")
    limit = keeping.limit_of(member, "nhsuk")

    assert (limit.days, limit.choices) == (730, [3, 6, 12, 18])
    with pytest.raises(Invalid):
        keeping.shorten(member, "nhsuk", 36)
    assert keeping.shorten(member, "nhsuk", 6)
    assert not keeping.shorten(member, "nhsuk", 6), "a second call changes nothing"
    assert keeping.limit_of(member, "nhsuk").days == 184
    keeping.shorten(member, "nhsuk", None)
    assert keeping.limit_of(member, "nhsuk").days == 730
    told = select(Activity.details).where(Activity.kind == "keeping_changed").order_by(Activity.number)
    assert [details["days"] for details in db.session.scalars(told)] == [184, None]


def test_a_night_whose_call_was_lost_is_made_up_for_later_in_the_day_and_not_before_its_hour(member: Member) -> None:
    early, late = now().replace(hour=1), now().replace(hour=5)
    keeping_nights.make_up(early)
    assert _count(KeepingNight) == 0
    keeping_nights.make_up(late)
    keeping_nights.make_up(late)
    assert _count(KeepingNight) == 1


def test_rows_of_a_file_that_may_not_be_kept_are_shown_as_such_and_stop_nothing(world: World, member: Member) -> None:
    channel = world.channel(db.session.get_one(Organisation, member.organisation_id), "fft")
    keeping.shorten(member, "fft", 12)
    rows = [ReadRow("Row 1", world.item("Old", experienced="2020-05")), ReadRow("Row 2", world.item("New"))]

    checked = import_checks.check(channel, FileReading(rows))

    assert [item.text for item, _ in checked.new] == ["New"]
    assert checked.unusable == [("Row 1", "It is older than what you keep, or was erased on request.")]
