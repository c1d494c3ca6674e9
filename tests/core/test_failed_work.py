"""What fails is counted, told apart from a database that is away, and said to whoever waits for it."""

from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.exc import DataError, OperationalError

from healthberry.core import failed_work, replies, scope
from healthberry.core.failed_work import STOP_AFTER, Piece
from healthberry.extensions import db
from healthberry.jobs import failures
from healthberry.models.owned import new_id, now
from healthberry.models.processes import FailedWork
from healthberry.models.replies import Reply
from tests.world import World


def _row(piece: Piece) -> FailedWork:
    scope.enter(piece.organisation_id)
    return db.session.scalars(select(FailedWork).where(FailedWork.subject_id == piece.subject_id)).one()


def test_pauses_grow_from_half_a_minute_to_an_hour_and_the_eighth_failure_stops_it(world: World) -> None:
    piece = Piece("poll", world.organisation().id, new_id())
    pauses = []
    for _ in range(STOP_AFTER):
        failures.note(piece, "KeyError")
        row = _row(piece)
        pauses.append(round((row.next_at - row.last_at).total_seconds()))
        assert (row.stopped_at is not None) is (row.failures == STOP_AFTER)

    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600]
    assert failed_work.standing(piece) == "held"
    assert failed_work.held() == {("poll", str(piece.organisation_id), str(piece.subject_id))}


def test_the_operator_sees_all_organisations_and_one_organisation_nothing_of_another(world: World) -> None:
    ours, theirs = world.organisation(), world.organisation()
    for organisation in (ours, theirs):
        failures.note(Piece("poll", organisation.id, new_id()), "KeyError")

    assert {one.organisation for one in failed_work.listed()} == {ours.name, theirs.name}
    scope.enter(ours.id)
    assert db.session.scalars(select(FailedWork.organisation_id)).all() == [ours.id]


def test_what_an_older_release_stopped_is_released_once(world: World) -> None:
    piece = Piece("poll", world.organisation().id, new_id())
    for _ in range(STOP_AFTER):
        failures.note(piece, "KeyError")

    assert failed_work.release_for("0.0.2") == 1
    db.session.commit()
    assert failed_work.standing(piece) == "failed"
    assert failed_work.release_for("0.0.2") == 0


def test_a_reply_that_is_stopped_says_so_to_whoever_wrote_it(world: World) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    (conversation,) = world.arrives(world.channel(organisation, "x", account="cedar"), world.item())
    reply = replies.queue_reply(member, conversation, "Thank you.", 1)
    db.session.commit()
    ids: tuple[UUID, UUID] = (organisation.id, reply.id)
    for _ in range(STOP_AFTER - 1):
        failures.note(Piece("send_reply", *ids), "KeyError")
    assert db.session.get_one(Reply, ids).reason == ""

    failures.note(Piece("send_reply", *ids), "KeyError")

    scope.enter(organisation.id)
    assert "wrong on our side" in db.session.get_one(Reply, ids).reason


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (KeyError("x"), True),
        (DataError("", None, psycopg.errors.NumericValueOutOfRange()), True),
        (OperationalError("", None, psycopg.errors.QueryCanceled()), True),
        (OperationalError("", None, psycopg.errors.AdminShutdown()), False),
        (OperationalError("", None, psycopg.errors.TooManyConnections()), False),
        (OperationalError("", None, psycopg.OperationalError("connection refused")), False),
    ],
    ids=["ours", "data", "too slow", "shutting down", "no room", "away"],
)
def test_a_database_that_is_away_is_nobodys_failure(error: Exception, counts: bool) -> None:
    assert failures.is_of_the_work(error) is counts


def test_a_second_try_begins_at_once_and_is_the_only_one(world: World) -> None:
    piece = Piece("poll", world.organisation().id, new_id())
    for _ in range(STOP_AFTER):
        failures.note(piece, "KeyError")

    assert failed_work.retry() == [piece]
    db.session.commit()
    assert failed_work.standing(piece) == "failed"
    failures.note(piece, "KeyError")
    assert _row(piece).stopped_at is not None


def test_what_was_not_tried_for_half_an_hour_though_it_could_have_been_is_forgotten(world: World) -> None:
    old, young, stopped = (Piece("send_mail", world.organisation().id, new_id()) for _ in range(3))
    for piece in (old, young, stopped):
        failures.note(piece, "Killed")
        row = _row(piece)
        row.next_at -= timedelta(minutes=31 if piece != young else 29)
        row.stopped_at = now() if piece == stopped else None
        db.session.commit()
    failed_work.forget_old()
    db.session.commit()
    assert {one.subject_id for one in failed_work.listed()} == {young.subject_id, stopped.subject_id}
