"""Erasing what one author wrote: nothing of it is left in any table."""

import psycopg
import pytest
from sqlalchemy import func, select

from healthberry.connectors.base import Author as Writer
from healthberry.connectors.base import BadItem, Delivery, File
from healthberry.core import (
    alerts,
    answering,
    conversations,
    drafts,
    erasing,
    erasing_work,
    events,
    inbox,
    noise,
    outbox,
    pushes,
    quarantine,
    sending,
    sweep,
    thread,
)
from healthberry.core.errors import Conflict, Invalid, NotAllowed
from healthberry.core.inbox import View
from healthberry.extensions import db
from healthberry.jobs import keeping as jobs
from healthberry.models.activities import Activity, Note
from healthberry.models.channels import Author, Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.keeping import Erasure
from healthberry.models.organisations import Member, Organisation
from healthberry.models.replies import Draft, Reply
from tests.core.erased import AUTHOR, MARK, channel, erase, member, tables_with, writer_of, written
from tests.world import World

__all__ = ["channel", "member"]


def test_no_table_of_the_database_holds_anything_of_an_erased_author(
    world: World, member: Member, channel: Channel, owner: psycopg.Connection
) -> None:
    first = written(world, files=(File(f"{MARK}.jpg", "image/jpeg", b"picture"),))
    one, two = world.arrives(channel, first, written(world, f"{MARK} again"))
    drafts.save(member, one, f"Dear {MARK}", 1)
    noise.block(member, two)
    quarantine.keep(channel, [BadItem(f'{{"by": "{AUTHOR.remote_id}"}}', "Broken."), BadItem("Not theirs", "Broken.")])
    db.session.commit()
    pushes.keep(channel.organisation_id, channel.id, [Delivery(f'{{"handle": "@{MARK}"}}', "1", "a")])
    pushes.keep(channel.organisation_id, channel.id, [Delivery('{"handle": "@wren"}', "2", "a")])
    world.uploaded(channel, member, file_name=f"{MARK}.csv", content=MARK.encode(), outcome={"preview": [MARK]})
    target = answering.target_of(member.organisation_id, two)
    assert target is not None
    made = {"conversation_id": two, "target_id": target.id, "member_name": "Priya", "mode": "api", "key": "k"}
    db.session.add(Reply(organisation_id=member.organisation_id, **made, text=f"Dear {MARK}", state="failed"))
    db.session.commit()
    before = {"attachments", "authors", "conversations", "deliveries", "drafts", "imports", "messages"}
    assert before | {"noise_rules", "quarantined_items", "replies", "search_texts"} <= set(tables_with(owner, MARK))

    erasure = erase(member, one)

    assert tables_with(owner, MARK) == []
    assert erasure.counts == {
        "messages": 2,
        "conversations": 2,
        "files": 3,
        "drafts": 2,
        "mails": 2,
        "pieces": 1,
        "deliveries": 1,
        "uploads": 1,
    }
    assert [row.rating for row in inbox.list_conversations(member, View(status="aside")).rows] == [4, 4]
    assert inbox.list_conversations(member, View(status="all", q=MARK)).rows == []


def test_others_and_other_channels_keep_what_they_have(world: World, member: Member, channel: Channel) -> None:
    mine = written(world)
    comment = world.item("I was there too", thread_id=mine.thread_id, author=Writer("b", "Wren"))
    (one,) = world.arrives(channel, mine, comment)
    other = world.channel(db.session.get_one(Organisation, member.organisation_id), "mastodon")
    (same_name,) = world.arrives(other, written(world, "The same person elsewhere", syndication_key=None))

    erase(member, one)

    said = dict(db.session.execute(select(Message.text, Message.conversation_id).where(Message.text != "")).all())
    assert said == {"I was there too": one, "The same person elsewhere": same_name}
    more = world.item("And I", thread_id=mine.thread_id, author=Writer("c", "Robin"))
    assert world.arrives(channel, more) == [], "it joins its thread"
    assert db.session.scalar(select(func.count()).where(Message.conversation_id == one)) == 3


