"""Who gets a mail, once; and how a mail moves through the outbox."""

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import update

from healthberry.core import alerts, events, outbox, scope
from healthberry.extensions import db
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from healthberry.models.replies import OutboxMail
from tests.mail.outgoing import outbox_of
from tests.world import World


def queued(world: World) -> tuple[Organisation, OutboxMail]:
    """One member, one new conversation, one mail."""
    organisation = world.organisation()
    world.member(organisation)
    world.arrives(world.channel(organisation), world.item())
    (mail,) = outbox_of(organisation.id)
    return organisation, mail


def test_each_new_conversation_is_one_mail_for_each_member_who_wants_them(world: World) -> None:
    organisation = world.organisation()
    wanting = {world.member(organisation).id, world.member(organisation, level=1).id}
    world.member(organisation, wants_alerts=False)
    world.member(organisation, left_at=now())
    world.member(world.organisation())
    channel = world.channel(organisation)
    new = set(world.arrives(channel, world.item(), world.item()))
    mails = outbox_of(organisation.id)
    assert {(mail.member_id, mail.conversation_id) for mail in mails} == {
        (one, other) for one in wanting for other in new
    }
    assert len({mail.message_id for mail in mails}) == 4


def test_the_same_conversation_is_never_queued_twice_for_one_person(world: World) -> None:
    organisation, mail = queued(world)
    assert mail.conversation_id is not None
    alerts.queue_for_new(organisation.id, [mail.conversation_id])
    events.commit()
    assert [one.id for one in outbox_of(organisation.id)] == [mail.id]


def test_history_and_the_same_page_again_raise_no_alert(world: World) -> None:
    organisation = world.organisation()
    world.member(organisation)
    channel = world.channel(organisation, backfill_state="running")
    world.arrives(channel, world.item(posted_at=now() - timedelta(days=30)), backfill=True)
    assert outbox_of(organisation.id) == []
    item = world.item(posted_at=now())
    world.arrives(channel, item)
    world.arrives(channel, item)
    assert len(outbox_of(organisation.id)) == 1


def test_more_than_twenty_at_once_are_one_mail_and_stay_one_when_queued_again(world: World) -> None:
    organisation = world.organisation()
    world.member(organisation)
    new = world.arrives(world.channel(organisation), *(world.item() for _ in range(21)))
    alerts.queue_for_new(organisation.id, list(reversed(new)))
    events.commit()
    (mail,) = outbox_of(organisation.id)
    assert (mail.kind, mail.conversation_id) == ("many_new", None)


def test_every_queued_mail_is_told_once_committed(world: World, app: Flask) -> None:
    told: list[events.Event] = []
    events.set_subscribers({"mail_queued": [told.append]})
    organisation = world.organisation()
    world.member(organisation)
    world.arrives(world.channel(organisation), world.item())
    assert told == []
    events.commit()
    assert [event.subject_id for event in told] == [mail.id for mail in outbox_of(organisation.id)]


def test_a_mail_is_claimed_by_one_worker_at_a_time(world: World, app: Flask) -> None:
    organisation, mail = queued(world)
    scope.enter(organisation.id)
    assert outbox.claim(organisation.id, mail.id) is not None
    with app.app_context():  # another worker, while the first has not committed
        scope.enter(organisation.id)
        assert outbox.claim(organisation.id, mail.id) is None
    events.commit()
    assert outbox.claim(organisation.id, mail.id) is None
    assert outbox.claim_next(organisation.id) is None


def test_a_mail_whose_sender_died_is_taken_again_after_two_minutes_under_the_same_id(world: World) -> None:
    organisation, mail = queued(world)
    first = outbox.claim(organisation.id, mail.id)
    events.commit()
    assert first is not None
    assert outbox.claim(organisation.id, mail.id, clock=now() + timedelta(seconds=110)) is None
    again = outbox.claim(organisation.id, mail.id, clock=now() + timedelta(seconds=130))
    assert again is not None
    assert (again.message_id, again.attempt) == (first.message_id, 2)