def test_a_comment_is_erased_and_the_opening_of_another_stays(world: World, member: Member, channel: Channel) -> None:
    opening = world.item("They were kind", author=Writer("b", "Wren"))
    comment = written(world, f"{MARK} says", thread_id=opening.thread_id, in_reply_to=opening.remote_id)
    answer = world.item(
        "To you", thread_id=opening.thread_id, author=Writer("b", "Wren"), in_reply_to=comment.remote_id
    )
    (one,) = world.arrives(channel, opening, comment, answer)

    place = [writer.screen_name for writer in erasing.writers(member, one)].index(f"@{MARK}")
    erasure = erase(member, one, place=place)

    assert erasure.counts["messages"] == 1
    conversation = db.session.get_one(Conversation, (member.organisation_id, one), populate_existing=True)
    assert (conversation.first_words, conversation.erased_at) == ("They were kind", None)
    assert MARK not in str(db.session.scalars(select(Message.in_reply_to)).all())


@pytest.mark.parametrize("answers", [False, True])
def test_our_own_answers_and_notes_go_only_where_that_is_wanted(
    world: World, member: Member, channel: Channel, answers: bool
) -> None:
    mine = written(world)
    (one,) = world.arrives(channel, mine)
    ours = world.item("Dear you", thread_id=mine.thread_id, direction="outbound", title=mine.title)
    world.arrives(channel, ours)
    conversations.add_note(member, one, "Ask the ward.")
    db.session.commit()

    erasure = erase(member, one, answers=answers, notes=answers)

    kept = [] if answers else ["Dear you"]
    assert db.session.scalars(select(Message.text).where(Message.text != "")).all() == kept
    assert db.session.scalars(select(Message.title).where(Message.title != "")).all() == [], "it was their title"
    assert db.session.scalar(select(func.count()).select_from(Note)) == len(kept)
    assert (erasure.counts.get("answers", 0), erasure.counts.get("notes", 0)) == (int(answers), int(answers))
    db.session.refresh(channel)
    world.arrives(channel, ours)
    assert db.session.scalars(select(Message.text).where(Message.text != "")).all() == kept


def test_why_something_was_let_stand_in_a_reply_is_forgotten_and_that_it_was_is_not(
    world: World, member: Member, channel: Channel
) -> None:
    theirs, others = world.arrives(channel, written(world)), world.arrives(channel, world.item())
    for conversation_id in (*theirs, *others):
        said = f"{MARK} agreed."
        events.record(
            channel.organisation_id, "guard_overridden", conversation_id=conversation_id, kinds=["phone"], reason=said
        )
    db.session.commit()
    erase(member, *theirs)
    db.session.expire_all()
    statement = db.select(Activity).filter_by(kind="guard_overridden")
    kept = {one.conversation_id: one.details for one in db.session.scalars(statement)}
    assert kept == {theirs[0]: {"kinds": ["phone"]}, others[0]: {"kinds": ["phone"], "reason": f"{MARK} agreed."}}


def test_who_is_not_named_by_the_channel_is_erased_in_this_conversation_alone(world: World, member: Member) -> None:
    channel = world.channel(db.session.get_one(Organisation, member.organisation_id), "nhsuk")
    nobody = Writer(None, "Anonymous")
    first, second = world.item("First", author=nobody), world.item("Second", author=nobody)
    one, _ = world.arrives(channel, first, second)
    which = db.session.scalars(select(Message.text).where(Message.conversation_id == one)).one()

    erase(member, one)

    assert db.session.scalars(select(Message.text).where(Message.text != "")).all() == [
        "Second" if which == "First" else "First"
    ]
    assert db.session.scalar(select(func.count()).select_from(Author)) == 0
    db.session.refresh(channel)
    assert world.arrives(channel, first, second) == []
    assert db.session.scalar(select(func.count()).where(Message.text != "")) == 1


def test_a_second_request_and_a_second_run_change_nothing(world: World, member: Member, channel: Channel) -> None:
    (one,) = world.arrives(channel, written(world))
    who = writer_of(member, one)
    erasure = erase(member, one)
    last, counts = events.last_number(member.organisation_id), dict(erasure.counts)

    again = erasing.begin(member, one, who, reference="Another", answers=True, notes=True)
    events.commit()
    jobs.erase(str(member.organisation_id), str(again.id))

    db.session.expire_all()
    assert (again.id, again.reference, again.counts) == (erasure.id, "IG-7", counts)
    assert events.last_number(member.organisation_id) == last
    with pytest.raises(Invalid):
        erasing.begin(member, one, erasure.id, reference="x", answers=False, notes=False)


def test_it_is_done_in_parts_and_a_lost_job_is_found_by_the_sweep(
    world: World, member: Member, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing_work, "AT_ONCE", 2)
    one, *_ = world.arrives(channel, *(written(world, f"{MARK} {number}") for number in range(5)))
    begun = erasing.begin(member, one, writer_of(member, one), reference="IG-7", answers=False, notes=False)
    db.session.commit()
    where = begun.organisation_id, begun.id

    assert ("erasure", str(where[0]), str(where[1])) in sweep.due_work()
    parts = []
    for _ in range(5):
        parts.append(erasing_work.erase_part(*where))
        db.session.commit()

    assert parts == [True, True, True, False, False]
    assert db.session.get_one(Erasure, where).counts["conversations"] == 5
    assert [one for one in sweep.due_work() if one.kind == "erasure"] == []


def test_alerts_that_wait_are_not_sent_and_a_composer_still_open_keeps_nothing(
    world: World, member: Member, channel: Channel
) -> None:
    (one,) = world.arrives(channel, written(world))
    claimed = outbox.claim_next(member.organisation_id)
    db.session.commit()
    assert claimed is not None
    erase(member, one)

    with pytest.raises(alerts.NotNeeded):
        alerts.load(claimed)
    assert drafts.save(member, one, f"Dear {MARK}", 1) is None
    assert db.session.scalar(select(func.count()).select_from(Draft)) == 0
    assert thread.open_conversation(member, one).permission.mode == "none"


def test_a_reply_on_its_way_is_waited_for(world: World, member: Member, channel: Channel) -> None:
    (one,) = world.arrives(channel, written(world))
    target = answering.target_of(member.organisation_id, one)
    assert target is not None
    made = {"conversation_id": one, "target_id": target.id, "member_name": "Priya", "mode": "api", "key": "k"}
    db.session.add(Reply(organisation_id=member.organisation_id, **made, text="Dear you", state="sending"))
    db.session.commit()

    with pytest.raises(Conflict, match="still on its way"):
        erasing.begin(member, one, writer_of(member, one), reference="IG-7", answers=False, notes=False)


def test_a_reply_that_moderators_hold_does_not_come_back_as_a_draft(
    world: World, member: Member, channel: Channel
) -> None:
    (one,) = world.arrives(channel, written(world))
    target = answering.target_of(member.organisation_id, one)
    assert target is not None
    made = {"conversation_id": one, "target_id": target.id, "member_name": "Priya", "mode": "api", "key": "k"}
    held = {"text": "Dear you", "state": "sent", "pending": True, "remote_id": "ours"}
    db.session.add(Reply(organisation_id=member.organisation_id, **made, **held))
    db.session.commit()

    erase(member, one)

    reply = db.session.scalars(select(Reply)).one()
    assert (reply.pending, reply.text) == (False, "Dear you")
    assert sending.claim(member.organisation_id, reply.id) is None


def test_only_administrators_erase_and_each_step_stands_in_the_history(
    world: World, member: Member, channel: Channel
) -> None:
    (one,) = world.arrives(channel, written(world))
    who = writer_of(member, one)
    for role in ("viewer", "responder"):
        colleague = world.member(db.session.get_one(Organisation, member.organisation_id), role=role)
        with pytest.raises(NotAllowed):
            erasing.begin(colleague, one, who, reference="IG-7", answers=False, notes=False)
    with pytest.raises(Invalid):
        erasing.begin(member, one, who, reference=" ", answers=False, notes=False)

    erase(member, one)

    told = db.session.execute(select(Activity.kind, Activity.member_name).order_by(Activity.number)).all()
    assert [tuple(row) for row in told][-3:] == [
        ("erasure_begun", member.name),
        ("words_erased", ""),
        ("erasure_finished", ""),
    ]