def test_a_mail_that_fails_is_tried_again_later_and_later_then_hourly_for_two_days_and_then_given_up(
    world: World,
) -> None:
    organisation, mail = queued(world)
    at = began = now()
    waits = []
    for _ in range(outbox.MOST_ATTEMPTS):
        claimed = outbox.claim(organisation.id, mail.id, clock=at)
        assert claimed is not None
        outbox.mark_failed(claimed, "The mail server can't be reached.", clock=at)
        events.commit()
        (mail,) = outbox_of(organisation.id)
        waits.append((mail.next_attempt_at - at).total_seconds())
        at = max(at, mail.next_attempt_at)
    assert waits[:6] == [30, 120, 600, 3600, 3600, 3600]
    assert timedelta(days=2) < at - began < timedelta(days=2, hours=1)
    assert (mail.state, mail.reason) == ("failed", "The mail server can't be reached.")
    assert outbox.claim(organisation.id, mail.id, clock=at + timedelta(days=1)) is None


def test_a_mail_whose_senders_keep_dying_is_given_up(world: World) -> None:
    organisation, mail = queued(world)
    at = now()
    for _ in range(outbox.MOST_INTERRUPTIONS):
        assert outbox.claim(organisation.id, mail.id, clock=at) is not None
        events.commit()
        at += timedelta(seconds=outbox.CLAIM_SECONDS)
    assert outbox.claim(organisation.id, mail.id, clock=at) is None
    events.commit()
    (mail,) = outbox_of(organisation.id)
    assert mail.state == "failed"
    assert mail.reason


def test_a_late_failure_does_not_undo_what_a_later_sender_did(world: World) -> None:
    organisation, mail = queued(world)
    slow = outbox.claim(organisation.id, mail.id)
    quick = outbox.claim(organisation.id, mail.id, clock=now() + timedelta(seconds=130))
    assert slow is not None
    assert quick is not None
    outbox.mark_sent(quick)
    outbox.mark_failed(slow, "The mail server did not answer in time.")
    events.commit()
    (mail,) = outbox_of(organisation.id)
    assert (mail.state, mail.reason) == ("sent", "")
    assert mail.sent_at is not None


def test_many_that_were_all_closed_or_taken_down_are_not_told(world: World) -> None:
    organisation = world.organisation()
    world.member(organisation)
    new = world.arrives(world.channel(organisation), *(world.item() for _ in range(21)))
    changes: list[tuple[UUID, dict[str, object]]] = [(new[0], {"withdrawn": True})]
    changes += [(one, {"status": "closed", "closed_reason": "spam"}) for one in new[1:]]
    for one, change in changes:
        db.session.execute(update(Conversation).where(Conversation.id == one).values(**change))
    claimed = outbox.claim_next(organisation.id)
    assert claimed is not None
    with pytest.raises(alerts.NotNeeded, match="closed or taken down"):
        alerts.load(claimed)


REASONS = {
    "left": (Member, {"left_at": now()}, "They have left the organisation."),
    "turned off": (Member, {"wants_alerts": False}, "They turned these e-mails off."),
    "closed": (
        Conversation,
        {"status": "closed", "closed_reason": "spam"},
        "It was closed before the e-mail went out.",
    ),
    "withdrawn": (Conversation, {"withdrawn": True}, "It was taken down before the e-mail went out."),
}


@pytest.mark.parametrize("case", REASONS.values(), ids=REASONS.keys())
def test_a_mail_that_lost_its_point_before_it_went_out_says_why(
    world: World, case: tuple[type[Member] | type[Conversation], dict[str, object], str]
) -> None:
    table, change, reason = case
    organisation, mail = queued(world)
    db.session.execute(update(table).where(table.organisation_id == organisation.id).values(**change))
    claimed = outbox.claim(organisation.id, mail.id)
    assert claimed is not None
    with pytest.raises(alerts.NotNeeded, match=reason):
        alerts.load(claimed)


def test_nobody_claims_another_organisations_mail(world: World) -> None:
    organisation, mail = queued(world)
    other: UUID = world.organisation().id
    scope.enter(other)
    assert outbox.claim(other, mail.id) is None
    assert outbox.claim(organisation.id, mail.id) is None
